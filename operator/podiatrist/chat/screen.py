"""What the conversation needs of a terminal; tests and pipes have their own."""

from contextlib import AbstractContextManager
from typing import Protocol

from podiatrist.chat.carry_out import WayBack
from podiatrist.chat.changes import Change
from podiatrist.chat.look import Look
from podiatrist.chat.record import Entry


class Screen(Protocol):
    """Where the user looks, and says yes or no."""

    def working(self, what: str) -> AbstractContextManager[None]:
        """Show that something goes on, until the context ends."""

    def thinking(self) -> AbstractContextManager[None]:
        """Show that the model is asked, whenever nothing else is shown, until the context ends."""

    def refused(self, text: str) -> None:
        """Show, in passing, what the model asked for and did not get."""

    def answer(self, piece: str) -> None:
        """Show a piece of the model's answer, Markdown, as it comes."""

    def answered(self) -> None:
        """The answer, or this part of it, is complete."""

    def ran(self, entry: Entry) -> None:
        """Show a command that has ended, and the beginning of its output."""

    def whole(self, entry: Entry) -> None:
        """Show a command with all of its output."""

    def say(self, text: str) -> None:
        """Show words of ours: plain text, not Markdown."""

    def problem(self, text: str) -> None:
        """Show what went wrong, and what to do next."""

    def look(self, look: Look) -> None:
        """Show what is wrong with an object, and how that is known."""

    def options(self, look: Look) -> None:
        """Show the numbered options."""

    def change(self, change: Change) -> None:
        """Show everything that a yes would do."""

    def way_back(self, back: WayBack) -> None:
        """Show what a yes would take back."""

    async def confirm(self, question: str) -> bool:
        """Ask the user; True for `y` or `yes` and for nothing else."""
