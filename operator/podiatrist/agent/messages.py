"""What goes between us and a model: messages, the calls it asks for, and what they cost."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

Role = Literal["system", "user", "assistant", "tool"]


@dataclass(frozen=True)
class Call:
    """One tool that the model wants run."""

    id: str
    """Made by us, unique within a conversation: models repeat theirs or leave them empty."""
    tool: str
    arguments: str
    """JSON as the model wrote it, which may not be JSON at all."""


@dataclass(frozen=True)
class Message:
    """One entry of the conversation."""

    role: Role
    content: str
    calls: tuple[Call, ...] = ()
    """The tools an assistant's message asks for."""
    call_id: str = ""
    """The call that a tool's message answers."""


@dataclass(frozen=True)
class TokenCount:
    """Tokens of one request, or of several added up."""

    prompt: int = 0
    completion: int = 0

    def __add__(self, other: "TokenCount") -> "TokenCount":
        """Return both together."""
        return TokenCount(self.prompt + other.prompt, self.completion + other.completion)

    @property
    def total(self) -> int:
        """Sent and received."""
        return self.prompt + self.completion


@dataclass(frozen=True)
class Reply:
    """One answer of a model: text, calls, or both."""

    text: str
    calls: tuple[Call, ...] = ()
    tokens: TokenCount = field(default_factory=TokenCount)
    finish: Literal["stop", "length", "refusal"] = "stop"
    """`length`: it was cut off at the limit of tokens; `refusal`: the model would not answer."""

    @property
    def message(self) -> Message:
        """The answer as the next message of the conversation."""
        return Message("assistant", self.text, self.calls)


def system(text: str) -> Message:
    """Return the message that a conversation starts with."""
    return Message("system", text)


def user(text: str) -> Message:
    """Return what a human, or code in a human's place, says."""
    return Message("user", text)


def observation(call: Call, text: str) -> Message:
    """Return a tool's answer to a call."""
    return Message("tool", text, call_id=call.id)


def unanswered(messages: Sequence[Message]) -> list[Call]:
    """Return the last calls that have no answer: endpoints refuse a conversation with such."""
    answered: set[str] = set()
    for message in reversed(messages):
        if message.role != "tool":
            return [call for call in message.calls if call.id not in answered]
        answered.add(message.call_id)
    return []
