"""What the loop needs of a model, and the ways in which a model can fail it."""

from collections.abc import Callable, Sequence
from typing import Protocol

from podiatrist.agent.messages import Message, Reply
from podiatrist.agent.tool import Tool

OnText = Callable[[str], None]
"""Takes each piece of the answer's text as it comes, for whoever watches."""


class ModelError(Exception):
    """The model gave no answer. `str()` says why and what to do; it never holds a key."""

    def __init__(self, text: str = "", *, paid: bool = False) -> None:
        super().__init__(text)
        self.paid = paid
        """Whether the endpoint may have worked on the request, and so counts its tokens."""


class UnreachableModelError(ModelError):
    """No answer in time, however often we asked: connection, timeout, 429, 503."""


class BrokenAnswerError(ModelError):
    """The answer broke off, is empty, or is no chat completion. It was worked on; ask once more."""

    def __init__(self, text: str = "", *, paid: bool = True, wait: float = 0.0) -> None:
        super().__init__(text, paid=paid)
        self.wait = wait
        """Seconds to wait before that."""


class MisconfiguredModelError(ModelError):
    """The endpoint will never answer as it is set up: wrong key, URL or name of the model."""


class PromptTooLongError(ModelError):
    """The conversation is longer than the model's window."""


class Model(Protocol):
    """Something that continues a conversation."""

    @property
    def name(self) -> str:
        """Its name, for `status.usage` and the transcript."""

    async def complete(
        self,
        messages: Sequence[Message],
        tools: Sequence[Tool],
        *,
        must_call: bool = False,
        max_tokens: int = 1024,
        on_text: OnText | None = None,
    ) -> Reply:
        """Return the next message of the conversation.

        `must_call`: the answer has to call one of the tools; `max_tokens` bounds the answer.
        Raises ModelError.
        """
