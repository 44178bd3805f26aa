"""A fix that is being verified, as the Diagnosis tells it."""

from dataclasses import dataclass
from datetime import datetime

from podiatrist.api.conditions import Reason, condition
from podiatrist.api.diagnosis import AppliedPatch, Condition, Diagnosis, Execution
from podiatrist.cluster.objects import Pod
from podiatrist.lifecycle.options.agent_part import by_rules
from podiatrist.lifecycle.verification.checks import NoLongerFires, NothingFires, Soak, parse_check


@dataclass(frozen=True)
class Trial:
    """A fix that is being verified: what was promised and done, and how it was before.

    `verified` is the condition as it stands, which tells since when it waits or soaks.
    """

    checks: tuple[str, ...]
    patches: tuple[AppliedPatch, ...]
    begun: datetime
    done: datetime
    reasons_before: frozenset[str] = frozenset()
    ready_before: int | None = None
    verified: Condition | None = None

    @property
    def soak(self) -> int:
        """Seconds for which all checks must hold."""
        parsed = (parse_check(line) for line in self.checks)
        return max((check.seconds for check in parsed if isinstance(check, Soak)), default=0)

    @property
    def answered(self) -> list[str]:
        """The reasons that the fix is meant to answer."""
        parsed = [parse_check(line) for line in self.checks]
        if any(isinstance(check, NothingFires) for check in parsed):
            return sorted(self.reasons_before)
        return [check.reason for check in parsed if isinstance(check, NoLongerFires)]

    @property
    def said(self) -> str:
        """What the condition says now."""
        return self.verified.message if self.verified else ""

    def since(self, reason: Reason) -> datetime | None:
        """Return since when the condition has that reason, None where it has another."""
        found = self.verified
        return found.last_transition_time if found and found.reason == reason else None

    def brought(self, pod: Pod) -> bool:
        """Whether a pod was made since the fix; times of objects are whole seconds."""
        born = pod.metadata.creation_timestamp
        return born is not None and born >= self.begun.replace(microsecond=0)


def trial_of(diagnosis: Diagnosis, execution: Execution) -> Trial:
    """Return what a Diagnosis says of its fix; nothing was written to its findings since."""
    status = diagnosis.status
    option = diagnosis.option(status.approval.digest) if status.approval else None
    return Trial(
        checks=tuple(option.checks if option else ()),
        patches=tuple(execution.patches),
        begun=execution.started_at,
        done=execution.finished_at or execution.started_at,
        reasons_before=frozenset(f.reason for f in by_rules(status.findings)),
        ready_before=execution.ready_before,
        verified=condition(status, "Verified"),
    )
