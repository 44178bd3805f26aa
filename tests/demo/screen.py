"""What the demo shows: commands as a user would type them, their output, and a live line."""

import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.status import Status
from rich.text import Text

_QUIET = 10.0
"""Seconds between two lines of waiting where the output is no terminal."""


class Screen:
    """A terminal that can be recorded as a picture."""

    def __init__(self, *, record: bool) -> None:
        self.console = Console(
            record=record, highlight=False, width=120 if record else None, soft_wrap=False
        )
        self._record = record

    def say(self, text: str) -> None:
        """Print a line of the story."""
        self.console.print(Text(f"\n{text}", style="bold"))

    def command(self, line: str, output: str) -> None:
        """Print a command and what it answered."""
        self.console.print(Text("$ ", style="green") + Text(line, style="bold green"))
        self.console.print(Text.from_ansi(output.rstrip("\n")), soft_wrap=True)

    @contextmanager
    def waiting(self) -> Iterator["LiveLine"]:
        """Show a live line of what is being waited for."""
        if self.console.is_terminal and not self._record:
            with self.console.status("") as status:
                yield LiveLine(self.console, status)
        else:
            yield LiveLine(self.console, None)

    def save(self, path: Path) -> None:
        """Write the recorded screen as an SVG picture, with the reader's own monospace font.

        rich's own frame names fonts on a foreign server; a picture in a repository loads nothing.
        """
        frame = re.sub(r"@font-face \{\{.*?\}\}", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)
        frame = frame.replace("Fira Code", "DejaVu Sans Mono")
        self.console.save_svg(str(path), title="make demo", code_format=frame)


class LiveLine:
    """One line that changes while time passes; on a pipe, a new line now and then."""

    def __init__(self, console: Console, status: Status | None) -> None:
        self._console = console
        self._status = status
        self._began = monotonic()
        self._printed = monotonic()

    def show(self, text: str) -> None:
        """Say what is being waited for."""
        seconds = int(monotonic() - self._began)
        if self._status is not None:
            self._status.update(f"{text} ({seconds}s)")
        elif monotonic() - self._printed > _QUIET and not self._console.record:
            self._printed = monotonic()
            self._console.print(f"... {text} ({seconds}s)", style="dim")


def run(command: list[str], *, check: bool = True) -> str:
    """Run a command and return what it printed. Raises CalledProcessError."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if check and done.returncode:
        raise subprocess.CalledProcessError(
            done.returncode, command, done.stdout, done.stderr.strip()
        )
    return done.stdout
