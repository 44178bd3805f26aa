"""A model with tool calls of its own, behind any OpenAI-compatible endpoint."""

import json
import re
from collections.abc import Sequence
from typing import Any

from podiatrist.agent.messages import Call, Message, Reply
from podiatrist.agent.model import MisconfiguredModelError, OnText
from podiatrist.agent.models.endpoint import Body, Endpoint
from podiatrist.agent.models.failures import RefusedParameterError
from podiatrist.agent.tool import Tool


class OpenAIModel:
    """Continues a conversation by native tool calls."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._chooses = True
        """Whether the endpoint takes `tool_choice`."""

    @property
    def name(self) -> str:
        """The name of the model."""
        return self._endpoint.name

    async def complete(
        self,
        messages: Sequence[Message],
        tools: Sequence[Tool],
        *,
        must_call: bool = False,
        max_tokens: int = 1024,
        on_text: OnText | None = None,
    ) -> Reply:
        """Return the next message of the conversation; see Model.

        Raises NoToolsError where the endpoint says that the model has no tools.
        """
        body: Body = {"messages": [rendered(m) for m in messages]}
        if tools:
            body["tools"] = [offered(t) for t in tools]
            if must_call and self._chooses:
                body["tool_choice"] = "required"
        try:
            return await self._endpoint.ask(body, max_tokens, on_text)
        except RefusedParameterError as error:
            if error.parameter != "tool_choice":
                raise NoToolsError(
                    f"{self.name} has no tool calls; set PODIATRIST_MODEL_TOOLS to auto or schema"
                ) from None
        self._chooses = False
        return await self.complete(
            messages, tools, must_call=must_call, max_tokens=max_tokens, on_text=on_text
        )


class NoToolsError(MisconfiguredModelError):
    """The endpoint refuses native tools; steps in JSON may do."""


def offered(tool: Tool) -> dict[str, Any]:
    """Return a tool as the API describes it."""
    function = {"name": tool.name, "description": tool.description, "parameters": tool.schema}
    return {"type": "function", "function": function}


def rendered(message: Message) -> dict[str, Any]:
    """Return a message as the API takes it: role, content and calls, nothing else."""
    entry: dict[str, Any] = {"role": message.role, "content": message.content}
    if message.calls:
        entry["tool_calls"] = [_call(c) for c in message.calls]
    if message.role == "tool":
        entry["tool_call_id"] = message.call_id
    return entry


def _call(call: Call) -> dict[str, Any]:
    """Return a call the endpoint takes back: some parse the arguments and refuse what is no JSON.

    Why it was refused stands in the tool's answer.
    """
    name = re.sub(r"[^a-zA-Z0-9_-]", "_", call.tool)[:64] or "unknown"
    function = {"name": name, "arguments": _object(call.arguments)}
    return {"id": call.id, "type": "function", "function": function}


def _object(arguments: str) -> str:
    try:
        if isinstance(json.loads(arguments), dict):
            return arguments
    except (ValueError, RecursionError):
        pass
    return json.dumps({"malformed": arguments[:500]})
