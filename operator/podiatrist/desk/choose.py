"""Which option somebody means, and whether it can be approved now."""

from datetime import datetime, timedelta
from enum import Enum, auto

from podiatrist.api import names
from podiatrist.api.conditions import OVER, Reason, condition, has
from podiatrist.api.diagnosis import Diagnosis, Option, State
from podiatrist.desk.errors import ChoiceError, NotDoneError
from podiatrist.lifecycle.approval.approval_age import approved_at
from podiatrist.lifecycle.next_step import token

_JUST_NOW = timedelta(minutes=1)


def choose_option(diagnosis: Diagnosis, asked: str | None) -> Option:
    """Return the option of a number or digest; without one, the only one that can run.

    Raises ChoiceError where it is not clear which one is meant, NotDoneError where there is none.
    """
    options = diagnosis.status.options
    name = diagnosis.metadata.name
    if not options:
        raise NotDoneError(f"{name} has no option to approve: {_why_none(diagnosis)}")
    if asked is None:
        runnable = [o for o in options if o.preview is not None and o.preview.ok]
        if len(runnable) == 1:
            return runnable[0]
        if not runnable:
            raise NotDoneError(f"no option of {name} can run:\n{_listed(options)}")
        raise ChoiceError(f"{name} has several options; say which:\n{_listed(options)}")
    for number, option in enumerate(options, 1):
        if asked in (str(number), option.digest):
            return option
    if asked in diagnosis.status.superseded:
        raise ChoiceError(
            f"{asked} was offered before the target changed. The options now:\n{_listed(options)}"
        )
    raise ChoiceError(f"{name} has no option {asked}; there are:\n{_listed(options)}")


def check_named(diagnosis: Diagnosis, asked: str | None) -> None:
    """Raise NotDoneError where an option that nobody will be asked about has no digest to its name.

    Which option is number 1 changes with each look; a digest is what somebody saw, and no other.
    """
    options = diagnosis.status.options
    if options and asked not in [o.digest for o in options] + diagnosis.status.superseded:
        raise NotDoneError(
            "with --yes an option is named by the digest under which it was seen; nothing was "
            f"approved. The options of {diagnosis.metadata.name}:\n{_listed(options)}"
        )


def _why_none(diagnosis: Diagnosis) -> str:
    state = diagnosis.status.state
    if state is None or state is State.INVESTIGATING:
        return "it is still being investigated"
    if state in OVER:
        return f"it is over ({state.value})"
    return f"a human has to think. {diagnosis.status.summary or ''}".strip()


def _listed(options: list[Option]) -> str:
    return "\n".join(
        f"  {number}  {option.digest}  {option.risk.value:<6}  {option.title}{_unless(option)}"
        for number, option in enumerate(options, 1)
    )


def _unless(option: Option) -> str:
    if option.preview is None:
        return " (not tried yet)"
    return "" if option.preview.ok else f" (cannot run: {option.preview.message})"


class Standing(Enum):
    """What the approve annotation says of an option before anybody approves it (again)."""

    FRESH = auto()
    UNREAD = auto()
    """It names this option, and the executor has not looked at it yet."""
    USED = auto()
    """It names this option and was acted upon: it has to go before it can be set anew."""


def standing(diagnosis: Diagnosis, option: Option) -> Standing:
    """Say where an approval of an option would start from."""
    set_now = token(diagnosis, names.APPROVE)
    if set_now != option.digest:
        return Standing.FRESH
    read = diagnosis.status.approval
    return Standing.USED if read is not None and read.digest == set_now else Standing.UNREAD


def is_as_shown(diagnosis: Diagnosis, option: Option, now: datetime) -> bool:
    """Say whether the approve annotation, which names this option, is for it as it was shown.

    One that is minutes old may be for what stood there before, and expires soon. Without the
    stamp (Kubernetes before 1.36) nobody wrote down which preview was seen.
    """
    seen = diagnosis.annotation(names.APPROVED_PREVIEW)
    previewed = option.preview.id if option.preview is not None else None
    given = approved_at(diagnosis)
    return given is not None and now - given < _JUST_NOW and seen in (None, previewed)


def check_approvable(diagnosis: Diagnosis, option: Option) -> None:
    """Raise NotDoneError, with what to do, where an option cannot be approved now.

    Only what can be seen from here; who may approve is for admission to say.
    """
    name, state = diagnosis.metadata.name, diagnosis.status.state
    if state in OVER:
        assert state is not None
        raise NotDoneError(
            f"{name} is over ({state.value}); to have it looked at again: retry {name}"
        )
    if has(diagnosis, "Approved", "True"):
        approval = diagnosis.status.approval
        by = f" by {approval.by}" if approval and approval.by else ""
        what = f" {approval.digest}" if approval else ""
        raise NotDoneError(f"option{what} was approved already{by} and is being carried out")
    if option.preview is None:
        raise NotDoneError(
            f"option {option.digest} was not tried yet: wait some seconds, and if it stays so, "
            "see whether the executor runs"
        )
    if not option.preview.ok:
        raise NotDoneError(f"option {option.digest} cannot run: {option.preview.message}")


def last_refusal(diagnosis: Diagnosis) -> str | None:
    """Return why the last approval was not acted upon, None where none was refused."""
    said = condition(diagnosis.status, "Approved")
    if said is None or said.status != "False" or said.reason == Reason.REJECTED:
        return None
    return said.message
