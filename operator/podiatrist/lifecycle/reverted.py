"""Notices that a fix was taken back after it had succeeded, and says by whom."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from podiatrist.actions.base import Object
from podiatrist.actions.patches import changes_of, is_at, is_same_place, pointer
from podiatrist.api import names
from podiatrist.api.diagnosis import AppliedPatch, Diagnosis, ObjectRef, State
from podiatrist.cluster.field_managers import FieldOwner, at, described, owner_of
from podiatrist.cluster.snapshot import Snapshot
from podiatrist.cluster.store import is_about
from podiatrist.lifecycle.context import Context

_MOST = 8


@dataclass(frozen=True)
class Reverted:
    """One field that a fix had set and that is back at its old value.

    `path` is its JSON pointer; `by` is who is known to have set it last.
    """

    object: ObjectRef
    path: str
    by: FieldOwner | None


def reverted(patches: Sequence[AppliedPatch], live: Mapping[ObjectRef, Object]) -> list[Reverted]:
    """Return the fields that patches had set and that are back at their old value.

    Fields that have a third value by now were changed, not taken back; an object made anew, one
    whose lists hold other elements there, or one that is not in `live`, tells nothing.
    """
    found = []
    for patch in patches:
        raw = live.get(patch.object)
        if patch.verb != "patch" or raw is None or not is_same_place(raw, patch.patch):
            continue
        found += [
            Reverted(patch.object, pointer(change.path), owner_of(raw, change.path))
            for change in changes_of(patch.patch)
            if is_at(raw, change.path, change.old) and not is_at(raw, change.path, change.new)
        ]
    return found


def by_whom(fields: Sequence[Reverted]) -> str:
    """Return who took a fix back, and when, as the end of a sentence; the last one counts."""
    owners = [field.by for field in fields if field.by is not None]
    if not owners:
        return "by somebody (nobody is on record as the one who set it)"
    timed = [owner for owner in owners if owner.time is not None]
    last = max(timed, key=lambda owner: str(owner.time)) if timed else owners[0]
    return f"by {described(last.manager, last.subresource)} {at(last.time)}"


async def tell_taken_back(context: Context, diagnosis: Diagnosis, snapshot: Snapshot) -> None:
    """Say in a later episode, in place, that the fix of the one before is not there any more."""
    if names.episode_of(diagnosis.metadata.name) == 1:
        return
    before = _last_before(await context.store.in_namespace(diagnosis.key[0]), diagnosis, snapshot)
    said = _taken_back(before, snapshot) if before else None
    if before is None or said is None:
        return
    status = diagnosis.status
    status.summary = f"{said[0].upper()}{said[1:]}: {status.summary or ''}"
    status.root_cause = f"{said[0].upper()}{said[1:]}. {status.root_cause or ''}".strip()
    status.related_to = [*causes(diagnosis)[: _MOST - 1], before.ref]


def causes(diagnosis: Diagnosis) -> list[ObjectRef]:
    """Return the related Diagnoses that are about other objects: an earlier episode is no cause."""
    own = _family(diagnosis.metadata.name)
    return [ref for ref in diagnosis.status.related_to if _family(ref.name) != own]


def _family(name: str) -> str:
    """Return what the names of all episodes of a workload begin with."""
    return name if names.episode_of(name) == 1 else name.rsplit("-", 1)[0]


def _last_before(
    known: Sequence[Diagnosis], diagnosis: Diagnosis, snapshot: Snapshot
) -> Diagnosis | None:
    """Return the episode before this one; `known` are all of the namespace."""
    number = names.episode_of(diagnosis.metadata.name)
    earlier = [
        other
        for other in known
        if _family(other.metadata.name) == _family(diagnosis.metadata.name)
        and names.episode_of(other.metadata.name) < number
        and is_about(other, snapshot.metadata.uid)
    ]
    return max(earlier, key=lambda d: names.episode_of(d.metadata.name), default=None)


def _taken_back(before: Diagnosis, snapshot: Snapshot) -> str | None:
    """Return that the fix of an episode was taken back and by whom, None where it was not."""
    execution, approval = before.status.execution, before.status.approval
    if before.status.state is not State.SUCCEEDED or execution is None:
        return None
    found = {patch.object: snapshot.find(patch.object) for patch in execution.patches}
    live = {ref: raw for ref, raw in found.items() if raw is not None}
    fields = reverted(execution.patches, live)
    if not fields:
        return None
    option = before.option(approval.digest) if approval else None
    what = f" ({option.title})" if option else ""
    return f"the fix of {before.metadata.name}{what} was taken back {by_whom(fields)}"
