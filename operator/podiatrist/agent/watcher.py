"""Who looks on while the agent works: the terminal, the transcript."""

from collections.abc import Sequence
from typing import Protocol

from podiatrist.agent.messages import Call, Message, Reply


class Watcher(Protocol):
    """Is told of each step as it happens."""

    def asking(self, messages: Sequence[Message]) -> None:
        """A request goes to the model."""

    def text(self, piece: str) -> None:
        """A piece of the model's answer came in."""

    def replied(self, reply: Reply) -> None:
        """An answer is complete."""

    def calling(self, call: Call) -> None:
        """A tool is about to run."""

    def observed(self, call: Call, text: str) -> None:
        """A tool has answered, or was refused."""
