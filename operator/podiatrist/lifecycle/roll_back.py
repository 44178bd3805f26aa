"""Step `roll back`: the fix did not help, so everything is put back as it was."""

from podiatrist.api.conditions import Reason, condition, set_condition
from podiatrist.api.diagnosis import Diagnosis
from podiatrist.lifecycle.apply import ensure_applied
from podiatrist.lifecycle.context import Context
from podiatrist.lifecycle.execute import not_what_was_approved
from podiatrist.lifecycle.outcome import Outcome


async def roll_back(context: Context, diagnosis: Diagnosis) -> float | None:
    """Apply the stored inverse, last patch first; stop where somebody else changed the object."""
    execution = diagnosis.status.execution
    foreign = not_what_was_approved(diagnosis)
    if foreign is not None:
        message = f"nothing was undone: {foreign}"
        reason = Reason.ROLLBACK_REFUSED
        set_condition(diagnosis, "Verified", "False", reason, message, context.clock())
        await context.store.write_status(diagnosis)
        return None
    why = condition(diagnosis.status, "Verified")
    because = why.message if why else ""
    problems: list[str] = []
    for inverse in reversed(execution.inverse if execution else []):
        outcome, message = await ensure_applied(context, inverse)
        if outcome is not Outcome.DONE:
            problems.append(message)
    deleted = []
    if execution is not None:
        execution.undone = len(execution.inverse) - len(problems)
        deleted = [p.object.name for p in execution.patches if p.verb == "delete"]
    if execution is not None and not execution.inverse:
        message = f"the fix did not help, and there was nothing to undo. {because}"
        reason = Reason.ROLLED_BACK
    elif problems:
        message = f"the fix did not help and was left in place: {'; '.join(problems)}. {because}"
        reason = Reason.ROLLBACK_REFUSED
    else:
        but = f" (not the deletion of {', '.join(deleted)})" if deleted else ""
        message = f"the fix did not help and was undone{but}. {because}"
        reason = Reason.ROLLED_BACK
    set_condition(diagnosis, "Verified", "False", reason, message, context.clock())
    await context.store.write_status(diagnosis)
    return None
