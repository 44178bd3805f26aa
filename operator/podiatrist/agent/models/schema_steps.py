"""A model without tool calls of its own: it writes each step as JSON, held to a schema."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from podiatrist.agent.messages import Call, Message, Reply
from podiatrist.agent.model import OnText
from podiatrist.agent.models.endpoint import Body, Endpoint
from podiatrist.agent.models.failures import RefusedParameterError
from podiatrist.agent.models.step_schema import ANSWER, described, step_schema
from podiatrist.agent.models.step_text import AnswerText, Step, parse_step
from podiatrist.agent.tool import Tool

_FORMATS = ("json_schema", "json_object", "text")
"""What an endpoint may hold an answer to, the strictest first."""

_CONVERSATIONS = 16
"""Side by side; of more than these the one that was silent the longest is forgotten."""


class SchemaSteps:
    """Continues a conversation by steps in JSON, one call a step."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._format = 0
        self._described: dict[tuple[Message, ...], dict[str, Tool]] = {}
        """How conversations began, and the tools that they have been sent with."""

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
        """Return the next message of the conversation; see Model. Its text beside a call is the
        thought, and only the text of an answer streams.
        """
        body: Body = {"messages": list(rendered(messages, described(self._all(messages, tools))))}
        used = self._format
        if _FORMATS[used] != "text":
            body["response_format"] = _held_to(used, step_schema(tools, must_call=must_call))
        answer = AnswerText()
        shown = 0

        def show(piece: str) -> None:
            nonlocal shown
            text = answer.add(piece)
            shown += len(text)
            if on_text and text:
                on_text(text)

        try:
            raw = await self._endpoint.ask(body, max_tokens, show if on_text else None)
        except RefusedParameterError:
            # another conversation may have been refused the same at the same time
            self._format = max(self._format, used + 1)
            return await self.complete(
                messages, tools, must_call=must_call, max_tokens=max_tokens, on_text=on_text
            )
        reply = read(raw, tools[0].name if must_call and len(tools) == 1 else None)
        if on_text and not reply.calls and not shown:
            on_text(reply.text)
        return reply

    def _all(self, messages: Sequence[Message], tools: Sequence[Tool]) -> list[Tool]:
        """Return all tools of the conversation, whether or not this request offers them.

        The prompt stays the same that way, and the endpoint need not read it anew; a tool whose
        schema became narrower since is held to that by the schema alone.
        """
        beginning = tuple(messages[:2])  # the prompt alone is that of other targets, too
        known = self._described.pop(beginning, {})
        self._described[beginning] = known
        for tool in tools:
            known.setdefault(tool.name, tool)
        while len(self._described) > _CONVERSATIONS:
            del self._described[next(iter(self._described))]
        return list(known.values())


def _held_to(used: int, schema: dict[str, Any]) -> dict[str, Any]:
    if _FORMATS[used] == "json_object":
        return {"type": "json_object"}
    held = {"name": "step", "strict": True, "schema": schema}
    return {"type": "json_schema", "json_schema": held}


def read(raw: Reply, alone: str | None) -> Reply:
    """Return an answer in JSON as a reply with a call or a text."""
    if raw.finish == "refusal" or raw.calls:  # some call natively though nothing was offered
        return raw
    step = parse_step(raw.text, alone)
    if step.tool == ANSWER:
        return replace(raw, text=step.content, calls=())
    return replace(raw, text=step.thought, calls=(Call("", step.tool, step.content),))


def rendered(messages: Sequence[Message], tools: str) -> Iterator[dict[str, str]]:
    """Yield a conversation as a model without tools understands it.

    Its own messages are the steps it wrote, each followed by what came of it; what others say
    without a pause is one message, because some templates insist on taking turns.
    """
    said: list[str] = []
    answers = {m.call_id: m.content for m in messages if m.role == "tool"}
    for message in messages:
        if message.role == "system":
            yield {"role": "system", "content": f"{message.content}\n\n{tools}"}
        elif message.role == "user":
            said.append(message.content)
        for step, answer in _steps(message, answers) if message.role == "assistant" else ():
            if said:
                yield {"role": "user", "content": "\n\n".join(said)}
            yield {"role": "assistant", "content": step}
            said = [answer] if answer is not None else []
    if said:
        yield {"role": "user", "content": "\n\n".join(said)}


def _steps(message: Message, answers: dict[str, str]) -> Iterator[tuple[str, str | None]]:
    """Yield each step of an assistant's message as JSON, with what the tool answered."""
    thought = message.content
    for call in message.calls:
        yield _written(Step(call.tool, call.arguments, thought)), answers.get(call.id)
        thought = ""
    if not message.calls:
        yield _written(Step(ANSWER, message.content)), None


def _written(step: Step) -> str:
    """Return a step as the model would have written it. No thought is empty: it would copy that."""
    written: dict[str, Any] = {"thought": step.thought or f"I use {step.tool}.", "tool": step.tool}
    if step.tool == ANSWER:
        written |= {"thought": step.thought or "I know enough.", "text": step.content}
    else:
        try:
            written["arguments"] = json.loads(step.content)
        except (ValueError, RecursionError):
            written["arguments"] = step.content
    return json.dumps(written, ensure_ascii=False)
