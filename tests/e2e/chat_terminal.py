"""`podiatrist chat` in a real pseudo-terminal, and its screen as a human sees it."""

import os
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType

import pexpect
import pyte

from tests.cluster import Cluster

COLUMNS, ROWS = 100, 45
_PROMPT = "> "


class ChatTerminal:
    """A running `podiatrist chat`; a context manager."""

    def __init__(
        self,
        cluster: Cluster,
        state: Path,
        *arguments: str,
        environment: Mapping[str, str] | None = None,
        kubeconfig: Path | None = None,
        command: str = "chat",
    ) -> None:
        own = {
            k: v
            for k, v in os.environ.items()
            if not k.startswith("PODIATRIST_") and k not in ("NO_COLOR", "TERM", "COLUMNS", "LINES")
        }
        self.environment = {
            **own,
            "TERM": "xterm-256color",
            "KUBECONFIG": str(kubeconfig or cluster.kubeconfig),
            "XDG_STATE_HOME": str(state),
            "PODIATRIST_KUBECTL": str(cluster.kubectl),
            **(environment or {}),
        }
        self.arguments = ["-m", "podiatrist", command, *arguments]
        self.screen = pyte.HistoryScreen(COLUMNS, ROWS, history=5000)
        self._stream = pyte.ByteStream(self.screen)
        self.raw = b""

    def __enter__(self) -> "ChatTerminal":
        self.child = pexpect.spawn(
            sys.executable, self.arguments, env=self.environment, dimensions=(ROWS, COLUMNS)
        )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            self.child.close(force=True)
        except pexpect.ExceptionPexpect:
            self.child.wait()  # it was killed; a busy machine takes longer than a tenth of a second

    def read(self) -> None:
        """Take in what the program wrote; answer what it asks of a terminal."""
        try:
            data: bytes = self.child.read_nonblocking(65536, timeout=0.2)  # type: ignore[assignment]
        except (pexpect.TIMEOUT, pexpect.EOF):
            return
        self.raw += data
        self._stream.feed(data)
        if b"\x1b[6n" in data:  # where is the cursor?
            row, column = self.screen.cursor.y + 1, self.screen.cursor.x + 1
            self.child.send(f"\x1b[{row};{column}R")

    @property
    def lines(self) -> list[str]:
        """Everything on the screen and above it, line by line."""
        above = [
            "".join(line[x].data for x in range(COLUMNS)).rstrip()
            for line in self.screen.history.top
        ]
        return [*above, *(line.rstrip() for line in self.screen.display)]

    @property
    def text(self) -> str:
        """The same as one text, blank lines at the end left out."""
        return "\n".join(self.lines).rstrip()

    def wait(self, good: Callable[[str], bool], what: str, seconds: float = 60.0) -> str:
        """Read until the text is good; fails with what is on the screen."""
        end = time.monotonic() + seconds
        while True:
            self.read()
            if good(self.text):
                return self.text
            assert time.monotonic() < end, f"no {what} after {seconds:.0f} s:\n{self.text}"

    def wait_for(self, words: str, seconds: float = 60.0) -> str:
        """Read until these words are somewhere on the screen."""
        return self.wait(lambda text: words in text, words, seconds)

    def ready(self, seconds: float = 60.0) -> str:
        """Read until the program waits for a line of the user's."""
        return self.wait(lambda _: self.prompted, "prompt", seconds)

    @property
    def prompted(self) -> bool:
        """Whether the cursor stands at an empty prompt."""
        line = self.screen.display[self.screen.cursor.y].rstrip()
        return line == _PROMPT.rstrip()

    def type(self, line: str) -> None:
        """Type a line and press Enter."""
        self.child.send(line + "\r")

    def say(self, line: str, seconds: float = 60.0) -> str:
        """Say a line, wait until it is answered, and return what came since."""
        before = len(self.ready(seconds))
        self.type(line)
        # The line itself is on the screen first; an answer by code may follow at once.
        whole = before + len(line)
        self.wait(
            lambda text: len(text) > whole and (self.prompted or self.asks), "answer", seconds
        )
        return self.text[before:]

    @property
    def asks(self) -> bool:
        """Whether the cursor stands behind a question."""
        return "(y/N)" in self.screen.display[self.screen.cursor.y]
