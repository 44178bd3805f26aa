"""What was done to the cluster, for whom and with what result: read from Diagnoses.

A Diagnosis tells of its last approval and execution. It goes with its target, and after a while by
itself; the API server's audit log, where every write has its field manager, is what stays.
"""

import json
from collections.abc import Iterable
from datetime import datetime
from itertools import zip_longest
from typing import Any, Literal

from pydantic import Field

from podiatrist.api import names
from podiatrist.api.conditions import Reason, condition, derive_state
from podiatrist.api.diagnosis import Condition, Diagnosis, Model, ObjectRef, State, Time
from podiatrist.lifecycle.look import target_ref

Outcome = Literal[
    "Approved",
    "Executing",
    "Verifying",
    "Succeeded",
    "RolledBack",
    "Failed",
    "Refused",
    "Forgotten",
]
"""Forgotten: the target was diagnosed anew since, and with that what was done is not told here."""


_USUAL = frozenset(
    {
        Reason.DIGEST_MATCHED,
        Reason.STARTED,
        Reason.PATCHES_APPLIED,
        Reason.WAITING_FOR_ROLLOUT,
        Reason.SOAKING,
        Reason.CHECKS_PASSED,
        Reason.ROLLED_BACK,
        Reason.ALREADY_HANDLED,
    }
)
"""Reasons that say no more than the outcome does."""


class WriteEntry(Model):
    """One request of a fix, and what takes it back."""

    verb: Literal["patch", "delete"]
    object: ObjectRef
    patch: Any
    """The JSON patch as it is sent, or the DeleteOptions."""
    inverse: Any = None
    """The JSON patch that takes it back; None where nothing does."""


class Entry(Model):
    """What became of one approval."""

    at: Time
    """When it was executed; without an execution, when the approval was read."""
    finished_at: Time | None = None
    namespace: str
    diagnosis: str
    target: ObjectRef
    digest: str
    title: str = ""
    """The option in a line; empty where it is no longer offered."""
    approved_by: str | None = None
    approved_at: Time | None = None
    run: str = ""
    field_manager: str
    writes: list[WriteEntry] = Field(default_factory=list)
    applied: int = 0
    undone: int = 0
    outcome: Outcome
    reason: str = ""
    message: str = ""

    @property
    def executed(self) -> bool:
        """Whether anything was, or may have been, sent to the cluster."""
        return bool(self.writes)

    @property
    def told(self) -> str:
        """The outcome, with its reason where it is not the usual one."""
        usual = self.outcome not in ("Failed", "Refused") and self.reason in _USUAL
        return self.outcome if usual or not self.reason else f"{self.outcome} ({self.reason})"


def audit_trail(
    diagnoses: Iterable[Diagnosis], *, everything: bool = False, since: datetime | None = None
) -> list[Entry]:
    """Return the executions, the newest first.

    `everything`: also approvals that led to none. `since`: only what began then or later.
    """
    found = (entry_of(diagnosis) for diagnosis in diagnoses)
    kept = [
        entry
        for entry in found
        if entry and (everything or entry.executed) and (since is None or entry.at >= since)
    ]
    return sorted(kept, key=lambda e: (e.at, e.namespace, e.diagnosis), reverse=True)


def entry_of(diagnosis: Diagnosis) -> Entry | None:
    """Return what became of a Diagnosis' last approval, None where there was none."""
    status = diagnosis.status
    approval, execution = status.approval, status.execution
    at = execution.started_at if execution else approval.at if approval else None
    if at is None:
        return None
    digest = approval.digest if approval else ""
    option = diagnosis.option(digest)
    outcome, why = _outcome(diagnosis)
    namespace, name = diagnosis.key
    entry = Entry(
        at=at,
        namespace=namespace,
        diagnosis=name,
        target=target_ref(diagnosis),
        digest=digest,
        title=option.title if option else "",
        approved_by=approval.by if approval else None,
        approved_at=approval.at if approval else None,
        field_manager=names.field_manager(name, digest),
        outcome=outcome,
        reason=why.reason if why else "",
        message=why.message if why else "",
    )
    if execution is not None:
        entry.finished_at, entry.run = execution.finished_at, execution.run
        entry.applied, entry.undone = execution.applied, execution.undone
        # Deletions come last, and nothing takes them back: the inverses are fewer.
        entry.writes = [
            WriteEntry(
                verb=patch.verb,
                object=patch.object,
                patch=_json(patch.patch),
                inverse=_json(inverse.patch) if inverse else None,
            )
            for patch, inverse in zip_longest(execution.patches, execution.inverse)
            if patch
        ]
    return entry


_OUTCOMES: dict[State, Outcome] = {
    State.EXECUTING: "Executing",
    State.VERIFYING: "Verifying",
    State.SUCCEEDED: "Succeeded",
    State.ROLLED_BACK: "RolledBack",
    State.FAILED: "Failed",
}


def _outcome(diagnosis: Diagnosis) -> tuple[Outcome, Condition | None]:
    """Return what became of the approval, and the condition that says why."""
    status = diagnosis.status
    if status.execution is not None:
        why = condition(status, "Verified") or condition(status, "Executed")
        return _OUTCOMES.get(derive_state(status), "Executing"), why
    approved = condition(status, "Approved")
    if approved is None or approved.reason == Reason.ALREADY_HANDLED:
        return "Forgotten", approved
    return ("Approved" if approved.status == "True" else "Refused"), approved


def _json(text: str) -> Any:
    """Return a patch as JSON, or as the text it is where somebody wrote another into a status."""
    try:
        return json.loads(text)
    except ValueError:
        return text
