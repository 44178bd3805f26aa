"""What can go wrong at the writes of one executor; each class is a `Fault` of the proxy."""

import asyncio
import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from tests.harness.api_writes import DRY_RUN, Write
from tests.harness.faulty_api import Answer, Forward


class NoFault:
    """Everything goes through."""

    async def meet(self, write: Write, forward: Forward, kill: Callable[[], None]) -> Answer | None:
        """Return the API server's answer."""
        return await forward()


class How(StrEnum):
    """What happens at one chosen write."""

    KILLED_BEFORE = "killed before"
    """The executor ends before the request reaches the API server."""
    KILLED_AFTER = "killed after"
    """The API server did it; the executor ends before it hears of it."""
    LOST = "unanswered"
    """The API server did it; the connection breaks instead of an answer."""
    LATE = "killed, and it arrives late:"
    """The executor ends, and its request arrives right after the next one's first write."""


@dataclass(frozen=True)
class Point:
    """One write of a story: its title, and the how manieth of that title, from 1."""

    title: str
    time: int = 1

    @property
    def dry_run(self) -> bool:
        """Whether it changes nothing."""
        return self.title.startswith(DRY_RUN)

    def __str__(self) -> str:
        return self.title + (f" ({self.time})" if self.time > 1 else "")


class AtPoint:
    """One thing happens at one write, once."""

    def __init__(self, point: Point, how: How) -> None:
        self._point, self._how = point, how
        self._seen = 0
        self._held: Forward | None = None
        self.happened = False

    async def meet(self, write: Write, forward: Forward, kill: Callable[[], None]) -> Answer | None:
        """Let pass what is not the point."""
        self._seen += write.title == self._point.title
        if not self.happened and self._seen == self._point.time:
            self.happened = True
            await self._strike(forward, kill)
            return None
        answer = await forward()
        held, self._held = self._held, None
        if held is not None:
            await held()
        return answer

    async def _strike(self, forward: Forward, kill: Callable[[], None]) -> None:
        match self._how:
            case How.KILLED_BEFORE:
                kill()
            case How.KILLED_AFTER:
                await forward()
                kill()
            case How.LOST:
                await forward()
            case How.LATE:
                kill()
                self._held = forward


class EverySecond:
    """Every second write is answered with an error and not done, from the first one on.

    None is refused twice in a row: a step of two writes that begins anew when one of them fails
    would always meet the same beat, and never end.
    """

    def __init__(self, status: int, reason: str) -> None:
        self._status, self._reason = status, reason
        self._number = 0
        self._refused: set[str] = set()

    async def meet(self, write: Write, forward: Forward, kill: Callable[[], None]) -> Answer | None:
        """Refuse, or let pass."""
        self._number += 1
        if self._number % 2 and write.title not in self._refused:
            self._refused.add(write.title)
            return _refusal(self._status, self._reason)
        self._refused.discard(write.title)
        return await forward()


def _refusal(code: int, reason: str) -> Answer:
    status = {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": f"made up by the test: {reason}",
        "reason": reason,
        "code": code,
    }
    return Answer(code, json.dumps(status).encode(), {"Content-Type": "application/json"})


class Slow:
    """Every write waits a moment on its way there, and its answer on its way back."""

    def __init__(self, dice: random.Random, longest: float) -> None:
        self._dice, self._longest = dice, longest

    async def meet(self, write: Write, forward: Forward, kill: Callable[[], None]) -> Answer | None:
        """Wait up to `longest` seconds each way."""
        await asyncio.sleep(self._dice.uniform(0, self._longest))
        answer = await forward()
        await asyncio.sleep(self._dice.uniform(0, self._longest))
        return answer
