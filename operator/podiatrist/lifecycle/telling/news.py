"""Tells of what a step of the executor wrote: from the conditions before and after it."""

from collections.abc import Awaitable, Callable, Sequence

from podiatrist.api.conditions import Reason
from podiatrist.api.diagnosis import Condition, Diagnosis
from podiatrist.lifecycle.approval.hold import is_held
from podiatrist.lifecycle.context import Context
from podiatrist.lifecycle.telling.announce import Announcement, announce

_NEWS: dict[tuple[str, str], Announcement] = {
    ("Approved", "True"): Announcement.FIX_APPROVED,
    ("Approved", "False"): Announcement.FIX_REFUSED,
    ("Executed", "True"): Announcement.FIX_APPLIED,
    ("Executed", "False"): Announcement.FIX_FAILED,
    ("Verified", "True"): Announcement.FIX_VERIFIED,
    ("Verified", "False"): Announcement.FIX_FAILED,
}
_REASONS = {
    Reason.ROLLED_BACK.value: Announcement.FIX_UNDONE,
    Reason.FIX_DID_NOT_HELP.value: None,  # what becomes of it is told when it is undone
}
"""Where the reason tells more than the status; None: nothing to announce yet."""


def telling(
    step: Callable[[Context, Diagnosis], Awaitable[float | None]],
) -> Callable[[Context, Diagnosis], Awaitable[float | None]]:
    """Return a step that, once its result is written, announces what is new in it."""

    async def told(context: Context, diagnosis: Diagnosis) -> float | None:
        before = [c.model_copy() for c in diagnosis.status.conditions]
        after = await step(context, diagnosis)
        for announcement, message in news(before, diagnosis.status.conditions):
            await announce(context, diagnosis, announcement, message)
        return after

    return told


def news(before: Sequence[Condition], after: Sequence[Condition]) -> list[tuple[Announcement, str]]:
    """Return what changed between two readings of the conditions and is worth an Event."""
    known = {c.type: c for c in before}
    found = []
    for condition in after:
        old = known.get(condition.type)
        if is_held(condition.message) and not (old and is_held(old.message)):
            found.append((Announcement.FIX_HELD, condition.message))
        elif old is None or (old.status, old.reason) != (condition.status, condition.reason):
            usual = _NEWS.get((condition.type, condition.status))
            announcement = _REASONS.get(condition.reason, usual)
            if announcement is not None:
                found.append((announcement, condition.message))
    return found
