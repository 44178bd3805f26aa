"""Steps in JSON: what one looks like, as a schema for the endpoint and in words for the model."""

from collections.abc import Sequence

from podiatrist.agent.schemas import Schema, inlined, shape
from podiatrist.agent.tool import Tool

ANSWER = "answer"
"""The step that ends the conversation's turn."""

_THOUGHT = {"type": "string", "maxLength": 150}


def step_schema(tools: Sequence[Tool], *, must_call: bool) -> Schema:
    """Return the schema of a step: a call of one of the tools, or, unless it must, an answer.

    The thought comes first, so that the choice follows from it.
    """
    steps = [_step(t.name, "arguments", inlined(t.schema)) for t in tools]
    if not must_call or not tools:
        steps.append(_step(ANSWER, "text", {"type": "string"}))
    return steps[0] if len(steps) == 1 else {"anyOf": steps}


def _step(tool: str, field: str, content: Schema) -> Schema:
    properties = {"thought": _THOUGHT, "tool": {"const": tool}, field: content}
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def described(tools: Sequence[Tool]) -> str:
    """Return what a model has to know to write steps; the same text for the same tools."""
    lines = ["Each of your messages is one step, as JSON:"]
    for tool in tools:
        step = f'{{"thought": "...", "tool": "{tool.name}", "arguments": {shape(tool.schema)}}}'
        lines += [step, f"  {tool.description}"]
    answer = f'{{"thought": "...", "tool": "{ANSWER}", "text": "..."}}'
    lines += [answer, "  Your answer to the user as Markdown, as soon as you know it."]
    return "\n".join(lines)
