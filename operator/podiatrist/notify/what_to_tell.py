"""Decides what is told: from the state a Diagnosis was in and the Diagnosis as it is now.

Everything is read from the Diagnosis, so whoever starts anew or takes over comes to the same
notification, with the same id.
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fnmatch import fnmatchcase

from podiatrist.api import names
from podiatrist.api.conditions import ConditionType, condition, derive_state
from podiatrist.api.diagnosis import Condition, Diagnosis, Option, Severity, State
from podiatrist.notify.notification import Notification, Offer

YOUNG = timedelta(minutes=10)
"""What came into its state longer ago is not told by whoever sees it for the first time."""

UNTRIED = timedelta(seconds=15)
"""How long an option is given to be tried before it is told of all the same: a dry run may show
that nothing can be approved. Where no executor is installed, none is ever tried."""

_DIGEST = re.compile(r"[0-9a-f]{1,16}")

_DECIDING: dict[State, tuple[ConditionType, ...]] = {
    State.AWAITING_APPROVAL: ("Diagnosed", "Previewed"),
    State.NEEDS_HUMAN: ("Diagnosed", "Previewed", "Consulted"),
    State.EXECUTING: ("Approved", "Executed"),
    State.VERIFYING: ("Executed", "Verified"),
    State.SUCCEEDED: ("Verified",),
    State.ROLLED_BACK: ("Verified",),
    State.FAILED: ("Verified", "Executed", "Diagnosed"),
    State.RESOLVED: ("Verified",),
    State.REJECTED: ("Approved",),
    State.EXPIRED: ("Approved",),
}
"""The conditions that lead to a state; others may move while it stays the same."""

_OPEN = (State.INVESTIGATING, State.AWAITING_APPROVAL, State.NEEDS_HUMAN)

_RANKS = {None: 0, Severity.INFO: 0, Severity.WARNING: 1, Severity.CRITICAL: 2}


@dataclass(frozen=True)
class Wanted:
    """What is to be told at all."""

    states: frozenset[State]
    least: Severity = Severity.INFO
    namespaces: Sequence[str] = ()
    """Names or patterns such as `team-*`; none means all."""

    def covers(self, diagnosis: Diagnosis) -> bool:
        """Say whether a Diagnosis in its state is to be told of."""
        namespace, status = diagnosis.metadata.namespace, diagnosis.status
        return (
            derive_state(status) in self.states
            and _RANKS[status.severity] >= _RANKS[self.least]
            and (not self.namespaces or any(fnmatchcase(namespace, p) for p in self.namespaces))
        )


def what_to_tell(
    before: State | None, diagnosis: Diagnosis, wanted: Wanted, now: datetime
) -> Notification | None:
    """Return what is to be told of a Diagnosis that was in state `before`, None for nothing.

    `before` is None where it is seen for the first time: then it is told only if it is young.
    """
    state = derive_state(diagnosis.status)
    if state == before or not wanted.covers(diagnosis):
        return None
    at = since(diagnosis)
    if before is None and now - at > YOUNG:
        return None
    return _notification(diagnosis, state, at)


def is_settled(diagnosis: Diagnosis, now: datetime) -> bool:
    """Say whether what awaits approval was tried, or nobody seems to be there who tries it."""
    if derive_state(diagnosis.status) != State.AWAITING_APPROVAL:
        return True
    tried = all(option.preview is not None for option in diagnosis.status.options)
    return tried or now - since(diagnosis) >= UNTRIED


def since(diagnosis: Diagnosis) -> datetime:
    """Return when a Diagnosis came into its state, as far as its conditions tell."""
    deciding = _deciding(diagnosis)
    times = [c.last_transition_time for c in deciding]
    return max(times, default=diagnosis.metadata.creation_timestamp or _LONG_AGO)


_LONG_AGO = datetime.fromisoformat("1970-01-01T00:00:00+00:00")


def _deciding(diagnosis: Diagnosis) -> list[Condition]:
    kinds = _DECIDING.get(derive_state(diagnosis.status), ())
    found = (condition(diagnosis.status, kind) for kind in kinds)
    return [c for c in found if c is not None]


def _notification(diagnosis: Diagnosis, state: State, at: datetime) -> Notification:
    status, (namespace, name) = diagnosis.status, diagnosis.key
    latest = max(_deciding(diagnosis), key=lambda c: c.last_transition_time, default=None)
    offers = status.options if state is State.AWAITING_APPROVAL else []
    return Notification(
        id=_id(diagnosis, state, at),
        state=state,
        at=at,
        namespace=namespace,
        diagnosis=name,
        uid=diagnosis.metadata.uid,
        target=diagnosis.spec.target,
        severity=status.severity,
        reason=status.findings[0].reason if status.findings else "",
        summary=status.summary or "",
        cause=status.root_cause or "",
        outcome=latest.message if latest else "",
        offers=tuple(_offer(diagnosis, o) for o in offers if _can_be_approved(o)),
    )


def _id(diagnosis: Diagnosis, state: State, at: datetime) -> str:
    """Return what tells this from everything else that is told.

    While the story is open, times move with each new preview; what was looked at does not.
    """
    status = diagnosis.status
    if state in _OPEN:
        diagnosed = condition(status, "Diagnosed")
        seen = status.observed_target.spec_hash if status.observed_target else ""
        when = diagnosed.last_transition_time if diagnosed else at
        occasion = f"{when.isoformat()}/{seen}/{status.handled_retry or ''}"
    else:
        occasion = at.isoformat()
    whole = f"{diagnosis.metadata.uid}/{state}/{occasion}"
    return hashlib.sha256(whole.encode()).hexdigest()[:32]


def _can_be_approved(option: Option) -> bool:
    """Whether a command for it may be shown: its dry run passed, and its digest is one.

    What was not tried is refused by admission; where nobody tries it, people are told to look.
    """
    passed = option.preview is not None and option.preview.ok
    return passed and _DIGEST.fullmatch(option.digest) is not None


def _offer(diagnosis: Diagnosis, option: Option) -> Offer:
    namespace, name = diagnosis.key
    approve = f"kubectl -n {namespace} annotate diagnosis {name} {names.APPROVE}={option.digest}"
    return Offer(option.digest, option.title, option.risk.value, approve)
