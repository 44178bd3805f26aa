"""Carries steps out: one Diagnosis at a time by itself, several side by side."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime

from podiatrist.api.diagnosis import Diagnosis, Severity
from podiatrist.cluster.doubling import doubled
from podiatrist.cluster.errors import ClusterError, ConflictError, NotFoundError
from podiatrist.cluster.log_context import about
from podiatrist.cluster.work_queue import Rank, WorkQueue
from podiatrist.lifecycle.context import Context
from podiatrist.lifecycle.next_step import Step, next_steps

log = logging.getLogger(__name__)

Key = tuple[str, str]
StepFunction = Callable[[Context, Diagnosis], Awaitable[float | None]]

_FIRST_RETRY, _LAST_RETRY = 1.0, 60.0
"""Seconds before a failed step is tried again: doubled each time, up to a minute."""


class Worker:
    """Does the steps of one role: `steps` says which, and by which function."""

    def __init__(self, context: Context, steps: Mapping[Step, StepFunction]) -> None:
        self._context = context
        self._steps = steps
        self._failures: dict[Key, int] = {}
        self.queue: WorkQueue[Key] = WorkQueue()

    def changed(self, key: Key, diagnosis: Diagnosis | None) -> None:
        """Take note that a Diagnosis is there, or is another by now; None: it is unreadable."""
        self.queue.add(key)

    async def run(self, side_by_side: int = 8) -> None:
        """Work until cancelled."""
        async with asyncio.TaskGroup() as group:
            for _ in range(side_by_side):
                group.create_task(self._work())

    async def _work(self) -> None:
        while True:
            key = await self.queue.take()
            after: float | None = None
            about.set(key)
            try:
                after = await self._advance(key)
                self._failures.pop(key, None)
            except ConflictError:
                after = 0.05  # somebody else wrote: read and decide again
            except NotFoundError:
                after = None  # deleted under our hands: its story is over
            except ClusterError as error:
                after = self._backoff(key)
                log.warning("%s/%s: %s; again in %.0fs", *key, error, after)
            except Exception:
                after = self._backoff(key)
                log.exception("%s/%s failed; again in %.0fs", *key, after)
            finally:
                if after is not None:
                    self.queue.add(key, after)  # before it is given back, which drops its rank
                self.queue.done(key)
                about.set(None)

    def _backoff(self, key: Key) -> float:
        tried = self._failures.get(key, 0)
        self._failures[key] = tried + 1
        return doubled(_FIRST_RETRY, tried, _LAST_RETRY)

    async def _advance(self, key: Key) -> float | None:
        """Do the next step of one Diagnosis; returns when to look at it again."""
        diagnosis = await self._context.store.get(*key)
        if diagnosis is None:
            return None
        step = next((s for s in next_steps(diagnosis) if s in self._steps), None)
        if step is None:
            return None
        log.debug("%s/%s: %s", *key, step)
        after = await self._steps[step](self._context, diagnosis)
        return 0.0 if after is None else after


class UrgencyWorker(Worker):
    """Does the steps of a role that cannot keep up: who is worst off goes first."""

    def changed(self, key: Key, diagnosis: Diagnosis | None) -> None:
        """Take note of a Diagnosis that has work for this role, at its rank."""
        if diagnosis is not None and any(s in self._steps for s in next_steps(diagnosis)):
            self.queue.add(key, rank=urgency(diagnosis))


_SEVERITIES = (Severity.CRITICAL, Severity.WARNING, Severity.INFO, None)


def urgency(diagnosis: Diagnosis) -> Rank:
    """Return a rank: the worst first, and of those the oldest."""
    born = diagnosis.metadata.creation_timestamp or datetime.max.replace(tzinfo=UTC)
    return _SEVERITIES.index(diagnosis.status.severity), born
