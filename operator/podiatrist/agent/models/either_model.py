"""A model of which nobody said whether it has tool calls of its own."""

from collections.abc import Sequence
from dataclasses import replace

from podiatrist.agent.messages import Call, Message, Reply
from podiatrist.agent.model import BrokenAnswerError, OnText
from podiatrist.agent.models.openai_model import NoToolsError, OpenAIModel
from podiatrist.agent.models.schema_steps import SchemaSteps
from podiatrist.agent.models.step_text import calls_in
from podiatrist.agent.tool import Tool

_MISSES = 2
"""Calls that had to come and did not, with none between, before a model counts as having none."""


class EitherModel:
    """Native tool calls until the model shows that it has none; from then on steps in JSON."""

    def __init__(self, native: OpenAIModel, steps: SchemaSteps) -> None:
        self._native = native
        self._steps = steps
        self._has_tools = True
        self._misses = 0
        self._missed: Message | None = None
        """The end of the last prompt that got no call."""

    @property
    def name(self) -> str:
        """The name of the model."""
        return self._native.name

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

        Raises BrokenAnswerError where a call had to come and none did: asked again, the model is
        asked for a step.
        """
        again = must_call and bool(messages) and messages[-1] == self._missed
        if self._has_tools and not again:
            held = _HeldBack(on_text) if on_text else None
            try:
                said = await self._native.complete(
                    messages, tools, must_call=must_call, max_tokens=max_tokens, on_text=held
                )
                reply = self._with_calls(said, tools)
                if must_call and tools and not reply.calls and reply.finish != "refusal":
                    self._miss(messages)
            except NoToolsError:
                self._has_tools = False
            else:
                if held is not None and reply is said:
                    held.release()
                return reply
        return await self._steps.complete(
            messages, tools, must_call=must_call, max_tokens=max_tokens, on_text=on_text
        )

    def _with_calls(self, reply: Reply, tools: Sequence[Tool]) -> Reply:
        """Return the reply with its calls, or with those that it spells out in its text."""
        if reply.calls:
            self._misses = 0
        elif reply.finish != "refusal" and tools:
            steps = calls_in(reply.text, [t.name for t in tools])
            if steps:
                self._has_tools = False
                calls = tuple(Call("", s.tool, s.content) for s in steps)
                return replace(reply, text=steps[0].thought, calls=calls)
        return reply

    def _miss(self, messages: Sequence[Message]) -> None:
        """Remember that a call had to come and did not: one such answer may be chance."""
        self._misses += 1
        self._missed = messages[-1] if messages else None
        if self._misses >= _MISSES:
            self._has_tools = False
        raise BrokenAnswerError(f"{self.name} was told to call a tool and did not")


class _HeldBack:
    """Passes text on as it comes, unless it begins like a call: that waits for its end."""

    def __init__(self, on_text: OnText) -> None:
        self._on_text = on_text
        self._waiting: str | None = ""

    def __call__(self, piece: str) -> None:
        if self._waiting is None:
            self._on_text(piece)
            return
        self._waiting += piece
        begin = self._waiting.lstrip()
        if begin and begin[0] not in "{[<`":
            self.release()

    def release(self) -> None:
        """Pass on what waits."""
        if self._waiting:
            self._on_text(self._waiting)
        self._waiting = None
