"""Tells a person what a long step is doing: a live line on a terminal, else one every 30 s."""

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Say = Callable[[str], None]
QUIET_SECONDS = 30.0


def to_stderr(line: str) -> None:
    """The default way to say a line: stderr, since some commands' stdout is read by programs."""
    print(line, file=sys.stderr, flush=True)


def silent(line: str) -> None:
    """Say nothing."""


def spell(seconds: float) -> str:
    """Seconds as people say them: `7s`, `3m12s`."""
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes}m{rest:02}s" if minutes else f"{rest}s"


@contextmanager
def ticking(say: Say, text: Callable[[float], str]) -> Iterator[None]:
    """While the block runs, show `text(seconds so far)`: at once, then live or every 30 s."""
    live = say is to_stderr and sys.stderr.isatty()
    ended = threading.Event()
    begun = time.monotonic()

    def show() -> None:
        while not ended.wait(1.0 if live else QUIET_SECONDS):
            line = text(time.monotonic() - begun)
            if live:
                print(f"\r\x1b[K{line}", end="", file=sys.stderr, flush=True)
            else:
                say(line)

    if not live:
        say(text(0.0))
    thread = threading.Thread(target=show, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
        if live:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
