"""Sends the patches of a fix, and finds out after a crash whether one went through.

Each patch carries the mark of its run (`actions.marker`). An object that bears the mark has had
the patch, whatever it looks like by now; one that does not, and is untouched since the intent was
recorded, has not. Of anything else nobody can tell, and it is left alone.
"""

from dataclasses import dataclass

from podiatrist.actions.base import Object
from podiatrist.actions.marker import generation_of, marker_on, marking, unmarking
from podiatrist.actions.patches import Patch, is_applied, would_apply
from podiatrist.api.diagnosis import AppliedPatch
from podiatrist.cluster.errors import NotFoundError, RefusedError
from podiatrist.cluster.kinds import Kind
from podiatrist.lifecycle.context import Context
from podiatrist.lifecycle.execution.apply import kind_to_patch
from podiatrist.lifecycle.execution.outcome import Outcome

_TRIES = 5
"""How often an object without a generation is read and patched before it counts as refused."""

Result = tuple[Outcome, str]
"""What became of a patch, and why."""


@dataclass(frozen=True)
class Run:
    """One run of an option: the mark it leaves, and the name its writes go by."""

    marker: str
    field_manager: str


async def is_untouched(context: Context, patch: AppliedPatch, run: Run, generation: int) -> bool:
    """Say whether a patch was certainly not sent: the object is as when the intent was recorded.

    Raises ClusterError.
    """
    kind = kind_to_patch(patch)
    try:
        raw = await _get(context, kind, patch)
    except NotFoundError:
        return False
    return marker_on(raw) != run.marker and _untouched(raw, patch, generation)


async def ensure_fixed(context: Context, patch: AppliedPatch, run: Run, generation: int) -> Result:
    """Send one patch of a fix unless it went through already.

    `generation` is that of the object when the intent was recorded. Raises UnreachableError where
    nobody can say: the caller comes back later and asks again.
    """
    kind, refusal = kind_to_patch(patch), ""
    try:
        for _ in range(_TRIES):
            raw = await _get(context, kind, patch)
            if marker_on(raw) == run.marker:
                return Outcome.DONE, f"{patch.object} patched"
            if not _untouched(raw, patch, generation):
                changed = f"somebody else changed {patch.object} in the meantime"
                return Outcome.FOREIGN_CHANGE, changed
            operations = marking(patch.patch, raw, run.marker, generation)
            try:
                await _send(context, kind, patch, operations, run)
            except RefusedError as error:
                # Another executor may have been quicker, or a human, between look and patch; or
                # the status of an object without a generation moved. The next look tells.
                refusal = str(error)
                if generation and _untouched(await _get(context, kind, patch), patch, generation):
                    break
            else:
                return Outcome.DONE, f"{patch.object} patched"
    except NotFoundError:
        return Outcome.FOREIGN_CHANGE, f"{patch.object} is gone"
    return Outcome.REFUSED, f"the API server refused to change {patch.object}: {refusal}"


async def ensure_undone(context: Context, inverse: AppliedPatch, run: Run) -> Result:
    """Send one inverse patch unless the object is back already.

    What somebody else changed since is not overwritten. Raises UnreachableError.
    """
    kind = kind_to_patch(inverse)
    try:
        raw = await _get(context, kind, inverse)
        if marker_on(raw) != run.marker or not would_apply(raw, inverse.patch):
            return _left_alone(raw, inverse)
        await _send(context, kind, inverse, unmarking(inverse.patch, run.marker), run)
    except NotFoundError:
        return Outcome.FOREIGN_CHANGE, f"{inverse.object} is gone"
    except RefusedError as error:
        raw = await _get(context, kind, inverse)
        if marker_on(raw) == run.marker and would_apply(raw, inverse.patch):
            return Outcome.REFUSED, f"the API server refused to undo {inverse.object}: {error}"
        return _left_alone(raw, inverse)
    return Outcome.DONE, f"{inverse.object} is as it was"


def _left_alone(raw: Object, inverse: AppliedPatch) -> Result:
    if is_applied(raw, inverse.patch):
        return Outcome.DONE, f"{inverse.object} is as it was"
    return Outcome.FOREIGN_CHANGE, f"somebody else changed {inverse.object} since"


def _untouched(raw: Object, patch: AppliedPatch, generation: int) -> bool:
    """Whether an object without our mark is the one that the intent was recorded for."""
    same = not generation or generation_of(raw) == generation
    return same and would_apply(raw, patch.patch)


async def _get(context: Context, kind: Kind, patch: AppliedPatch) -> Object:
    return await context.client.get(kind, patch.object.namespace, patch.object.name)


async def _send(
    context: Context, kind: Kind, patch: AppliedPatch, operations: Patch, run: Run
) -> None:
    await context.client.json_patch(
        kind,
        patch.object.namespace,
        patch.object.name,
        operations,
        field_manager=run.field_manager,
    )
