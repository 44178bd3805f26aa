"""Reads steps in JSON out of what a model wrote, also where it wrote more, or less, than JSON."""

import json
import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from podiatrist.agent.models.answer import whole
from podiatrist.agent.models.step_schema import ANSWER


@dataclass(frozen=True)
class Step:
    """One step: a thought, and a call or an answer."""

    tool: str
    content: str
    """The arguments as JSON; the text of an answer."""
    thought: str = ""


_PLACES = 20
"""Braces where a step may begin. Prose has few; each try costs time."""

_THINKING = re.compile(r"^\s*<think>.*?(</think>|\Z)", re.DOTALL)
_WRAPPING = re.compile(r"```[a-zA-Z]*|</?tool_call>|</?tools>")


def parse_step(text: str, alone: str | None = None) -> Step:
    """Return the step that a text holds; text without one is an answer.

    `alone`: the tool that had to be called. Its bare arguments will do.
    """
    text = _THINKING.sub("", text)
    for start in [m.start() for m in re.finditer(r"\{", text)][:_PLACES]:
        found = _object(text, start)
        step = _step(found) if found is not None else None
        if step is not None:
            return step
        if found is not None:
            if alone is not None:
                return Step(alone, json.dumps(found))
            break
    return _broken_step(text) or Step(ANSWER, whole(text.strip()))


def calls_in(text: str, tools: Collection[str]) -> list[Step]:
    """Return the calls of known tools that a text consists of, with nothing else around them.

    Models without tool calls of their own write them like this. JSON in the middle of prose is
    an example, and no call.
    """
    rest = _WRAPPING.sub("", _THINKING.sub("", text)).strip()
    steps: list[Step] = []
    while rest.startswith(("{", "[")):
        try:
            found, end = json.JSONDecoder(strict=False).raw_decode(rest)
        except (ValueError, RecursionError):
            return []
        for entry in found if isinstance(found, list) else [found]:
            step = _step(entry) if isinstance(entry, dict) else None
            if step is None or step.tool not in tools:
                return []
            steps.append(step)
        rest = rest[end:].lstrip(" \n\t,;")
    return [] if rest else steps


def _object(text: str, start: int) -> dict[str, Any] | None:
    try:
        found, _ = json.JSONDecoder(strict=False).raw_decode(text, start)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _step(found: dict[str, Any]) -> Step | None:
    """Return a step in any of the spellings models have for it; None if it is none."""
    if isinstance(found.get("function"), dict):
        found = found["function"]
    tool = found.get("tool") or found.get("name")
    if not isinstance(tool, str):
        return None
    thought = whole(str(found.get("thought") or ""))
    rest = {k: v for k, v in found.items() if k not in ("tool", "name", "thought", "type", "id")}
    content = next((found[k] for k in ("arguments", "parameters") if k in found), rest)
    if tool == ANSWER:
        text = found.get("text", content)
        return Step(ANSWER, whole(text if isinstance(text, str) else json.dumps(text)), thought)
    return Step(tool, content if isinstance(content, str) else json.dumps(content), thought)


_TOOL = re.compile(r'"tool"\s*:\s*"([^"\\]{1,64})"')
_ARGUMENTS = re.compile(r'"arguments"\s*:\s*')


def _broken_step(text: str) -> Step | None:
    """Return a step that was cut off: what is there of an answer, or a call nobody can read."""
    if not text.lstrip().startswith("{"):
        return None
    answer = AnswerText()
    if said := answer.add(text):
        return Step(ANSWER, said)
    tool = _TOOL.search(text)
    if tool is None or tool[1] == ANSWER:
        return None
    arguments = _ARGUMENTS.search(text, tool.end())
    return Step(tool[1], text[arguments.end() :] if arguments else "")


_BEGINNING = re.compile(rf'"tool"\s*:\s*"{ANSWER}"\s*,\s*"text"\s*:\s*"')
_UNIT = re.compile(
    r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"  # a pair is one character
    r'|\\u(?![dD][89abAB])[0-9a-fA-F]{4}|\\["\\/bfnrt]|[^"\\]+'
)


class AnswerText:
    """The text of an answer while its JSON is still being written.

    The beginning cannot stand inside of a string: quotes are escaped there.
    """

    def __init__(self) -> None:
        self._json = ""
        self._at: int | None = None

    def add(self, piece: str) -> str:
        """Take in a piece of the JSON; returns what it adds to the text, whole characters only."""
        self._json += piece
        if self._at is None:
            begun = _BEGINNING.search(self._json)
            if begun is None:
                return ""
            self._at = begun.end()
        start = self._at
        while unit := _UNIT.match(self._json, self._at):
            self._at = unit.end()
        return whole(str(json.loads(f'"{self._json[start : self._at]}"', strict=False)))
