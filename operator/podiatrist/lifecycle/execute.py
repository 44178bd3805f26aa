"""Step `execute`: carry the approved option out, at most once.

The intent, with the exact patches and their inverse, is written (compare-and-swap) before the
first patch is sent. Whoever finds that intent later finishes it: each patch either went through,
or still fits and is sent, or meets a foreign change and everything is taken back.
"""

from datetime import timedelta

from podiatrist.actions.base import ActionError
from podiatrist.actions.catalog import parse_action
from podiatrist.actions.compiler import digest_of
from podiatrist.actions.patches import is_applied
from podiatrist.actions.scope import PROTECTED_NAMESPACES, check_scope
from podiatrist.analyzers import analyze
from podiatrist.api import names
from podiatrist.api.conditions import Reason, drop_condition, has, set_condition
from podiatrist.api.diagnosis import AppliedPatch, Diagnosis, Execution, ObjectRef
from podiatrist.cluster.errors import NotFoundError
from podiatrist.cluster.kinds import NODE, POD
from podiatrist.cluster.objects import PodSpec
from podiatrist.lifecycle.agent_part import by_rules
from podiatrist.lifecycle.apply import ensure_applied
from podiatrist.lifecycle.context import Context
from podiatrist.lifecycle.delete import ensure_deleted, is_deleted
from podiatrist.lifecycle.judge_approval import refuse
from podiatrist.lifecycle.look import UnknownKindError, look, target_ref
from podiatrist.lifecycle.next_step import token
from podiatrist.lifecycle.outcome import Outcome
from podiatrist.lifecycle.replan import StaleError, read, replan

_INTENT_LIFE = timedelta(minutes=10)
"""How long an intent may wait for its first patch: an approval is for now, not for some day."""


async def execute(context: Context, diagnosis: Diagnosis) -> float | None:
    """Record the intent if there is none yet; otherwise bring it to its end."""
    if not has(diagnosis, "Executed", "Unknown"):
        await _record_intent(context, diagnosis)
        return None
    execution = diagnosis.status.execution
    if execution is None:
        message = "the intent to execute lost its patches; nothing more is done"
        set_condition(
            diagnosis, "Executed", "False", Reason.PATCH_REFUSED, message, context.clock()
        )
        await context.store.write_status(diagnosis)
        return None
    foreign = not_what_was_approved(diagnosis) or await _withdrawn(context, diagnosis, execution)
    if foreign is not None:
        execution.message = foreign
        execution.finished_at = context.clock()
        reason = Reason.NOT_WHAT_WAS_APPROVED
        set_condition(diagnosis, "Executed", "False", reason, foreign, context.clock())
        await context.store.write_status(diagnosis)
        return None
    await _apply_all(context, diagnosis, execution)
    return None


def not_what_was_approved(diagnosis: Diagnosis) -> str | None:
    """Return why the recorded patches must not be sent, None where they are the approved ones.

    The intent lies in the status, and a status can be forged by whoever may write it: so the
    patches are held against the digest once more, and against what the option may touch.
    """
    status = diagnosis.status
    approval, execution, observed = status.approval, status.execution, status.observed_target
    option = diagnosis.option(approval.digest) if approval else None
    if approval is None or execution is None or observed is None or option is None:
        return "there is no record of an approved option"
    digest = digest_of(
        observed.uid, observed.spec_hash, execution.patches, execution.inverse, option.checks
    )
    if digest != approval.digest:
        return "the recorded patches are not those of the approved digest"
    target = target_ref(diagnosis)
    allowed = {record.object for record in option.actions}
    for patch in (*execution.patches, *execution.inverse):
        in_reach = _in_reach(patch, target)
        if patch.object not in allowed or not in_reach or target.namespace in PROTECTED_NAMESPACES:
            return f"{patch.object} is out of reach for a fix of {target}"
    return None


def _in_reach(patch: AppliedPatch, target: ObjectRef) -> bool:
    """Whether a fix of the target may do that: patch it or a node, or delete a pod beside it.

    Whose pod it is shows when it is deleted: `delete.ensure_deleted` asks.
    """
    if patch.verb == "delete":
        return patch.object.kind == POD.kind and patch.object.namespace == target.namespace
    return patch.object == target or patch.object.kind == NODE.kind


async def _withdrawn(context: Context, diagnosis: Diagnosis, execution: Execution) -> str | None:
    """Return why an intent that was not begun is dropped, None where it goes on.

    What was begun is brought to its end, whatever the annotation says by now.
    """
    approval = diagnosis.status.approval
    late = context.clock() - execution.started_at > _INTENT_LIFE
    if not late and approval and token(diagnosis, names.APPROVE) == approval.digest:
        return None
    for patch in execution.patches:
        try:
            if patch.verb == "delete":
                begun = await is_deleted(context, patch)
            else:
                begun = is_applied(await read(context, patch.object), patch.patch)
            if begun:
                return None
        except (NotFoundError, ActionError):
            continue
    return "nothing was done: " + (
        f"the intent of {execution.started_at:%Y-%m-%d %H:%M} UTC is too old"
        if late
        else "the approval was taken back"
    )


async def _record_intent(context: Context, diagnosis: Diagnosis) -> None:
    now, approval = context.clock(), diagnosis.status.approval
    option = diagnosis.option(approval.digest) if approval else None
    if diagnosis.annotation(names.REJECT) is not None:
        message = "rejected after it was approved; nothing was done"
        set_condition(diagnosis, "Approved", "False", Reason.REJECTED, message, now)
    elif approval is None or token(diagnosis, names.APPROVE) != approval.digest:
        # What the annotation says now is judged afresh; gone, it was withdrawn.
        drop_condition(diagnosis, "Approved")
    elif option is None:
        refuse(context, diagnosis, Reason.UNKNOWN_DIGEST, "the approved option is gone")
    else:
        try:
            replanned = await replan(context, diagnosis, option)
        except StaleError as error:
            message = f"nothing was done, since {error}. It is diagnosed anew."
            refuse(context, diagnosis, Reason.STALE_DIGEST, message)
        else:
            if await _healed(context, diagnosis):
                message = "nothing was done, since the symptom is gone"
                refuse(context, diagnosis, Reason.SYMPTOM_GONE, message)
            else:
                diagnosis.status.execution = Execution(
                    started_at=now,
                    patches=replanned.plan.patches,
                    inverse=replanned.plan.inverse,
                )
                message = f"carrying out option {option.digest}: {option.title}"
                set_condition(diagnosis, "Executed", "Unknown", Reason.STARTED, message, now)
    await context.store.write_status(diagnosis)


async def _healed(context: Context, diagnosis: Diagnosis) -> bool:
    """Whether the rules no longer find anything: then a fix would only do harm.

    Where they never did, a model answered a human's question, and the human decides.
    """
    if not by_rules(diagnosis.status.findings):
        return False
    try:
        snapshot = await look(context, diagnosis)
    except (UnknownKindError, NotFoundError):
        return False
    return not analyze(snapshot)


async def _apply_all(context: Context, diagnosis: Diagnosis, execution: Execution) -> None:
    for number, patch in enumerate(execution.patches):
        outcome, message = await _ensure_done(context, diagnosis, patch)
        execution.message = message
        if outcome is not Outcome.DONE:
            reason = (
                Reason.PATCH_REFUSED if outcome is Outcome.REFUSED else Reason.TARGET_INTERFERED
            )
            await _take_back(context, execution, number)
            execution.finished_at = context.clock()
            set_condition(
                diagnosis, "Executed", "False", reason, execution.message, context.clock()
            )
            await context.store.write_status(diagnosis)
            return
    execution.applied = len(execution.patches)
    execution.finished_at = context.clock()
    deleted = sum(p.verb == "delete" for p in execution.patches)
    message = f"{execution.applied - deleted} patch(es) applied"
    if deleted:
        message += f", {deleted} pod(s) deleted"
    set_condition(diagnosis, "Executed", "True", Reason.PATCHES_APPLIED, message, context.clock())
    await context.store.write_status(diagnosis)


async def _ensure_done(
    context: Context, diagnosis: Diagnosis, patch: AppliedPatch
) -> tuple[Outcome, str]:
    if patch.verb == "patch":
        return await ensure_applied(context, patch)
    approval = diagnosis.status.approval
    option = diagnosis.option(approval.digest) if approval else None
    target = target_ref(diagnosis)
    try:
        actions = [parse_action(record) for record in (option.actions if option else [])]
        action = next(a for a in actions if a.object == patch.object and a.verb == "delete")
        check_scope(action, target, PodSpec())
    except (ActionError, StopIteration) as error:
        return Outcome.REFUSED, f"{patch.object} is not what was approved: {error}"
    return await ensure_deleted(context, patch, action)


async def _take_back(context: Context, execution: Execution, applied: int) -> None:
    """Undo the first `applied` patches, the last one first: all or nothing."""
    execution.applied = applied
    for inverse in reversed(execution.inverse[:applied]):
        outcome, message = await ensure_applied(context, inverse)
        if outcome is Outcome.DONE:
            execution.undone += 1
        else:
            execution.message += f"; could not take back an earlier patch: {message}"
