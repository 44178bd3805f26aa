"""An event loop whose clock is the test's: it jumps to the next timer instead of sleeping."""

import asyncio
from collections.abc import Coroutine
from typing import Any


class JumpingLoop(asyncio.SelectorEventLoop):
    """An event loop whose time passes at once, and that counts its turns."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.turns = 0

    def time(self) -> float:
        """Return the made-up time in seconds."""
        return self.now

    def _run_once(self) -> None:
        self.turns += 1
        assert self.turns < 5_000, "somebody waits busily"
        timers = [t for t in self._scheduled if not t.cancelled()]  # type: ignore[attr-defined]
        if not self._ready and timers:  # type: ignore[attr-defined]
            self.now = max(self.now, min(t.when() for t in timers))
        super()._run_once()  # type: ignore[misc]


def run_on(loop: JumpingLoop, story: Coroutine[Any, Any, None]) -> None:
    """Run a story to its end and close the loop."""
    try:
        loop.run_until_complete(story)
    finally:
        loop.close()
