"""Remembers for an hour what each sink was told, so that a restart tells nothing twice.

It is written down a moment after the sink took it. Who is killed in that moment tells it again,
with the same id: twice is better than never.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Protocol

from podiatrist.cluster.errors import ClusterError

log = logging.getLogger(__name__)

_KEPT = timedelta(hours=1)
"""Longer than what is young (`what_to_tell.YOUNG`), and than most states come and go."""

_MOST = 1000
"""Ids that are kept for one sink, the newest."""

_PAUSE = 2.0
"""Seconds between two writes."""

_LAST_WORDS = 2.0
"""Seconds for writing when our own end is there."""

Pages = Mapping[str, Mapping[str, datetime]]
"""For each sink the ids that it was told, and when."""


class Notes(Protocol):
    """Where it is written down."""

    async def read(self) -> Mapping[str, str]:
        """Return what is there. Raises ClusterError."""

    async def change(self, change: Callable[[Mapping[str, str]], dict[str, str]]) -> None:
        """Write what `change` makes of what is there. Raises ClusterError."""


class Told:
    """What was told, in memory and in the cluster."""

    def __init__(self, notes: Notes, clock: Callable[[], datetime]) -> None:
        self._notes = notes
        self._clock = clock
        self._pages: dict[str, dict[str, datetime]] = {}
        self._news = asyncio.Event()
        self._complained = False

    def knows(self, sink: str, notification_id: str) -> bool:
        """Say whether a sink was told something within the last hour."""
        at = self._pages.get(sink, {}).get(notification_id)
        return at is not None and self._clock() - at < _KEPT

    def add(self, sink: str, ids: Sequence[str]) -> None:
        """Take note of what a sink was told."""
        self._pages.setdefault(sink, {}).update(dict.fromkeys(ids, self._clock()))
        self._news.set()

    async def load(self) -> None:
        """Read what was told before us. What cannot be read counts as not told."""
        try:
            self._pages = parse(await self._notes.read(), self._clock())
        except ClusterError as error:
            self._complain(f"what was told before is not known: {error}")
        except Exception:
            log.exception("what was told before is not known")

    async def run(self) -> None:
        """Write down what is new, until cancelled; then once more."""
        try:
            while True:
                await self._news.wait()
                await self._write()
                await asyncio.sleep(_PAUSE)
        except asyncio.CancelledError:
            if self._news.is_set():
                with suppress(TimeoutError):
                    async with asyncio.timeout(_LAST_WORDS):
                        await self._write()
            raise

    async def _write(self) -> None:
        self._news.clear()
        try:
            await self._notes.change(self._merged)
            self._complained = False
        except ClusterError as error:
            self._complain(f"what was told is not written down: {error}")
        except Exception:
            log.exception("what was told is not written down")

    def _merged(self, stored: Mapping[str, str]) -> dict[str, str]:
        """Return what is kept of both: another replica may have told something as well."""
        now = self._clock()
        merged = parse(stored, now)
        for sink, ids in self._pages.items():
            merged.setdefault(sink, {}).update(ids)
        self._pages = {sink: _kept(ids, now) for sink, ids in merged.items()}
        return render(self._pages)

    def _complain(self, why: str) -> None:
        if not self._complained:  # once, not for each message
            log.warning("%s; after a restart some of it may be told again", why)
        self._complained = True


def parse(stored: Mapping[str, str], now: datetime) -> dict[str, dict[str, datetime]]:
    """Return what is stored: a key for each sink, a line `ID SECONDS` for each id.

    Lines that are none are left out, and so is what is too old, or from a clock far ahead.
    """
    pages: dict[str, dict[str, datetime]] = {}
    for sink, text in stored.items():
        ids: dict[str, datetime] = {}
        for each in text.splitlines():
            told, _, seconds = each.partition(" ")
            if told and seconds.isascii() and seconds.isdecimal() and len(seconds) < 12:
                ids[told] = datetime.fromtimestamp(int(seconds), UTC)
        pages[sink] = _kept(ids, now)
    return pages


def render(pages: Pages) -> dict[str, str]:
    """Return what is stored."""
    return {
        sink: "\n".join(f"{told} {int(at.timestamp())}" for told, at in ids.items())
        for sink, ids in pages.items()
    }


def _kept(ids: Mapping[str, datetime], now: datetime) -> dict[str, datetime]:
    young = [(told, at) for told, at in ids.items() if abs(now - at) < _KEPT]
    return dict(sorted(young, key=lambda entry: entry[1])[-_MOST:])
