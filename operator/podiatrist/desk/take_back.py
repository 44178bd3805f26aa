"""Takes back a fix that was carried out: the recorded inverse, sent with the user's own rights.

The inverse tests what it replaces, and the mark that the fix left. So it either finds the object
as the fix left it, or changes nothing.
"""

from dataclasses import dataclass, field

from podiatrist.actions.base import Object
from podiatrist.actions.marker import marker_on
from podiatrist.actions.patches import (
    changes_of,
    is_applied,
    is_at,
    is_same_object,
    parts_of,
    unmet,
)
from podiatrist.api import names
from podiatrist.api.diagnosis import AppliedPatch, Diagnosis, ObjectRef, State
from podiatrist.cluster.errors import ConflictError, NotFoundError, RefusedError
from podiatrist.cluster.field_managers import FieldOwner, at, described, owner_of
from podiatrist.desk.errors import EndedBadlyError, NotDoneError
from podiatrist.lifecycle.context import Context
from podiatrist.lifecycle.execution.marked import Run, ensure_undone
from podiatrist.lifecycle.execution.outcome import Outcome
from podiatrist.lifecycle.execution.recorded import not_what_was_approved, run_of
from podiatrist.lifecycle.options.dry_run import dry_run
from podiatrist.lifecycle.options.replan import read

_MARK = ("metadata", "annotations", names.FIX)


@dataclass(frozen=True)
class WayBack:
    """How a fix would be taken back: the inverse patches that are still due, and their diff."""

    title: str
    patches: list[AppliedPatch]
    """In the order in which they are sent: the last one of the fix first."""
    diff: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    """What is back already, and what cannot be taken back."""


async def way_back(context: Context, diagnosis: Diagnosis) -> WayBack:
    """Return how the fix of a Diagnosis is taken back now.

    Raises NotDoneError where there is nothing to take back, or somebody changed an object since:
    it says who. Raises ClusterError.
    """
    inverse = _recorded_inverse(diagnosis)
    due: list[AppliedPatch] = []
    remarks: list[str] = []
    live: dict[ObjectRef, Object] = {}
    for patch in reversed(inverse):
        try:
            raw = await read(context, patch.object)
        except NotFoundError:
            raise NotDoneError(f"{patch.object} is gone: there is nothing to undo") from None
        obstacle = foreign_change(raw, patch, run_of(diagnosis).marker)
        if obstacle is not None:
            raise NotDoneError(f"not undone, nothing was changed: {obstacle}")
        if marker_on(raw) != run_of(diagnosis).marker:
            remarks.append(f"{patch.object} is as it was already")
            continue
        due.append(patch)
        live[patch.object] = raw
    if not due:
        raise NotDoneError(f"there is nothing to undo: {'; '.join(remarks)}")
    try:
        diff = (await dry_run(context, due, live)).diff
    except (RefusedError, ConflictError) as error:
        raise RefusedError(f"the API server would refuse to undo it: {error}") from None
    remarks += _kept(diagnosis)
    return WayBack(_title(diagnosis), due, diff, remarks)


async def take_back(context: Context, diagnosis: Diagnosis, back: WayBack, manager: str) -> None:
    """Take a fix back; `manager` is the field manager of the writes.

    Raises NotDoneError where nothing was changed, EndedBadlyError where only a part was, and
    UnreachableError.
    """
    run = Run(run_of(diagnosis).marker, manager)
    done: list[str] = []
    for patch in back.patches:
        outcome, message = await ensure_undone(context, patch, run)
        if outcome is Outcome.DONE:
            done.append(str(patch.object))
        elif done:
            raise EndedBadlyError(f"undone in {', '.join(done)} only: {message}")
        else:
            raise NotDoneError(f"nothing was changed: {message}")


def foreign_change(raw: Object, inverse: AppliedPatch, marker: str) -> str | None:
    """Return who changed an object since the fix, as far as the API server tells.

    None where it is as the fix left it, or as it was before.
    """
    what = str(inverse.object)
    if not is_same_object(raw, inverse.patch):
        return f"{what} was deleted and made anew"
    mark = marker_on(raw)
    if mark != marker and is_applied(raw, inverse.patch):
        return None
    changed = [c.path for c in changes_of(inverse.patch) if not is_at(raw, c.path, c.old)]
    changed = changed or [parts_of(path) for path in unmet(raw, inverse.patch)]
    if changed:
        fields = ", ".join(".".join(path) for path in changed)
        return f"{what} was changed since by {_who(raw, changed[0])}: {fields}"
    if mark is None:
        return f"{what} no longer says that it is from this fix: somebody took {names.FIX} away"
    if mark != marker:
        return f"a later fix changed {what}: {mark.partition('/')[0]}"
    return None


def _who(raw: Object, path: tuple[str, ...]) -> str:
    """Return who set a field last; of one that is gone, who owns what it was in."""
    owner: FieldOwner | None = None
    for length in range(len(path), 0, -1):
        owner = owner_of(raw, path[:length])
        if owner is not None:
            break
    if owner is None:
        return "somebody (nobody is on record)"
    return f"{described(owner.manager, owner.subresource)} {at(owner.time)}"


def _recorded_inverse(diagnosis: Diagnosis) -> list[AppliedPatch]:
    """Return the inverse of what was carried out. Raises NotDoneError where there is none."""
    name, state = diagnosis.metadata.name, diagnosis.status.state
    execution = diagnosis.status.execution
    if execution is None:
        raise NotDoneError(f"no fix of {name} was carried out: there is nothing to undo")
    if state in (State.EXECUTING, State.VERIFYING):
        raise NotDoneError(
            f"the fix of {name} is being {'carried out' if state is State.EXECUTING else 'checked'}"
            ", and undone by itself where it does not help; wait for its end"
        )
    if state is State.ROLLED_BACK:
        raise NotDoneError(f"the fix of {name} did not help and was undone already")
    if not execution.inverse:
        raise NotDoneError(f"what the fix of {name} did cannot be undone{_deleted(diagnosis)}")
    forged = not_what_was_approved(diagnosis)
    if forged is not None:
        raise NotDoneError(f"not undone, nothing was changed: {forged}")
    return execution.inverse


def _kept(diagnosis: Diagnosis) -> list[str]:
    execution = diagnosis.status.execution
    patches = execution.patches if execution else []
    return [f"{p.object} stays deleted" for p in patches if p.verb == "delete"]


def _deleted(diagnosis: Diagnosis) -> str:
    kept = _kept(diagnosis)
    return f": {'; '.join(kept)}" if kept else ""


def _title(diagnosis: Diagnosis) -> str:
    approval = diagnosis.status.approval
    option = diagnosis.option(approval.digest) if approval else None
    return option.title if option else "the fix"
