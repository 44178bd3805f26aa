"""Record what goes between the agent, its model and its tools; play it again without either.

model = Recorder(model, Path("talk.jsonl"))      # and recorded(tool, model)
model = Replay(Path("talk.jsonl"))               # and replayed(tool, model)
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel

from podiatrist.agent import model as models
from podiatrist.agent.messages import Call, Message, Reply, TokenCount
from podiatrist.agent.model import Model, ModelError, OnText
from podiatrist.agent.recording.prompt_change import alike, change, diff
from podiatrist.agent.recording.recording_file import (
    ModelExchange,
    Part,
    Prompt,
    RecordingError,
    ToolExchange,
    Writer,
    read_recording,
)
from podiatrist.agent.tool import Tool, ToolError

__all__ = ["Recorder", "RecordingError", "Replay", "ReplayMismatchError", "recorded", "replayed"]

_ERRORS: dict[str, type[ModelError]] = {
    name: kind
    for name, kind in vars(models).items()
    if isinstance(kind, type) and issubclass(kind, ModelError)
}

_CUT_OFF = "TimeoutError"
"""What a request is recorded as that somebody stopped waiting for."""


class ReplayMismatchError(RecordingError):
    """What is asked now was not recorded; `str()` names the part that changed.

    No ModelError on purpose: a changed prompt shall fail a test, not look like a dead model.
    """


class Recorder:
    """A model whose exchanges are written to a new file. Raises RecordingError if it is there.

    Texts are written as they are sent: what must not be in the file must not be in a prompt.
    """

    def __init__(
        self, model: Model, path: Path, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._model = model
        self._writer = Writer(path, model.name)
        self._clock = clock
        self._began = clock()

    @property
    def name(self) -> str:
        """The name of the model that answers."""
        return self._model.name

    async def complete(
        self,
        messages: Sequence[Message],
        tools: Sequence[Tool],
        *,
        must_call: bool = False,
        max_tokens: int = 1024,
        on_text: OnText | None = None,
    ) -> Reply:
        """Return the model's answer; that it gave none, or was cut off, is recorded too."""
        prompt = Prompt.of(messages, tools, must_call, max_tokens)
        try:
            reply = await self._model.complete(
                messages, tools, must_call=must_call, max_tokens=max_tokens, on_text=on_text
            )
        except ModelError as error:
            failure = {"error": _known_class(error), "message": str(error), "paid": error.paid}
            self._add(prompt, failure)
            raise
        except asyncio.CancelledError:
            self._add(prompt, {"error": _CUT_OFF, "message": ""})
            raise
        self._add(prompt, _answer(reply))
        return reply

    def tool(self, tool: str, arguments: Part, answer: Part) -> None:
        """Write one exchange with a tool; see ToolExchange."""
        self._writer.tool(ToolExchange(tool, arguments, answer, self.clock()))

    def clock(self) -> float:
        """Return the time of the recording, in seconds; see Replay.clock."""
        return self._clock() - self._began

    def _add(self, prompt: Prompt, answer: Part) -> None:
        self._writer.model(ModelExchange(prompt, answer, self.clock()))

    def close(self) -> None:
        """Close the file."""
        self._writer.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Replay:
    """A model that answers from a recording: the same prompt gets the same answer.

    A prompt that was recorded several times gets its answers in the order of the recording.
    Raises RecordingError where the file is no recording, and ReplayMismatchError for a prompt
    that is not in it (any more).

    `loose`: the answers come in the order of the recording, and nothing is compared. For a real
    cluster, where pods have other names each time. It shows that what the model once said is
    carried out as it should be; it cannot show that the model would say it to these prompts.
    """

    def __init__(self, path: Path, *, loose: bool = False) -> None:
        recording = read_recording(path)
        self._path = path
        self._model = recording.model
        self._loose = loose
        self._asked = [e for e in recording.exchanges if isinstance(e, ModelExchange)]
        self._called = [e for e in recording.exchanges if isinstance(e, ToolExchange)]
        self._now = 0.0

    @property
    def name(self) -> str:
        """The name of the model that once answered."""
        return self._model

    @property
    def left(self) -> int:
        """Exchanges that were not played yet."""
        return len(self._asked) + len(self._called)

    def clock(self) -> float:
        """Return the time of the recording, in seconds: limits end a replay where they did then."""
        return self._now

    async def complete(
        self,
        messages: Sequence[Message],
        tools: Sequence[Tool],
        *,
        must_call: bool = False,
        max_tokens: int = 1024,
        on_text: OnText | None = None,
    ) -> Reply:
        """Return the recorded answer, or raise the recorded ModelError or TimeoutError."""
        answer = self._take(Prompt.of(messages, tools, must_call, max_tokens))
        if answer.get("error") == _CUT_OFF:
            raise TimeoutError
        if "error" in answer:
            kind = _ERRORS.get(answer["error"], ModelError)
            raise kind(answer["message"], paid=answer["paid"])
        reply = _reply(answer)
        if on_text and reply.text:
            on_text(reply.text)
        return reply

    def tool(self, tool: str, arguments: Part) -> Part:
        """Return what a tool once said; see ToolExchange. Raises ReplayMismatchError."""
        mine = [e for e in self._called if e.tool == tool]
        found = next((e for e in mine if self._loose or e.arguments == arguments), None)
        if found is None:
            raise ReplayMismatchError(f"{self._path}: {_unheard(tool, arguments, mine)}")
        self._called.remove(found)
        self._now = found.at
        return found.answer

    def _take(self, prompt: Prompt) -> Part:
        found = next((e for e in self._asked if self._loose or e.prompt == prompt), None)
        if found is None:
            raise ReplayMismatchError(f"{self._path}: {self._why_not(prompt)}")
        self._asked.remove(found)
        self._now = found.at
        return found.answer

    def _why_not(self, prompt: Prompt) -> str:
        if not self._asked:
            return "all recorded answers of the model are used up; record it anew"
        # The one that was meant is the one that begins most like it.
        nearest = max(self._asked, key=lambda e: alike(e.prompt, prompt))
        return f"this prompt was not recorded: {change(nearest.prompt, prompt)}"


def recorded(tool: Tool, recorder: Recorder) -> Tool:
    """Return a tool whose answers and refusals go to the recorder's file."""

    async def run(arguments: BaseModel) -> str:
        asked = arguments.model_dump(mode="json")
        try:
            text = await tool.run(arguments)
        except ToolError as error:
            recorder.tool(tool.name, asked, {"error": "ToolError", "message": str(error)})
            raise
        recorder.tool(tool.name, asked, {"text": text})
        return text

    return replace(tool, run=run)


def replayed(tool: Tool, replay: Replay) -> Tool:
    """Return a tool that never runs: its answers come from the recording."""

    async def run(arguments: BaseModel) -> str:
        answer = replay.tool(tool.name, arguments.model_dump(mode="json"))
        if "error" in answer:
            raise ToolError(answer["message"])
        return str(answer["text"])

    return replace(tool, run=run)


def _unheard(tool: str, arguments: Part, left: list[ToolExchange]) -> str:
    if not left:
        return f"no answer of tool {tool} is left in the recording for {arguments}"
    told = diff(_lines(left[0].arguments), _lines(arguments))
    return f"tool {tool} was not called like this:\n{told}"


def _lines(arguments: Part) -> str:
    return "\n".join(f"{name}: {value}" for name, value in sorted(arguments.items()))


def _known_class(error: ModelError) -> str:
    """Return the nearest class of an error that a replay can raise again."""
    return next(k.__name__ for k in type(error).__mro__ if k.__name__ in _ERRORS)


def _answer(reply: Reply) -> dict[str, Any]:
    return {
        "text": reply.text,
        "calls": [{"id": c.id, "tool": c.tool, "arguments": c.arguments} for c in reply.calls],
        "tokens": {"prompt": reply.tokens.prompt, "completion": reply.tokens.completion},
        "finish": reply.finish,
    }


def _reply(answer: Part) -> Reply:
    return Reply(
        answer["text"],
        tuple(Call(c["id"], c["tool"], c["arguments"]) for c in answer["calls"]),
        TokenCount(**answer["tokens"]),
        answer["finish"],
    )
