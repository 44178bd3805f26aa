"""The model that the settings ask for."""

from collections.abc import Sequence
from dataclasses import replace

from podiatrist.agent.endpoint import Endpoint, keep_quiet
from podiatrist.agent.messages import Call, Message, Reply
from podiatrist.agent.model import BrokenAnswerError, Model, OnText
from podiatrist.agent.openai_model import NoToolsError, OpenAIModel
from podiatrist.agent.retry import Patience, Time
from podiatrist.agent.schema_steps import SchemaSteps
from podiatrist.agent.settings import ModelSettings
from podiatrist.agent.step_text import calls_in
from podiatrist.agent.tool import Tool


def make_model(
    settings: ModelSettings, *, patience: Patience | None = None, at: Time | None = None
) -> Model | None:
    """Return the model of the settings; None where they name none."""
    if not settings.model:
        return None
    keep_quiet()
    endpoint = Endpoint(settings, patience=patience, at=at)
    if settings.model_tools == "native":
        return OpenAIModel(endpoint)
    if settings.model_tools == "schema":
        return SchemaSteps(endpoint)
    return EitherModel(OpenAIModel(endpoint), SchemaSteps(endpoint))


class EitherModel:
    """Native tool calls until the model shows that it has none; from then on steps in JSON."""

    def __init__(self, native: OpenAIModel, steps: SchemaSteps) -> None:
        self._native = native
        self._steps = steps
        self._has_tools = True

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
        """Return the next message of the conversation; see Model."""
        if self._has_tools:
            held = _HeldBack(on_text) if on_text else None
            try:
                reply = await self._native.complete(
                    messages, tools, must_call=must_call, max_tokens=max_tokens, on_text=held
                )
                return self._checked(reply, tools, held, must_call=must_call)
            except NoToolsError:
                self._has_tools = False
        return await self._steps.complete(
            messages, tools, must_call=must_call, max_tokens=max_tokens, on_text=on_text
        )

    def _checked(
        self, reply: Reply, tools: Sequence[Tool], held: "_HeldBack | None", *, must_call: bool
    ) -> Reply:
        """Return the reply, or the calls that it spells out in its text.

        Raises BrokenAnswerError where a call had to come and none did: asked again, it is asked
        for a step.
        """
        if not reply.calls and reply.finish != "refusal" and tools:
            steps = calls_in(reply.text, [t.name for t in tools])
            if steps or must_call:
                self._has_tools = False
            if steps:
                calls = tuple(Call("", s.tool, s.content) for s in steps)
                return replace(reply, text=steps[0].thought, calls=calls)
            if must_call:
                raise BrokenAnswerError(f"{self.name} was told to call a tool and did not")
        if held is not None:
            held.release()
        return reply


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
