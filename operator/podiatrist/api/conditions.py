"""Conditions: past-tense facts on a Diagnosis, and the one-word state derived from them."""

from datetime import datetime
from enum import StrEnum
from typing import Literal

from podiatrist.api.diagnosis import Condition, Diagnosis, State, Status

ConditionType = Literal["Diagnosed", "Consulted", "Previewed", "Approved", "Executed", "Verified"]
ConditionStatus = Literal["True", "False", "Unknown"]


class Reason(StrEnum):
    """The reasons our conditions give; code compares these, people read the message."""

    # Diagnosed
    CAUSE_FOUND = "CauseFound"
    NOTHING_FOUND = "NothingFound"
    TARGET_NOT_FOUND = "TargetNotFound"
    TARGET_REPLACED = "TargetReplaced"
    TARGET_CHANGED = "TargetChanged"
    KIND_NOT_SUPPORTED = "KindNotSupported"
    # Consulted
    NO_MODEL = "NoModel"
    NOT_NEEDED = "NotNeeded"
    CONSULTING = "Consulting"
    MODEL_ANSWERED = "ModelAnswered"
    NOTHING_USABLE = "NothingUsable"
    MODEL_FAILED = "ModelFailed"
    BUDGET_SPENT = "BudgetSpent"
    # Previewed
    DRY_RUN_PASSED = "DryRunPassed"
    DRY_RUN_REFUSED = "DryRunRefused"
    # Approved
    DIGEST_MATCHED = "DigestMatched"
    UNKNOWN_DIGEST = "UnknownDigest"
    STALE_DIGEST = "StaleDigest"
    ALREADY_HANDLED = "AlreadyHandled"
    OPTION_NOT_RUNNABLE = "OptionNotRunnable"
    SYMPTOM_GONE = "SymptomGone"
    POLICY_MISSING = "PolicyMissing"
    SWITCHED_OFF = "SwitchedOff"
    WITHDRAWN = "Withdrawn"
    REJECTED = "Rejected"
    EXPIRED = "Expired"
    # Executed
    STARTED = "Started"
    PATCHES_APPLIED = "PatchesApplied"
    PATCH_REFUSED = "PatchRefused"
    NOT_WHAT_WAS_APPROVED = "NotWhatWasApproved"
    TARGET_INTERFERED = "ChangedByOthers"
    # Verified
    WAITING_FOR_ROLLOUT = "WaitingForRollout"
    GOT_WORSE = "GotWorse"
    SOAKING = "Soaking"
    CHECKS_PASSED = "ChecksPassed"
    FIX_DID_NOT_HELP = "FixDidNotHelp"
    FIX_REVERTED = "FixReverted"
    CANNOT_VERIFY = "CannotVerify"
    ROLLED_BACK = "RolledBack"
    ROLLBACK_REFUSED = "RollbackRefused"
    WENT_AWAY = "WentAway"


UNDIAGNOSABLE = frozenset(
    {Reason.TARGET_NOT_FOUND, Reason.TARGET_REPLACED, Reason.KIND_NOT_SUPPORTED}
)
"""Reasons of Diagnosed=False that looking again does not mend."""

OVER = frozenset(
    {
        State.SUCCEEDED,
        State.ROLLED_BACK,
        State.FAILED,
        State.RESOLVED,
        State.REJECTED,
    }
)
"""States in which the story has ended; only the retry annotation opens it again.

An approval that came too late ends nothing: the option waits for a fresh one (Expired).
"""


def condition(status: Status, kind: ConditionType) -> Condition | None:
    """Return the condition of that type, None where it was never set."""
    return next((c for c in status.conditions if c.type == kind), None)


def has(diagnosis: Diagnosis, kind: ConditionType, value: ConditionStatus) -> bool:
    """Say whether a condition has that status."""
    found = condition(diagnosis.status, kind)
    return found is not None and found.status == value


def reason_of(diagnosis: Diagnosis, kind: ConditionType) -> str | None:
    """Return a condition's reason, None where it was never set."""
    found = condition(diagnosis.status, kind)
    return found.reason if found else None


def set_condition(
    diagnosis: Diagnosis,
    kind: ConditionType,
    value: ConditionStatus,
    reason: Reason,
    message: str,
    now: datetime,
) -> None:
    """Set a condition in place. Its transition time moves only if status or reason changed."""
    old = condition(diagnosis.status, kind)
    same = old is not None and old.status == value and old.reason == reason
    new = Condition(
        type=kind,
        status=value,
        reason=reason.value,
        message=message,
        last_transition_time=old.last_transition_time if old and same else now,
        observed_generation=diagnosis.metadata.generation,
    )
    kept = [c for c in diagnosis.status.conditions if c.type != kind]
    diagnosis.status.conditions = [*kept, new]


def drop_condition(diagnosis: Diagnosis, *kinds: ConditionType) -> None:
    """Remove conditions in place: their fact is no longer one."""
    diagnosis.status.conditions = [c for c in diagnosis.status.conditions if c.type not in kinds]


def derive_state(status: Status) -> State:
    """Return the one-word state that the conditions amount to.

    While a model is being asked and the rules have nothing to offer, the story is still being
    investigated; options of the rules can be approved meanwhile.
    """
    diagnosed, approved, executed, verified = (
        condition(status, kind) for kind in ("Diagnosed", "Approved", "Executed", "Verified")
    )
    if executed is not None:
        if executed.status == "Unknown":
            return State.EXECUTING
        if executed.status == "False":
            return State.FAILED
        if verified is None or verified.status == "Unknown":
            return State.VERIFYING
        if verified.status == "True":
            return State.SUCCEEDED
        return {
            Reason.ROLLED_BACK.value: State.ROLLED_BACK,
            Reason.ROLLBACK_REFUSED.value: State.FAILED,
            Reason.FIX_REVERTED.value: State.FAILED,
            Reason.CANNOT_VERIFY.value: State.FAILED,
        }.get(verified.reason, State.VERIFYING)
    if verified is not None and verified.status == "True":
        return State.RESOLVED
    if approved is not None:
        if approved.status == "True":
            return State.EXECUTING
        if approved.reason == Reason.REJECTED:
            return State.REJECTED
        if approved.reason == Reason.EXPIRED:
            return State.EXPIRED
    if diagnosed is None or diagnosed.status == "Unknown":
        return State.INVESTIGATING
    if diagnosed.status == "False":
        return State.FAILED
    if any(option.preview is None or option.preview.ok for option in status.options):
        return State.AWAITING_APPROVAL
    asked = condition(status, "Consulted")
    under_way = asked is not None and asked.status == "Unknown"
    return State.INVESTIGATING if under_way and not status.options else State.NEEDS_HUMAN
