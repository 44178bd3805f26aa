"""Tells people what became of an approved fix: Events on the Diagnosis and on its target.

An Event is a courtesy. What happened stands in the status before it is announced, so an Event
that cannot be written is logged and forgotten, and holds nobody up.
"""

import asyncio
import logging
from collections.abc import Sequence
from enum import StrEnum

from podiatrist.api.diagnosis import Diagnosis, ObjectRef
from podiatrist.cluster.errors import ClusterError
from podiatrist.cluster.events import Announced, write_event
from podiatrist.cluster.redaction import redact
from podiatrist.lifecycle.context import Context
from podiatrist.lifecycle.look import target_ref

log = logging.getLogger(__name__)

_PATIENCE = 3.0
"""Seconds that an announcement may take."""


class Announcement(StrEnum):
    """What is announced: the reason of an Event."""

    FIX_APPROVED = "FixApproved"
    FIX_REFUSED = "FixRefused"
    FIX_APPLIED = "FixApplied"
    FIX_VERIFIED = "FixVerified"
    FIX_UNDONE = "FixUndone"
    FIX_FAILED = "FixFailed"
    FIX_HELD = "FixHeld"


_ACTIONS = {
    Announcement.FIX_APPROVED: "Approve",
    Announcement.FIX_REFUSED: "Approve",
    Announcement.FIX_APPLIED: "Execute",
    Announcement.FIX_VERIFIED: "Verify",
    Announcement.FIX_UNDONE: "RollBack",
    Announcement.FIX_FAILED: "Execute",
    Announcement.FIX_HELD: "Execute",
}
"""What was being done: the action of an Event."""

_GOOD = (Announcement.FIX_APPROVED, Announcement.FIX_APPLIED, Announcement.FIX_VERIFIED)

_OF_APPROVALS = (Announcement.FIX_APPROVED, Announcement.FIX_REFUSED)


async def announce(
    context: Context, diagnosis: Diagnosis, reason: Announcement, message: str
) -> None:
    """Write one Event on the Diagnosis and one on its target, each once for a run.

    `message` says what happened; option, Diagnosis and approver are put before it. Never raises,
    and returns after 3 seconds at the latest.
    """
    await write_all(context, diagnosis, announcements(context, diagnosis, reason, message))


async def write_all(context: Context, diagnosis: Diagnosis, told: Sequence[Announced]) -> None:
    """Log what is told, and write Events about it.

    Never raises, returns after 3 seconds at the latest.
    """
    for announced in told[:1]:  # the Event on the Diagnosis; the target's says the same
        log.info("%s: %s", announced.reason, announced.message)
    try:
        async with asyncio.timeout(_PATIENCE):
            await asyncio.gather(*(_write(context, announced) for announced in told))
    except TimeoutError:
        reasons = {announced.reason for announced in told}
        log.warning("%s/%s: %s was not announced in time", *diagnosis.key, ", ".join(reasons))


async def _write(context: Context, announced: Announced) -> None:
    try:
        await write_event(context.client, announced)
    except ClusterError as error:
        log.warning("%s of %s was not announced: %s", announced.reason, announced.about, error)


def announcements(
    context: Context, diagnosis: Diagnosis, reason: Announcement, message: str
) -> tuple[Announced, Announced]:
    """Return the Events, on the Diagnosis and on its target."""
    of_diagnosis, of_target = (
        Announced(
            about=about,
            uid=uid,
            reason=reason.value,
            action=_ACTIONS[reason],
            message=f"{_whose(diagnosis)}: {redact(message)}",
            warning=reason not in _GOOD,
            at=context.clock(),
            key=f"{diagnosis.metadata.uid}/{_occasion(diagnosis, reason)}",
        )
        for about, uid in both(diagnosis)
    )
    return of_diagnosis, of_target


def both(diagnosis: Diagnosis) -> tuple[tuple[ObjectRef, str], tuple[ObjectRef, str]]:
    """Return whom Events are about: the Diagnosis and its target, each with its UID."""
    observed = diagnosis.status.observed_target
    uid = observed.uid if observed else diagnosis.spec.target.uid or ""
    return (diagnosis.ref, diagnosis.metadata.uid), (target_ref(diagnosis), uid)


def _whose(diagnosis: Diagnosis) -> str:
    approval = diagnosis.status.approval
    name = f"Diagnosis {diagnosis.metadata.name}"
    if approval is None:
        return name
    return f"option {approval.digest} of {name}, approved by {approval.by or 'an unknown user'}"


def _occasion(diagnosis: Diagnosis, reason: Announcement) -> str:
    """Return what tells one time from another: the run, and before there is one the approval.

    Times are compared as they are stored, in seconds.
    """
    approval, execution = diagnosis.status.approval, diagnosis.status.execution
    if execution is not None and reason not in _OF_APPROVALS:
        return execution.run or f"{execution.started_at:%Y-%m-%dT%H:%M:%S}"
    return f"{approval.digest}@{approval.at:%Y-%m-%dT%H:%M:%S}" if approval else ""
