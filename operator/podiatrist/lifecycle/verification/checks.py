"""The checks of an option: lines that a human approves, and that say when a fix has helped.

A closed grammar, in kubectl's words where it has any. The operator writes the lines, the digest
covers them, and the executor evaluates exactly the approved ones. Whatever else a line says, it
is no check, and no check never holds.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from podiatrist.analyzers.common.result import Result, counted
from podiatrist.analyzers.common.rollout import unfinished
from podiatrist.cluster.kinds import (
    CRON_JOB,
    DAEMON_SET,
    DEPLOYMENT,
    HPA,
    JOB,
    NODE,
    PDB,
    POD,
    REPLICA_SET,
    STATEFUL_SET,
    Kind,
)
from podiatrist.cluster.objects import Condition, parse_all
from podiatrist.cluster.snapshot import Snapshot
from podiatrist.lifecycle.verification.pod_count import SERVING, ready_pods, wanted_pods

_ROLLED_OUT = (DEPLOYMENT, STATEFUL_SET, DAEMON_SET)
"""Of which `kubectl rollout status` speaks."""

_SETTLING = (REPLICA_SET, JOB, CRON_JOB, POD, HPA, PDB)
"""What has something to wait for as well, without a word of kubectl's."""

_MOST_CHECKS = 8
"""Lines of an option, as in its CRD."""


@dataclass(frozen=True)
class Seen:
    """What checks look at: the target now, what fires, and how both were before the fix.

    `ready_before` counts pods; None where nobody counted. `of_new_pods` is what fires with the
    pods alone that the fix brought, None where there are none: sick pods of an older revision
    stay until newer ones are ready.
    """

    snapshot: Snapshot
    results: Sequence[Result]
    reasons_before: frozenset[str] = frozenset()
    ready_before: int | None = None
    of_new_pods: Sequence[Result] | None = None

    @property
    def fired(self) -> frozenset[str]:
        """The reasons of all that the rules find."""
        return frozenset(r.finding.reason for r in self.results)


@dataclass(frozen=True)
class Settled:
    """Nothing is left to wait for: the rollout is complete, or what comes nearest to one."""

    resource: str
    name: str

    def __str__(self) -> str:
        """Return the line."""
        word = "rollout status" if self.resource in _words(_ROLLED_OUT) else "settled"
        return f"{word} {self.resource}/{self.name}"

    def why_not(self, seen: Seen) -> str | None:
        """Return what is still waited for."""
        return _another(self.resource, self.name, seen) or unfinished(seen.snapshot)


@dataclass(frozen=True)
class ConditionTrue:
    """A condition of the target is True, as in `kubectl wait --for`."""

    type: str
    resource: str
    name: str

    def __str__(self) -> str:
        """Return the line."""
        return f"condition={self.type} {self.resource}/{self.name}"

    def why_not(self, seen: Seen) -> str | None:
        """Return what the condition says instead."""
        raw = (seen.snapshot.target_raw.get("status") or {}).get("conditions") or []
        found = next((c for c in parse_all(Condition, raw) if c.type == self.type), None)
        status = found.status if found else "missing"
        wrong = None if status == "True" else f"condition {self.type} is {status}"
        return _another(self.resource, self.name, seen) or wrong


@dataclass(frozen=True)
class NoLongerFires:
    """A finding that the option answers is gone."""

    reason: str

    def __str__(self) -> str:
        """Return the line."""
        return f"{self.reason} no longer fires"

    def why_not(self, seen: Seen) -> str | None:
        """Return the finding."""
        firing = (r.finding for r in seen.results if r.finding.reason == self.reason)
        return next((f"{self.reason} still fires: {f.message}" for f in firing), None)


@dataclass(frozen=True)
class NothingFires:
    """No rule finds anything: of a fix that no rule stands behind."""

    def __str__(self) -> str:
        """Return the line."""
        return "no rule fires"

    def why_not(self, seen: Seen) -> str | None:
        """Return the first finding."""
        firing = (r.finding for r in seen.results)
        return next((f"{f.reason} fires: {f.message}" for f in firing), None)


@dataclass(frozen=True)
class NothingNewFires:
    """No rule finds what it did not find before the fix."""

    def __str__(self) -> str:
        """Return the line."""
        return "nothing new fires"

    def why_not(self, seen: Seen) -> str | None:
        """Return the first new finding."""
        new = (r.finding for r in seen.results if r.finding.reason not in seen.reasons_before)
        return next((f"{f.reason} showed: {f.message}" for f in new), None)


@dataclass(frozen=True)
class NoFewerReadyPods:
    """As many pods are ready as before, or as many as are wanted by now where that is less."""

    def __str__(self) -> str:
        """Return the line."""
        return "no fewer ready pods"

    def why_not(self, seen: Seen) -> str | None:
        """Return both numbers."""
        now, before = ready_pods(seen.snapshot), seen.ready_before
        if now is None or before is None:
            return None
        wanted = wanted_pods(seen.snapshot)
        if now >= (before if wanted is None else min(before, wanted)):
            return None
        return f"{counted(now, 'ready pod')}, {before} before the fix"


@dataclass(frozen=True)
class Soak:
    """How long all other checks must hold without interruption, in seconds."""

    seconds: int

    def __str__(self) -> str:
        """Return the line."""
        return f"for {self.seconds}s"

    def why_not(self, seen: Seen) -> str | None:
        """Return None: one look cannot tell."""
        return None


Check = (
    Settled
    | ConditionTrue
    | NoLongerFires
    | NothingFires
    | NothingNewFires
    | NoFewerReadyPods
    | Soak
)


def _words(kinds: Sequence[Kind]) -> tuple[str, ...]:
    return tuple(kind.kind.lower() for kind in kinds)


_NAME = r"([a-z0-9](?:[-.a-z0-9]*[a-z0-9])?)"
_WORD = r"([A-Z][A-Za-z0-9]{0,63})"

_GRAMMAR: tuple[tuple[str, Callable[..., Check]], ...] = (
    (f"rollout status ({'|'.join(_words(_ROLLED_OUT))})/{_NAME}", Settled),
    (f"settled ({'|'.join(_words(_SETTLING))})/{_NAME}", Settled),
    (f"condition={_WORD} ({'|'.join(_words((*SERVING, NODE)))})/{_NAME}", ConditionTrue),
    (f"{_WORD} no longer fires", NoLongerFires),
    ("no rule fires", NothingFires),
    ("nothing new fires", NothingNewFires),
    ("no fewer ready pods", NoFewerReadyPods),
    ("for (0|[1-9][0-9]{0,4})s", lambda seconds: Soak(int(seconds))),
)


def parse_check(line: str) -> Check | None:
    """Return a line as a check, None for anything that the grammar does not know."""
    for pattern, make in _GRAMMAR:
        if found := re.fullmatch(pattern, line):
            return make(*found.groups())
    return None


def unknown_checks(lines: Sequence[str]) -> list[str]:
    """Return the lines that are no checks: an option that holds one must not be carried out."""
    return [line for line in lines if parse_check(line) is None]


def checks_for(kind: Kind, name: str, reasons: Sequence[str], soak: int) -> list[str]:
    """Return what must hold after a fix of that target.

    `reasons` are those of the findings that it answers; without any, all rules must fall silent.
    `soak` is in seconds.
    """
    checks: list[Check] = []
    if kind in (*_ROLLED_OUT, *_SETTLING):
        checks.append(Settled(kind.kind.lower(), name))
    elif kind is NODE:
        checks.append(ConditionTrue("Ready", kind.kind.lower(), name))
    last: list[Check] = [NothingNewFires()]
    if kind in SERVING:
        last.append(NoFewerReadyPods())
    last.append(Soak(soak))
    answered: list[Check] = [NoLongerFires(reason) for reason in reasons]
    too_many = len(checks) + len(answered) + len(last) > _MOST_CHECKS
    # Reasons that somebody else's controller gives may be any text.
    if not answered or too_many or unknown_checks([str(check) for check in answered]):
        answered = [NothingFires()]
    return [str(check) for check in (*checks, *answered, *last)]


def _another(resource: str, name: str, seen: Seen) -> str | None:
    target = seen.snapshot.target
    if (resource, name) == (target.kind.lower(), target.name):
        return None
    return f"{resource}/{name} is not what was mended"
