"""Puts an answer together from what an endpoint sends, whole or piece by piece.

Endpoints differ and leave things out: whatever may be missing is optional here.
"""

import json
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from podiatrist.agent.messages import Call, Reply, TokenCount
from podiatrist.agent.model import BrokenAnswerError
from podiatrist.agent.models.thinking import Spoken


class _Part(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class _Function(_Part):
    name: str | None = None
    arguments: Any = None


class _ToolCall(_Part):
    index: int | None = None
    id: str | None = None
    function: _Function | None = None


class _Message(_Part):
    content: Any = None
    refusal: str | None = None
    tool_calls: list[_ToolCall] | None = None


class _Choice(_Part):
    finish_reason: str | None = None
    message: _Message | None = None
    delta: _Message | None = None


class _Usage(_Part):
    prompt_tokens: int
    completion_tokens: int


class _Completion(_Part):
    choices: list[_Choice] | None = None
    usage: Any = None


class Answer:
    """An answer that is coming in."""

    def __init__(self) -> None:
        self.text = ""
        self.finish: str | None = None
        """Why the model stopped, in the endpoint's word; None until it did."""
        self.size = 0
        """Characters that came in."""
        self._spoken = Spoken()
        self._refusal = ""
        self._calls: list[_ToolCall] = []
        self._tokens = TokenCount()

    def add(self, completion: object) -> str:
        """Take in a completion or a chunk of one; returns the text in it, without the thinking.

        Raises BrokenAnswerError for what is neither.
        """
        try:
            parsed = _Completion.model_validate(completion)
        except ValidationError:
            raise BrokenAnswerError(
                "it answered with no chat completion; look at PODIATRIST_MODEL_URL"
            ) from None
        self._tokens = _tokens(parsed.usage) or self._tokens
        text = ""
        for choice in (parsed.choices or [])[:1]:
            message = choice.message or choice.delta or _Message()
            said = _plain(message.content)
            self.size += len(said)
            text = self._spoken.add(said)
            self._refusal += message.refusal or ""
            for call in message.tool_calls or []:
                self._add_call(call)
            self.finish = choice.finish_reason or self.finish
        self.text += text
        return text

    def end(self) -> str:
        """Return the text that was held back, as it could have been the beginning of a thought."""
        text = self._spoken.end()
        self.text += text
        return text

    def _add_call(self, call: _ToolCall) -> None:
        function = call.function or _Function()
        arguments = function.arguments
        if arguments is not None and not isinstance(arguments, str):
            arguments = json.dumps(arguments)  # some endpoints send the object itself
        self.size += len(arguments or "") + len(function.name or "") + 1
        begun = self._begun(call)
        if begun is None or begun.function is None:
            fresh = _Function(name=function.name, arguments=arguments or "")
            self._calls.append(_ToolCall(index=call.index, id=call.id, function=fresh))
        else:
            begun.function.name = begun.function.name or function.name
            begun.function.arguments += arguments or ""

    def _begun(self, call: _ToolCall) -> _ToolCall | None:
        """Return the call that a piece continues. Its index decides, but some never count up."""
        if call.index is None:
            starts = call.function is not None and call.function.name
            return None if starts or not self._calls else self._calls[-1]
        same = [c for c in self._calls if c.index == call.index]
        if not same or (call.id and same[-1].id and call.id != same[-1].id):
            return None
        return same[-1]

    def reply(self) -> Reply:
        """Return the whole answer. Raises BrokenAnswerError where there is none in it."""
        self.end()
        calls = tuple(
            Call("", (c.function.name or "").strip(), c.function.arguments)
            for c in self._calls
            if c.function is not None
        )
        if self._refusal or self.finish == "content_filter":
            text = self._refusal or self.text
            return Reply(whole(text), (), self._tokens, "refusal")
        if not self.text.strip() and not calls:
            cut = ", cut off before its first word" if self.finish == "length" else ""
            raise BrokenAnswerError(f"its answer is empty{cut}")
        finish: Literal["length", "stop"] = "length" if self.finish == "length" else "stop"
        return Reply(whole(self.text), calls, self._tokens, finish)


def whole(text: str) -> str:
    """Return text that can be encoded: models write half of a surrogate pair now and then."""
    return text.encode(errors="replace").decode()


def _plain(content: Any) -> str:
    if isinstance(content, list):  # parts, of which some are text
        return "".join(_plain(p.get("text")) for p in content if isinstance(p, dict))
    return content if isinstance(content, str) else ""


def _tokens(usage: Any) -> TokenCount | None:
    try:
        counted = _Usage.model_validate(usage)
    except ValidationError:
        return None
    if counted.prompt_tokens < 0 or counted.completion_tokens < 0:
        return None
    return TokenCount(counted.prompt_tokens, counted.completion_tokens)
