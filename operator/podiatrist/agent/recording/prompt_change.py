"""Says which part of a prompt is not what was recorded."""

import difflib
import json
from collections.abc import Iterator

from podiatrist.agent.recording.recording_file import Part, Prompt

_MOST_LINES = 14
_MOST_WIDTH = 160


def change(recorded: Prompt, asked: Prompt) -> str:
    """Return the first difference of two prompts: its name and a short diff; "" if equal."""
    return next(_changes(recorded, asked), "")


def alike(recorded: Prompt, asked: Prompt) -> int:
    """Return how many messages two prompts have in common from the start."""
    pairs = zip(recorded.messages, asked.messages, strict=False)
    return next(
        (n for n, (a, b) in enumerate(pairs) if a != b),
        min(len(recorded.messages), len(asked.messages)),
    )


def diff(before: str, after: str) -> str:
    """Return a short unified diff of two texts, long lines cut around where they part."""
    told = difflib.unified_diff(
        before.splitlines(), after.splitlines(), "recorded", "now", n=1, lineterm=""
    )
    lines = [line if len(line) <= _MOST_WIDTH else line[:_MOST_WIDTH] + "..." for line in told]
    if len(lines) > _MOST_LINES:
        lines = [*lines[:_MOST_LINES], f"... {len(lines) - _MOST_LINES} more lines"]
    return "\n".join(lines)


def _changes(recorded: Prompt, asked: Prompt) -> Iterator[str]:
    for number, (a, b) in enumerate(zip(recorded.messages, asked.messages, strict=False), 1):
        if a != b:
            name = "the system prompt" if number == 1 and b["role"] == "system" else (
                f"message {number} ({b['role']})"
            )  # fmt: skip
            yield f"{name} changed:\n{diff(_told(a), _told(b))}"
    if len(recorded.messages) != len(asked.messages):
        yield f"{len(recorded.messages)} messages were recorded, and now there are " + str(
            len(asked.messages)
        )
    yield from _tool_changes(recorded, asked)
    if recorded.must_call != asked.must_call:
        yield f"must_call was {recorded.must_call} and is {asked.must_call}"
    if recorded.max_tokens != asked.max_tokens:
        yield f"max_tokens was {recorded.max_tokens} and is {asked.max_tokens}"


def _tool_changes(recorded: Prompt, asked: Prompt) -> Iterator[str]:
    before, after = ([str(t["name"]) for t in p.tools] for p in (recorded, asked))
    if before != after:
        yield f"the tools were {before} and are {after}"
    for a, b in zip(recorded.tools, asked.tools, strict=False):
        for key in ("description", "schema"):
            if a[key] != b[key]:
                told = diff(_text(a[key]), _text(b[key]))
                yield f"the {key} of tool {b['name']} changed:\n{told}"


def _told(part: Part) -> str:
    """Return a message as lines: who says it, what, and which tools it asks for."""
    calls = [f"calls {c['tool']} {c['arguments']} ({c['id']})" for c in part.get("calls", [])]
    answers = [f"answers {part['call_id']}"] if "call_id" in part else []
    return "\n".join([f"({part['role']})", *answers, part["content"], *calls])


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, indent=1, sort_keys=True)
