"""Prompts are Markdown files in `prompts/`, reviewed like code."""

from functools import cache
from importlib.resources import files


@cache
def prompt(name: str) -> str:
    """Return the prompt of that file name, without `.md`."""
    return files("podiatrist.agent").joinpath("prompts", f"{name}.md").read_text("utf-8").strip()
