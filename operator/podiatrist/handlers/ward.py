"""Counts what becomes of Diagnoses, from the changes that the watch tells of."""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal, InvalidOperation

from podiatrist.api import names
from podiatrist.api.conditions import OVER, condition, has
from podiatrist.api.diagnosis import AGENT, Diagnosis, State, Usage
from podiatrist.cluster.client import Client
from podiatrist.cluster.errors import ClusterError
from podiatrist.cluster.kinds import DIAGNOSIS
from podiatrist.handlers.metrics import Metrics

log = logging.getLogger(__name__)

FALSE_ALARM = "false-alarm"
"""Value of the reject annotation by which users tell of a false alarm."""

Key = tuple[str, str]


@dataclass(frozen=True)
class _Seen:
    at: datetime
    uid: str
    state: str
    usage: Usage | None
    looked_at: bool = False
    """Whether it ever was: a Diagnosis that is looked at anew is long past its first findings."""
    succeeded: bool = False
    """Whether a fix of it ever was verified."""


class Ward:
    """Who lies in it, and how they left. What was there before it began to look is not counted."""

    def __init__(self, metrics: Metrics, clock: Callable[[], datetime]) -> None:
        self._metrics = metrics
        self.clock = clock
        self._began = clock()
        self._seen: dict[Key, _Seen] = {}
        self._states: Counter[str] = Counter()
        self._expect("")

    def changed(self, key: Key, diagnosis: Diagnosis | None) -> None:
        """Take note of a Diagnosis as it is now; None: it is gone or unreadable."""
        before = self._seen.pop(key, None)
        if before is not None:
            self._count(before.state, -1)
        if diagnosis is None:
            return
        now = self._as_it_is(diagnosis)
        if before is None or before.uid != now.uid:
            before = self._newborn(diagnosis, now)
        self._seen[key] = replace(
            now,
            looked_at=now.looked_at or before.looked_at,
            succeeded=now.succeeded or before.succeeded,
        )
        self._count(now.state, +1)
        self._expect(_reason(diagnosis))
        self._tell(diagnosis, before, now)

    def keep(self, alive: Collection[str], as_of: datetime) -> None:
        """Forget what was not there (by UID) at a time before which it was heard of last."""
        for key, seen in list(self._seen.items()):
            if seen.at < as_of and seen.uid not in alive:
                self.changed(key, None)

    def _as_it_is(self, diagnosis: Diagnosis) -> _Seen:
        state = diagnosis.status.state or State.INVESTIGATING
        return _Seen(
            self.clock(),
            diagnosis.metadata.uid or "",
            state.value,
            diagnosis.status.usage,
            looked_at=condition(diagnosis.status, "Diagnosed") is not None,
            succeeded=state is State.SUCCEEDED,
        )

    def _newborn(self, diagnosis: Diagnosis, now: _Seen) -> _Seen:
        """Return what it was when it was made, if that is since we look; else what it is."""
        born = diagnosis.metadata.creation_timestamp
        if born is None or born < self._began:
            return now
        return _Seen(now.at, now.uid, State.INVESTIGATING.value, usage=None)

    def _expect(self, reason: str) -> None:
        """Let all that may be counted for a reason be there at 0.

        Prometheus sees no increase in a series that is born at 1.
        """
        for state in OVER:
            self._metrics.ended.labels(state.value, reason)
        for false_alarm in (True, False):
            self._metrics.rejected.labels(_word(false_alarm), reason)

    def _count(self, state: str, by: int) -> None:
        self._states[state] += by
        self._metrics.diagnoses.labels(state).set(self._states[state])

    def _tell(self, diagnosis: Diagnosis, before: _Seen, now: _Seen) -> None:
        metrics, age = self._metrics, self._age(diagnosis)
        reason = _reason(diagnosis)
        first_look = has(diagnosis, "Diagnosed", "True") and not before.looked_at
        if first_look and age is not None:
            metrics.time_to_diagnosis.observe(age)
        if now.state != before.state and now.state in {s.value for s in OVER}:
            metrics.ended.labels(now.state, reason).inc()
            if now.state == State.REJECTED.value:
                false_alarm = diagnosis.annotation(names.REJECT) == FALSE_ALARM
                metrics.rejected.labels(_word(false_alarm), reason).inc()
            if now.succeeded and not before.succeeded and age is not None:
                metrics.time_to_end.observe(age)
        if now.usage is not None:
            self._spent(before.usage, now.usage)

    def _age(self, diagnosis: Diagnosis) -> float | None:
        born = diagnosis.metadata.creation_timestamp
        return None if born is None else max(0.0, (self.clock() - born).total_seconds())

    def _spent(self, before: Usage | None, now: Usage) -> None:
        metrics, model = self._metrics, now.model
        old = before or Usage(model=model)
        metrics.model_calls.labels(model).inc(max(0, now.calls - old.calls))
        metrics.model_tokens.labels(model, "sent").inc(
            max(0, now.prompt_tokens - old.prompt_tokens)
        )
        metrics.model_tokens.labels(model, "received").inc(
            max(0, now.completion_tokens - old.completion_tokens)
        )
        cost = _money(now.cost) - _money(old.cost)
        if cost > 0:
            metrics.model_cost.labels(model).inc(float(cost))


async def recount(ward: Ward, client: Client, every: float = 600.0) -> None:
    """Look every so many seconds what is there in truth, until cancelled.

    Where a watch begins anew, nobody tells of Diagnoses that were deleted in between.
    """
    while True:
        await asyncio.sleep(every)
        as_of = ward.clock()
        try:
            there = await client.list_metadata(DIAGNOSIS)
        except ClusterError as error:
            log.debug("Diagnoses are not counted again: %s", error)
        else:
            ward.keep({metadata.uid or "" for metadata in there}, as_of)


def _reason(diagnosis: Diagnosis) -> str:
    """Return the reason of the first finding; of a model's, which are words of its own, just that.

    A label of free text would be a series for each text, kept for as long as the process lives.
    Nothing where nothing was found, or where there is no target any more that it could be wrong
    with: such a Diagnosis ends as Failed, and no fix did.
    """
    if not diagnosis.status.findings or has(diagnosis, "Diagnosed", "False"):
        return ""
    first = diagnosis.status.findings[0]
    return "ByTheModel" if first.analyzer == AGENT else first.reason


def _word(value: bool) -> str:
    return str(value).lower()


def _money(text: str | None) -> Decimal:
    try:
        return Decimal((text or "0").split()[0])
    except (InvalidOperation, IndexError):
        return Decimal(0)
