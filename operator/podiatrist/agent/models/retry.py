"""When to ask an endpoint again: only what may pass, a few times, and never past the deadline."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from podiatrist.agent.model import BrokenAnswerError, UnreachableModelError

Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Patience:
    """How long and how often an endpoint is asked; times are in seconds."""

    seconds: float = 180.0
    """For one answer, all retries included."""
    silence: float = 60.0
    """Between two pieces of an answer that streams."""
    attempts: int = 5
    wait: float = 0.5
    """Before the second attempt; doubles each time."""
    longest_wait: float = 20.0
    """Also the most of a Retry-After that is obeyed: endpoints have been seen to say "in a day"."""


@dataclass(frozen=True)
class Time:
    """The clock, sleep and chance that waiting needs."""

    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    chance: Callable[[], float] = random.random
    """Between 0 and 1."""


class PassingError(Exception):
    """The endpoint did not answer, and may later. `str()` says why."""

    def __init__(self, text: str, retry_after: float | None = None, *, paid: bool = False) -> None:
        super().__init__(text)
        self.retry_after = retry_after
        """Seconds that the endpoint asks to wait."""
        self.paid = paid
        """Whether it may have worked on the request."""


async def persist(
    ask: Callable[[float], Awaitable[Answer]], patience: Patience, at: Time
) -> Answer:
    """Return the answer of `ask`, which is given the seconds that are left.

    Asks again after a PassingError; raises UnreachableModelError when attempts or time run out,
    and BrokenAnswerError at once where the attempt may be paid for: whoever counts has to know.
    """
    deadline = at.clock() + patience.seconds
    for attempt in range(patience.attempts):
        try:
            return await ask(deadline - at.clock())
        except PassingError as error:
            wait = pause(attempt, error.retry_after, patience, at.chance())
            if error.paid:
                raise BrokenAnswerError(str(error), wait=wait) from None
            reason = str(error)
        if attempt + 1 == patience.attempts or at.clock() + wait >= deadline:
            break
        await at.sleep(wait)
    times = "once" if attempt == 0 else f"{attempt + 1} times"
    raise UnreachableModelError(f"{reason} (asked {times})")


def pause(attempt: int, retry_after: float | None, patience: Patience, chance: float) -> float:
    """Return the seconds to wait after an attempt, the first being 0.

    Between half and all of a doubling time, so that many who failed together do not come back
    together.
    """
    most = min(patience.wait * 2.0**attempt, patience.longest_wait)
    wait = most * (0.5 + chance / 2)
    return max(wait, min(retry_after or 0.0, patience.longest_wait))
