"""Sends to one sink, one message at a time, from a queue of its own that forgets the oldest.

Whoever offers a notification never waits. What a sink does not take in time is counted, and said
in the log once for an outage.
"""

import asyncio
import logging
import random
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from podiatrist.notify.back_off import back_off
from podiatrist.notify.bucket import Bucket
from podiatrist.notify.notification import Digest, Message, Notification, ids_of
from podiatrist.notify.post import Post, SinkDownError, SinkRefusedError
from podiatrist.notify.sink import Sink, host_of

log = logging.getLogger(__name__)

_LONGEST_WISH = 600.0
"""The most of a Retry-After that is obeyed, in seconds."""


@dataclass(frozen=True)
class Limits:
    """How much a sink is sent, and for how long."""

    per_minute: int = 20
    """Messages in a minute, and as many at once after a quiet one."""
    queue: int = 100
    """Notifications that wait; one more, and the oldest is dropped."""
    patience: float = 300.0
    """Seconds for one message, all attempts included."""


@dataclass(frozen=True)
class Time:
    """The clocks, sleep and chance that sending needs."""

    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    chance: Callable[[], float] = random.random
    now: Callable[[], datetime] = lambda: datetime.now(UTC)


@dataclass
class Counts:
    """What became of it so far."""

    sent: int = 0
    """Messages that the sink took; a digest is one."""
    failed: int = 0
    """Messages that were given up."""
    dropped: int = 0
    """Notifications for which the queue had no room."""
    held_back: int = 0
    """Notifications that were told in a digest, for the limit of a minute."""


class Sender:
    """The queue and the loop of one sink; `told` hears the ids of what the sink took."""

    def __init__(
        self,
        sink: Sink,
        post: Post,
        told: Callable[[str, Sequence[str]], None],
        limits: Limits | None = None,
        at: Time | None = None,
    ) -> None:
        self.sink = sink
        self.counts = Counts()
        self._post = post
        self._told = told
        self._limits = limits or Limits()
        self._at = at or Time()
        self._bucket = Bucket(self._limits.per_minute, self._at.clock())
        self._queue: deque[Notification] = deque()
        self._in_hand: tuple[str, ...] = ()
        self._offered = asyncio.Event()
        self._not_before = 0.0
        self._down = False

    def offer(self, notification: Notification) -> None:
        """Take a notification to be sent; one that waits already is the same one."""
        if notification.id in self._in_hand or any(q.id == notification.id for q in self._queue):
            return
        self._queue.append(notification)
        if len(self._queue) > self._limits.queue:
            self._queue.popleft()
            self.counts.dropped += 1
        self._offered.set()

    async def run(self) -> None:
        """Send what is offered, until cancelled."""
        while True:
            message = await self._next()
            self._in_hand = ids_of(message)
            try:
                await self._deliver(message)
            except Exception as error:  # noqa: BLE001 - a defect of a sink's costs its message only
                self._give_up(f"a defect of Podiatrist's ({type(error).__name__})")
            self._in_hand = ()

    async def _next(self) -> Message:
        """Wait for what is sent next: one notification, or all that the limit held back."""
        while not self._queue:
            self._offered.clear()
            await self._offered.wait()
        now = self._at.clock()
        wait = max(self._bucket.wait(now), self._not_before - now)
        if wait > 0:
            await self._at.sleep(wait)
        self._bucket.take(self._at.clock())
        if wait <= 0 or len(self._queue) == 1:
            return self._queue.popleft()
        held = tuple(self._queue)
        self._queue.clear()
        self.counts.held_back += len(held)
        return Digest(held)

    async def _deliver(self, message: Message) -> None:
        """Send a message, again and again for as long as there is hope."""
        end, attempt = self._at.clock() + self._limits.patience, 0
        while True:
            try:
                await self._post(self.sink.url, self.sink.request(message, self._at.now()))
            except SinkRefusedError as error:
                self._give_up(str(error))
                return
            except SinkDownError as error:
                wait = self._pause(attempt, error)
                if self._at.clock() + wait > end:
                    self._give_up(str(error))
                    return
                self._complain(f"{error}; trying again for {self._limits.patience:.0f} s")
            else:
                self._sent(message)
                return
            await self._at.sleep(wait)
            attempt += 1

    def _pause(self, attempt: int, error: SinkDownError) -> float:
        """Return the seconds to wait; what the sink asks for holds for the next message as well."""
        asked = min(error.retry_after or 0.0, _LONGEST_WISH)
        self._not_before = self._at.clock() + asked
        return max(asked, back_off(attempt, self._at.chance()))

    def _sent(self, message: Message) -> None:
        self.counts.sent += 1
        if self._down:
            log.info("notifications to %s go through again", self._whom)
        self._down = False
        self._told(self.sink.name, ids_of(message))

    def _give_up(self, why: str) -> None:
        self.counts.failed += 1
        self._complain(why)

    def _complain(self, why: str) -> None:
        """Say it once for an outage; the count says how long it is."""
        level = logging.DEBUG if self._down else logging.WARNING
        log.log(level, "notifications to %s do not go through: %s", self._whom, why)
        self._down = True

    @property
    def _whom(self) -> str:
        return f"{self.sink.name} at {host_of(self.sink.url)}"
