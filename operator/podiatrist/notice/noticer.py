"""From what the feeds and the sweep see to looks at what may be sick: few, patient, counted."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from podiatrist.cluster.errors import BeyondConfinesError, ClusterError, NotFoundError
from podiatrist.cluster.kinds import JOB, POD, WORKLOADS, find_target_kind
from podiatrist.cluster.objects import Event, Metadata, Pod
from podiatrist.cluster.work_queue import WorkQueue
from podiatrist.notice.diagnoser import Diagnoser, Outcome
from podiatrist.notice.owners import Owners, Target
from podiatrist.notice.watchlist import Watchlist

log = logging.getLogger(__name__)

_RETRY = 10.0
"""Seconds until a target is looked at again when the API server could not answer."""

_AGAIN, _SELDOM = 60.0, 600.0
"""Seconds until a target that is still sick is looked at again, doubled each time: its Diagnosis
may have ended, or what it suffers from may be explained by now."""

_SIDE_BY_SIDE = 4
"""Looks under way at once."""

_AFTER_EVENT = 2.0
"""Seconds from a telling event to a look: its object's status follows the event."""

_TELLING = frozenset(
    {
        "FailedCreate",
        "UnparseableSchedule",
        "InvalidSchedule",
        "UnknownTimeZone",
        "TooManyMissedTimes",
        "MissSchedule",
        "ProvisioningFailed",
        "FailedGetScale",
        "FailedGetResourceMetric",
        "BackoffLimitExceeded",
        "DeadlineExceeded",
    }
)
"""Reasons of events that speak of a fault which no pod shows, or not for long."""

_LEAST_PAUSE = 20.0
"""Seconds between two looks at a target that was sick, however many of its pods crash again."""


@dataclass(frozen=True)
class _Sick:
    """What must be kept of a sick pod: why, and in its metadata its name and owner."""

    reason: str
    pod: Pod


class Noticer:
    """Decides what is looked at, and when. Takes what feeds see without I/O."""

    def __init__(
        self,
        owners: Owners,
        diagnoser: Diagnoser,
        watchlist: Watchlist,
        clock: Callable[[], datetime],
    ) -> None:
        self._owners = owners
        self._diagnoser = diagnoser
        self._watchlist = watchlist
        self._clock = clock
        self._pods: WorkQueue[tuple[str, str]] = WorkQueue()
        self._sick: dict[tuple[str, str], _Sick] = {}
        self._targets: WorkQueue[Target] = WorkQueue()
        self._pauses: dict[Target, float] = {}
        self._not_before: dict[Target, float] = {}

    def pod_seen(self, pod: Pod, *, deleted: bool = False) -> None:
        """Take note of a pod as it is now; a sick one is looked at when its grace is over."""
        key = (pod.metadata.namespace, pod.metadata.name)
        if not pod.metadata.name:
            return
        now = self._clock()
        entry = None if deleted else self._watchlist.observe(pod, now)
        if entry is None:
            self._watchlist.forget(*key)
            self._pods.remove(key)
            self._sick.pop(key, None)
            return
        known = self._sick.get(key)
        new = known is None or known.reason != entry.symptom.reason
        self._sick[key] = _Sick(entry.symptom.reason, _reminder(pod.metadata))
        if new:  # the queue keeps the earlier of two wishes: what got worse is looked at sooner
            self._pods.add(key, (entry.due - now).total_seconds())

    def event_seen(self, event: Event) -> None:
        """Take note of a warning: what it is about may be sick without a pod to show for it."""
        about = event.involved_object
        kind = find_target_kind(about.api_version, about.kind)
        if kind is None or kind is POD or event.reason not in _TELLING or not about.name:
            return
        if kind in WORKLOADS and kind is not JOB:
            after = max(_AFTER_EVENT, self._watchlist.grace.start)
        else:
            after = max(_AFTER_EVENT, self._watchlist.grace.crash)
        self.suspect(Target.of(kind, about.namespace, about.name), after)

    def suspect(self, target: Target, after: float = 0.0) -> None:
        """Ask for a look at a target in `after` seconds, or sooner where one is due sooner."""
        earliest = self._not_before.get(target, 0.0) - asyncio.get_running_loop().time()
        self._targets.add(target, max(after, earliest))

    def waiting(self) -> int:
        """Return how many targets wait for a look, due or not."""
        return len(self._targets)

    async def run(self) -> None:
        """Look at what is due, until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._climb())
            for _ in range(_SIDE_BY_SIDE):
                group.create_task(self._look())

    async def _climb(self) -> None:
        """Find the owner of each sick pod whose grace is over, and ask for a look at it."""
        while True:
            key = await self._pods.take()
            try:
                sick = self._sick.get(key)
                if sick is not None:
                    self.suspect(await self._owners.top(sick.pod))
            except ClusterError as error:
                log.warning("could not find the owner of pod %s/%s: %s", *key, error)
                self._pods.add(key, _RETRY)
            except Exception:
                log.exception("finding the owner of pod %s/%s failed", *key)
                self._pods.add(key, _AGAIN)
            finally:
                self._pods.done(key)

    async def _look(self) -> None:
        while True:
            target = await self._targets.take()
            again: float | None = _AGAIN
            try:
                again = await self._look_at(target)
            except Exception:
                log.exception("looking at %s failed", target)
            finally:
                self._targets.done(target)
            if again is None:
                self._pauses.pop(target, None)
                self._not_before.pop(target, None)
            else:
                now = asyncio.get_running_loop().time()
                self._not_before[target] = now + min(again, _LEAST_PAUSE)
                self._targets.add(target, again)

    async def _look_at(self, target: Target) -> float | None:
        """Look once; returns the seconds until the next look, None where nothing is wrong."""
        try:
            top = await self._owners.above(target)  # events speak of ReplicaSets and Jobs
            if top != target:
                self.suspect(top)
                return None
            return self._next(target, await self._diagnoser.look(target))
        except (NotFoundError, BeyondConfinesError):
            return None
        except ClusterError as error:
            log.warning("could not look at %s: %s", target, error)
            return _RETRY

    def _next(self, target: Target, outcome: Outcome) -> float | None:
        for cause in outcome.causes:
            self.suspect(cause)
        if not outcome.sick:
            return None
        if outcome.wait is not None:
            return max(0.5, outcome.wait)
        pause = self._pauses.get(target, _AGAIN / 2) * 2
        self._pauses[target] = min(pause, _SELDOM)
        return self._pauses[target]


def _reminder(metadata: Metadata) -> Pod:
    """Return a pod of name and owner alone: labels and annotations may be kilobytes."""
    kept = Metadata(
        name=metadata.name,
        namespace=metadata.namespace,
        owner_references=metadata.owner_references,
    )
    return Pod(metadata=kept)
