"""Step `execute`: carry the approved option out, at most once.

The intent, with the exact patches and their inverse, stands in the status before the first patch
is sent (`intent.py`). Whoever finds it finishes it: each patch either went through, which its mark
tells (`marked.py`), or still fits and is sent, or meets a foreign change. Then what was done is
taken back, the last patch first: all or nothing.
"""

from podiatrist.actions.base import ActionError
from podiatrist.actions.catalog import parse_action
from podiatrist.actions.scope import check_scope
from podiatrist.api import names
from podiatrist.api.conditions import (
    Reason,
    condition,
    drop_condition,
    has,
    reason_of,
    set_condition,
)
from podiatrist.api.diagnosis import AppliedPatch, Diagnosis, Execution
from podiatrist.cluster.objects import PodSpec
from podiatrist.lifecycle.approval.hold import hold
from podiatrist.lifecycle.approval.intent import record_intent
from podiatrist.lifecycle.approval.judge_approval import bars, refuse
from podiatrist.lifecycle.approval.switch import held
from podiatrist.lifecycle.context import Context
from podiatrist.lifecycle.execution.delete import ensure_deleted, is_deleted
from podiatrist.lifecycle.execution.marked import Result, ensure_fixed, is_untouched
from podiatrist.lifecycle.execution.outcome import Outcome
from podiatrist.lifecycle.execution.recorded import not_what_was_approved, run_of
from podiatrist.lifecycle.execution.undo import undo
from podiatrist.lifecycle.look import target_ref
from podiatrist.lifecycle.next_step import token


async def execute(context: Context, diagnosis: Diagnosis) -> float | None:
    """Record the intent if there is none yet; otherwise bring it to its end."""
    if not has(diagnosis, "Executed", "Unknown"):
        await record_intent(context, diagnosis)
        return None
    execution = diagnosis.status.execution
    foreign = not_what_was_approved(diagnosis)
    if foreign is not None or execution is None:
        message = f"nothing more is done: {foreign}"
        await _end(context, diagnosis, Reason.NOT_WHAT_WAS_APPROVED, message)
        return None
    if reason_of(diagnosis, "Executed") != Reason.STARTED:
        return await _take_back(context, diagnosis, execution)
    return await _carry_out(context, diagnosis, execution)


async def _carry_out(context: Context, diagnosis: Diagnosis, execution: Execution) -> float | None:
    """Send what was not sent yet."""
    if await called_off(context, diagnosis, execution):
        return None
    for number, patch in enumerate(execution.patches):
        off = await held(context, diagnosis.metadata.namespace)
        if off is not None:
            return await hold(context, diagnosis, "Executed", off)
        outcome, message = await _ensure_done(context, diagnosis, execution, number, patch)
        if outcome is Outcome.DONE:
            continue
        reason = Reason.PATCH_REFUSED if outcome is Outcome.REFUSED else Reason.TARGET_INTERFERED
        execution.applied, execution.message = number, message
        if not number:
            await _end(context, diagnosis, reason, _nothing_done(diagnosis, outcome, message))
            return None
        # Written first: after a crash it is still known that it all goes back.
        set_condition(
            diagnosis, "Executed", "Unknown", reason, f"taking back {number} patch(es): {message}",
            context.clock(),
        )  # fmt: skip
        await context.store.write_status(diagnosis)
        return None
    execution.applied = len(execution.patches)
    execution.finished_at = context.clock()
    deleted = sum(p.verb == "delete" for p in execution.patches)
    message = f"{execution.applied - deleted} patch(es) applied"
    if deleted:
        message += f", {deleted} pod(s) deleted"
    execution.message = message
    set_condition(diagnosis, "Executed", "True", Reason.PATCHES_APPLIED, message, context.clock())
    await context.store.write_status(diagnosis)
    return None


def _nothing_done(diagnosis: Diagnosis, outcome: Outcome, message: str) -> str:
    """Say that nothing was done, or that nobody can tell: then a human has to look."""
    if outcome is Outcome.REFUSED:
        return f"nothing was done: {message}"
    namespace, name = diagnosis.key
    return (
        f"{message}. Whether the fix went through before that cannot be told, and nothing more is "
        f"done. To have it looked at again: kubectl -n {namespace} annotate diagnosis {name} "
        f"{names.RETRY}=1 --overwrite"
    )


async def called_off(context: Context, diagnosis: Diagnosis, execution: Execution) -> bool:
    """End what is not wanted any more, unless it was begun; say whether it was ended.

    What a patch began is finished: a half is worse than the whole. Where there are deletions only,
    nobody can tell whether the first pod went by our hand, and each pod that is left may stay.
    """
    going = await begun(context, diagnosis, execution)
    if going and any(patch.verb != "delete" for patch in execution.patches):
        return False
    refusal = await _too_late(context, diagnosis)
    if refusal is None or (going and refusal[0] is Reason.SWITCHED_OFF):
        return False
    reason, message = refusal
    if going:
        message = message.replace("nothing was done", "nothing more is done")
        await _end(context, diagnosis, reason, message)
    else:
        await _drop(context, diagnosis, reason, message)
    return True


async def begun(context: Context, diagnosis: Diagnosis, execution: Execution) -> bool:
    """Say whether anything of it may have been done: then what was said since does not undo it.

    The first patch tells, since none is sent before it: what befell the other objects meanwhile
    was not this run. Raises ClusterError.
    """
    for patch in execution.patches[:1]:
        if patch.verb == "delete":
            return await is_deleted(context, patch)
        known = _generation(execution, 0)
        return not await is_untouched(context, patch, run_of(diagnosis), known)
    return False


def _generation(execution: Execution, number: int) -> int:
    known = execution.generations
    return known[number] if number < len(known) else 0


async def _too_late(context: Context, diagnosis: Diagnosis) -> tuple[Reason, str] | None:
    """Return why an intent that was not begun is dropped, None where it goes on."""
    approval = diagnosis.status.approval
    if approval is None or token(diagnosis, names.APPROVE) != approval.digest:
        return Reason.WITHDRAWN, "nothing was done: the approval was taken back"
    if diagnosis.annotation(names.REJECT) is not None:
        return Reason.REJECTED, "rejected after it was approved; nothing was done"
    return await bars(context, diagnosis)


async def _drop(context: Context, diagnosis: Diagnosis, reason: Reason, message: str) -> None:
    """Forget an intent of which nothing was done: the approval was for what is no more."""
    diagnosis.status.execution = None
    drop_condition(diagnosis, "Executed")
    refuse(context, diagnosis, reason, message)
    await context.store.write_status(diagnosis)


async def _ensure_done(
    context: Context, diagnosis: Diagnosis, execution: Execution, number: int, patch: AppliedPatch
) -> Result:
    if patch.verb == "patch":
        generation = _generation(execution, number)
        return await ensure_fixed(context, patch, run_of(diagnosis), generation)
    approval = diagnosis.status.approval
    option = diagnosis.option(approval.digest) if approval else None
    target = target_ref(diagnosis)
    try:
        actions = [parse_action(record) for record in (option.actions if option else [])]
        action = next(a for a in actions if a.object == patch.object and a.verb == "delete")
        check_scope(action, target, PodSpec())
    except (ActionError, StopIteration) as error:
        return Outcome.REFUSED, f"{patch.object} is not what was approved: {error}"
    return await ensure_deleted(context, patch, action, run_of(diagnosis).field_manager)


async def _take_back(context: Context, diagnosis: Diagnosis, execution: Execution) -> float | None:
    """Undo what went through before the patch that did not, the last one first."""
    undone = await undo(context, diagnosis, execution.inverse[: execution.applied])
    if undone.held is not None:
        return await hold(context, diagnosis, "Executed", undone.held)
    execution.undone = undone.count
    message = f"{execution.message}; {undone.count} earlier patch(es) taken back"
    if undone.problems:
        message += f"; could not take back: {'; '.join(undone.problems)}"
    before = condition(diagnosis.status, "Executed")
    why = Reason(before.reason) if before else Reason.PATCH_REFUSED
    await _end(context, diagnosis, why, message)
    return None


async def _end(context: Context, diagnosis: Diagnosis, reason: Reason, message: str) -> None:
    """Write down that it was not carried out."""
    now, execution = context.clock(), diagnosis.status.execution
    if execution is not None:
        execution.message, execution.finished_at = message, now
    set_condition(diagnosis, "Executed", "False", reason, message, now)
    await context.store.write_status(diagnosis)
