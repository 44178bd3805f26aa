"""Decides what happens next to a Diagnosis, from what is written in it and nothing else.

Each step ends by writing its result into the status; so whoever starts (again) at any point
continues from there. Which process carries a step out is part of the step: the operator never
touches a workload, the executor never thinks one up.
"""

from enum import StrEnum

from podiatrist.api import names
from podiatrist.api.conditions import OVER, Reason, derive_state, has, reason_of
from podiatrist.api.diagnosis import Diagnosis
from podiatrist.api.text import clip


class Step(StrEnum):
    """One thing to do for a Diagnosis."""

    NOTHING = "nothing"
    INVESTIGATE = "investigate"
    RECHECK = "recheck"
    CONSULT = "consult"
    REJECT = "reject"
    PREVIEW = "preview"
    JUDGE_APPROVAL = "judge approval"
    EXECUTE = "execute"
    VERIFY = "verify"
    ROLL_BACK = "roll back"


OPERATOR_STEPS = frozenset({Step.INVESTIGATE, Step.RECHECK, Step.REJECT})
CONSULTANT_STEPS = frozenset({Step.CONSULT})
"""The operator's as well, but minutes long: they have a queue and workers of their own."""
EXECUTOR_STEPS = frozenset(
    {Step.PREVIEW, Step.JUDGE_APPROVAL, Step.EXECUTE, Step.VERIFY, Step.ROLL_BACK}
)


def next_steps(diagnosis: Diagnosis) -> tuple[Step, ...]:
    """Return what is to be done now; several where more than one of the roles has work."""
    if diagnosis.annotation(names.PAUSE) is not None:
        return (Step.NOTHING,)
    begun = _after_approval(diagnosis)
    if begun is not None:
        return (begun,)
    if retry_asked(diagnosis):
        return (Step.INVESTIGATE,)
    if derive_state(diagnosis.status) in OVER:
        return (Step.NOTHING,)
    if not (has(diagnosis, "Diagnosed", "True") or has(diagnosis, "Diagnosed", "False")):
        return (Step.INVESTIGATE,)
    if diagnosis.annotation(names.REJECT) is not None:
        return (Step.REJECT,)
    beside = () if consulted(diagnosis) else (Step.CONSULT,)
    if any(option.preview is None for option in diagnosis.status.options):
        return (Step.PREVIEW, Step.RECHECK, *beside)
    if approval_unread(diagnosis):
        return (Step.JUDGE_APPROVAL, Step.RECHECK, *beside)
    return (Step.RECHECK, *beside)


def consulted(diagnosis: Diagnosis) -> bool:
    """Whether it is settled what a model says, or that none is asked."""
    return has(diagnosis, "Consulted", "True") or has(diagnosis, "Consulted", "False")


def _after_approval(diagnosis: Diagnosis) -> Step | None:
    """Return the step of a Diagnosis in which a write was approved or begun, None otherwise.

    These go first: what was begun is brought to its end, whatever else is asked for.
    """
    if has(diagnosis, "Executed", "Unknown"):
        return Step.EXECUTE
    if has(diagnosis, "Executed", "True"):
        if not has(diagnosis, "Approved", "True"):
            return None  # it is part of what was approved to check and to undo it, and of that only
        if has(diagnosis, "Verified", "False"):
            undone = reason_of(diagnosis, "Verified") != Reason.FIX_DID_NOT_HELP
            return None if undone else Step.ROLL_BACK
        return None if has(diagnosis, "Verified", "True") else Step.VERIFY
    if has(diagnosis, "Approved", "True") and not has(diagnosis, "Executed", "False"):
        return Step.EXECUTE
    return None


def retry_asked(diagnosis: Diagnosis) -> bool:
    """Whether the retry annotation holds a value that was not acted upon yet."""
    asked = token(diagnosis, names.RETRY)
    return asked is not None and asked != diagnosis.status.handled_retry


def token(diagnosis: Diagnosis, annotation: str) -> str | None:
    """Return an annotation in the form in which the status stores it once it is handled.

    Compared in any other form, a value that is too long or holds odd characters would never
    count as handled.
    """
    value = diagnosis.annotation(annotation)
    return None if value is None else clip(value, 64)


def approval_unread(diagnosis: Diagnosis) -> bool:
    """Whether the approve annotation changed since the executor last read it.

    An annotation is a token handled exactly once: a digest that was refused stays refused, even
    if an option of that digest turns up later. Removing it and approving again is a new token.
    """
    read = diagnosis.status.approval
    return token(diagnosis, names.APPROVE) != (read.digest if read else None)
