"""Listens to Diagnoses, and offers each sink what it is to be told. Never waits, never raises."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from datetime import datetime

from podiatrist.api.conditions import derive_state
from podiatrist.api.diagnosis import Diagnosis, State
from podiatrist.notify.sender import Counts, Sender
from podiatrist.notify.told import Told
from podiatrist.notify.what_to_tell import UNTRIED, Wanted, is_settled, what_to_tell

log = logging.getLogger(__name__)

Key = tuple[str, str]


class Notifier:
    """The states that Diagnoses were seen in, and the sinks."""

    def __init__(
        self, wanted: Wanted, senders: Sequence[Sender], told: Told, clock: Callable[[], datetime]
    ) -> None:
        self._wanted = wanted
        self._senders = senders
        self._memory = told
        self._clock = clock
        self._states: dict[Key, tuple[str, State]] = {}
        """UID and state of each Diagnosis, as it was last seen."""
        self._unsettled: dict[Key, asyncio.TimerHandle] = {}

    def changed(self, key: Key, diagnosis: Diagnosis | None) -> None:
        """Take note that a Diagnosis is there, or is another by now; None: it is gone."""
        try:
            self._see(key, diagnosis)
        except Exception:
            log.exception("what became of %s/%s is not told", *key)

    def counts(self) -> dict[str, Counts]:
        """Return for each sink what became of its messages since this process started."""
        return {sender.sink.name: sender.counts for sender in self._senders}

    async def load(self) -> None:
        """Read what was told before us; to be called before anything is seen."""
        await self._memory.load()

    async def run(self) -> None:
        """Send until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._memory.run())
            for sender in self._senders:
                group.create_task(sender.run())

    def _see(self, key: Key, diagnosis: Diagnosis | None) -> None:
        waiting = self._unsettled.pop(key, None)
        if waiting is not None:
            waiting.cancel()
        if diagnosis is None:
            self._states.pop(key, None)
        elif is_settled(diagnosis, self._clock()):
            self._tell(key, diagnosis)
        else:
            loop = asyncio.get_running_loop()
            wait = UNTRIED.total_seconds()
            self._unsettled[key] = loop.call_later(wait, self._tell, key, diagnosis)

    def _tell(self, key: Key, diagnosis: Diagnosis) -> None:
        self._unsettled.pop(key, None)
        uid = diagnosis.metadata.uid
        known = self._states.get(key)
        before = known[1] if known and known[0] == uid else None
        self._states[key] = uid, derive_state(diagnosis.status)
        notification = what_to_tell(before, diagnosis, self._wanted, self._clock())
        if notification is None:
            return
        for sender in self._senders:
            if not self._memory.knows(sender.sink.name, notification.id):
                sender.offer(notification)
