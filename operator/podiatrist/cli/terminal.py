"""The terminal of `chat` and `ask`: what goes on, answers as they come, and the user's lines."""

import asyncio
import os
import sys
import termios
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Protocol, TextIO

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.live import Live
from rich.spinner import Spinner

from podiatrist.chat.carry_out import WayBack
from podiatrist.chat.changes import Change
from podiatrist.chat.look import Look
from podiatrist.chat.markdown import MarkdownStream, PlainMarkdown
from podiatrist.chat.record import Entry
from podiatrist.chat.render import (
    render_change,
    render_entry,
    render_look,
    render_options,
    render_way_back,
    text,
)

_UNWRAPPED = 100_000
"""Columns of what is no terminal."""


class Reader(Protocol):
    """Where the user's lines come from."""

    @property
    def can_confirm(self) -> bool:
        """Whether a human is there to say yes."""

    async def read(self, prompt: str, *, remember: bool = True) -> str:
        """Return the next line; `remember` keeps it in the history.

        Raises EOFError at the end, KeyboardInterrupt for Ctrl-C.
        """

    def interrupt(self) -> None:
        """Let who waits for a line have a KeyboardInterrupt."""

    def forget_typed_ahead(self) -> None:
        """Drop what was typed before a question was seen: it cannot be the answer to it."""

    def quiet(self) -> AbstractContextManager[None]:
        """Keep keys that are pressed during an answer from drawing into it."""


def console_on(stream: TextIO) -> Console:
    """Return a console: colours only where they are wanted and the terminal has them.

    In a pipe nothing is wrapped: who reads it there wants whole lines.
    """
    width = None if stream.isatty() else _UNWRAPPED
    return Console(file=stream, no_color="NO_COLOR" in os.environ or None, highlight=False,
                   width=width, markup=False, emoji=False)  # fmt: skip


class Terminal:
    """Implements `Screen`. `answers` shows the model's words, `facts` what was seen and goes on.

    Either may be None: not shown. `errors` shows what went wrong. In a pipe there are no
    spinners, and answers are the Markdown that came.
    """

    def __init__(
        self, answers: Console | None, facts: Console | None, reader: Reader, errors: Console
    ) -> None:
        self.answers = answers
        self.facts = facts
        self.errors = errors
        self.reader = reader
        self.stream = MarkdownStream()
        self._busy: list[tuple[str, float]] = []
        self._spinner = Spinner("dots")
        self._live: Live | None = None

    # what goes on

    @contextmanager
    def thinking(self) -> Iterator[None]:
        """Show that the model is asked."""
        with self.working("thinking"):
            try:
                yield
            finally:
                self.answered()

    @contextmanager
    def working(self, what: str) -> Iterator[None]:
        """Show a spinner with what goes on and for how long, where there is a terminal."""
        self._busy.append((what, time.monotonic()))
        self._show_live()
        try:
            yield
        finally:
            self._busy.pop()
            if not self._busy:
                self._hide_live()

    def _show_live(self) -> None:
        shown = self.facts
        if self._live is None and shown is not None and _is_capable(shown):
            self._live = Live(_Now(self), console=shown, transient=True, refresh_per_second=8)
            self._live.start()

    def _hide_live(self) -> None:
        if self._live is not None:
            self._live.stop()
            self._live = None

    def now(self) -> RenderableType:
        """Return what is shown at the moment: the growing end of the answer, and the spinner."""
        parts: list[RenderableType] = []
        tail = self.stream.tail
        if tail.strip() and self.answers is not None and self.answers is self.facts:
            height = max(4, self.answers.height - 4)
            lines = tail.splitlines()
            parts.append(
                PlainMarkdown(tail) if len(lines) < height else text("\n".join(lines[-height:]))
            )
        if self._busy:
            what, since = self._busy[-1]
            seconds = time.monotonic() - since
            self._spinner.update(text=text(f"{what}  {seconds:.0f} s", "cyan"))
            parts.append(self._spinner)
        return Group(*parts)

    # what is told

    def answer(self, piece: str) -> None:
        """Show a piece of the model's answer."""
        for block in self.stream.feed(piece):
            self._block(block)

    def answered(self) -> None:
        """Show what is left of the answer."""
        left = self.stream.close()
        if left:
            self._block(left)

    def _block(self, block: str) -> None:
        if self.answers is None:
            return
        if self.answers is not self.facts:
            self._hide_live()  # two streams on one terminal would draw over each other
        if self.answers.is_terminal:
            self.answers.print(PlainMarkdown(block))
        else:
            self.answers.print(text(block + "\n"), soft_wrap=True)
        if self._busy:
            self._show_live()

    def _fact(self, what: RenderableType, *, after: bool = False) -> None:
        if self.facts is not None:
            self.facts.print(what)
            if after:
                self.facts.print()

    def ran(self, entry: Entry) -> None:
        """Show a command that has ended."""
        self._fact(render_entry(entry), after=True)

    def whole(self, entry: Entry) -> None:
        """Show a command with all of its output."""
        self._fact(render_entry(entry, None), after=True)

    def refused(self, said: str) -> None:
        """Show, in passing, what the model did not get."""
        self._fact(text(f"({said})", "dim"))

    def say(self, said: str) -> None:
        """Show words of ours."""
        if said:
            self._fact(text(said))

    def problem(self, said: str) -> None:
        """Show what went wrong."""
        self.errors.print(text(said, "red"), soft_wrap=True)

    def look(self, look: Look) -> None:
        """Show what is wrong with an object."""
        self._fact(render_look(look), after=True)

    def options(self, look: Look) -> None:
        """Show the numbered options."""
        self._fact(render_options(look))

    def change(self, change: Change) -> None:
        """Show everything that a yes would do."""
        self._fact(render_change(change))

    def way_back(self, back: WayBack) -> None:
        """Show what a yes would take back."""
        self._fact(render_way_back(back))

    async def confirm(self, question: str) -> bool:
        """Ask the user at the terminal; whatever is not y or yes is a no."""
        self._hide_live()
        try:
            if not self.reader.can_confirm:
                self.problem("nobody is at a terminal to say yes")
                return False
            self.reader.forget_typed_ahead()
            said = await self.reader.read(f"{question} (y/N) ", remember=False)
        except (EOFError, KeyboardInterrupt):
            return False
        finally:
            if self._busy:
                self._show_live()
        return said.strip().lower() in ("y", "yes")


class _Now:
    """Asks the terminal anew each time it is drawn."""

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Give rich what is shown now."""
        yield self._terminal.now()


def _is_capable(console: Console) -> bool:
    return console.is_terminal and not console.is_dumb_terminal


def forget_input() -> None:
    """Drop what the terminal holds and nobody has read yet."""
    if sys.stdin.isatty():
        termios.tcflush(sys.stdin.fileno(), termios.TCIFLUSH)


class LineReader:
    """Reads lines from a pipe or a terminal that can do nothing else."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._lines: asyncio.Queue[str | type[BaseException]] = asyncio.Queue()
        self._reading = False

    @property
    def can_confirm(self) -> bool:
        """Whether a human is there; a pipe may hold anything."""
        return sys.stdin.isatty()

    async def read(self, prompt: str, *, remember: bool = True) -> str:
        """Return the next line. Raises EOFError at the end."""
        if not self._reading:
            self._reading = True
            loop = asyncio.get_running_loop()
            # A thread of its own that nobody waits for: a read cannot be interrupted.
            threading.Thread(target=self._pump, args=(loop,), daemon=True).start()
        if sys.stdin.isatty():
            self._console.print(text(prompt), end="")
        line = await self._lines.get()
        if isinstance(line, str):
            return line.rstrip("\r\n")
        if line is EOFError:
            self._lines.put_nowait(line)
        raise line

    def interrupt(self) -> None:
        """Let who waits for a line have a KeyboardInterrupt."""
        self._lines.put_nowait(KeyboardInterrupt)

    def forget_typed_ahead(self) -> None:
        """Drop what was typed before a question was seen."""
        forget_input()
        ends = []
        while not self._lines.empty():
            line = self._lines.get_nowait()
            ends += [] if isinstance(line, str) else [line]
        for end in ends:
            self._lines.put_nowait(end)

    def quiet(self) -> AbstractContextManager[None]:
        """Change nothing: whoever reads lines has to see them."""
        return nullcontext()

    def _pump(self, loop: asyncio.AbstractEventLoop) -> None:
        for line in iter(sys.stdin.readline, ""):
            loop.call_soon_threadsafe(self._lines.put_nowait, line)
        loop.call_soon_threadsafe(self._lines.put_nowait, EOFError)
