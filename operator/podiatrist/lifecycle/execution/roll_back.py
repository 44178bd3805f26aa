"""Step `roll back`: the fix did not help, so everything is put back as it was."""

from podiatrist.api.conditions import Reason, condition, set_condition
from podiatrist.api.diagnosis import Diagnosis
from podiatrist.lifecycle.approval.hold import hold, without_hold
from podiatrist.lifecycle.context import Context
from podiatrist.lifecycle.execution.recorded import not_what_was_approved
from podiatrist.lifecycle.execution.undo import undo


async def roll_back(context: Context, diagnosis: Diagnosis) -> float | None:
    """Apply the stored inverse, last patch first; leave alone what somebody else changed since."""
    execution = diagnosis.status.execution
    foreign = not_what_was_approved(diagnosis)
    why = condition(diagnosis.status, "Verified")
    because = without_hold(why.message) if why else ""
    if foreign is not None or execution is None:
        await _end(context, diagnosis, Reason.ROLLBACK_REFUSED, f"nothing was undone: {foreign}")
        return None
    undone = await undo(context, diagnosis, execution.inverse)
    if undone.held is not None:
        return await hold(context, diagnosis, "Verified", undone.held)
    execution.undone = undone.count
    deleted = [p.object.name for p in execution.patches if p.verb == "delete"]
    if undone.problems:
        left = (
            f"was undone in {undone.count} object(s) only" if undone.count else "was left in place"
        )
        message = f"the fix did not help and {left}: {'; '.join(undone.problems)}. {because}"
        await _end(context, diagnosis, Reason.ROLLBACK_REFUSED, message)
    elif not execution.inverse:
        message = f"the fix did not help, and there was nothing to undo. {because}"
        await _end(context, diagnosis, Reason.ROLLED_BACK, message)
    else:
        but = f" (not the deletion of {', '.join(deleted)})" if deleted else ""
        message = f"the fix did not help and was undone{but}. {because}"
        await _end(context, diagnosis, Reason.ROLLED_BACK, message)
    return None


async def _end(context: Context, diagnosis: Diagnosis, reason: Reason, message: str) -> None:
    set_condition(diagnosis, "Verified", "False", reason, message, context.clock())
    await context.store.write_status(diagnosis)
