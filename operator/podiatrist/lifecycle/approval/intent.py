"""Records what is about to be done: the last moment at which an approval can turn out stale.

The exact patches and their inverse are written by compare-and-swap before the first one is sent.
Whoever finds that intent later finishes it.
"""

import secrets

from podiatrist.actions.marker import generation_of
from podiatrist.analyzers import analyze
from podiatrist.api import names
from podiatrist.api.conditions import Reason, drop_condition, set_condition
from podiatrist.api.diagnosis import Diagnosis, Execution, Option
from podiatrist.cluster.errors import NotFoundError, RefusedError
from podiatrist.cluster.snapshot import Snapshot
from podiatrist.lifecycle.approval.judge_approval import bars, refuse
from podiatrist.lifecycle.context import Context
from podiatrist.lifecycle.look import UnknownKindError, look
from podiatrist.lifecycle.next_step import token
from podiatrist.lifecycle.options.agent_part import by_rules
from podiatrist.lifecycle.options.dry_run import dry_run
from podiatrist.lifecycle.options.replan import Replan, StaleError, replan
from podiatrist.lifecycle.options.repository import why_not_live
from podiatrist.lifecycle.options.way_back import no_way_back
from podiatrist.lifecycle.verification.checks import unknown_checks
from podiatrist.lifecycle.verification.pod_count import ready_pods

Refusal = tuple[Reason, str]


async def record_intent(context: Context, diagnosis: Diagnosis) -> None:
    """Write the intent to carry the approved option out, or why it is not carried out."""
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
        refusal = await _begin(context, diagnosis, option)
        if refusal is not None:
            refuse(context, diagnosis, *refusal)
    await context.store.write_status(diagnosis)


async def _begin(context: Context, diagnosis: Diagnosis, option: Option) -> Refusal | None:
    """Set the intent in place; returns why there is none. Raises ClusterError."""
    barred = await bars(context, diagnosis)
    if barred is not None:
        return barred
    unknown = unknown_checks(option.checks)
    if unknown:
        # Of another version of ours, or forged: whether it helped could never be told.
        return Reason.OPTION_NOT_RUNNABLE, f"nothing was done: no check is known as {unknown[0]!r}"
    try:
        replanned = await replan(context, diagnosis, option)
        kept = None if context.patch_managed else why_not_live(replanned.plan, replanned.live)
        if kept is not None:
            return Reason.OPTION_NOT_RUNNABLE, f"nothing was done: {kept}"
        tried = await dry_run(context, replanned.plan.patches, replanned.live)
        kept = no_way_back(replanned.plan, tried.after)
        if kept is not None:
            return Reason.OPTION_NOT_RUNNABLE, f"nothing was done: {kept}"
    except (StaleError, NotFoundError) as error:
        return Reason.STALE_DIGEST, f"nothing was done, since {error}. It is diagnosed anew."
    except RefusedError as error:
        # What passed when it was offered: a quota that is full by now, a policy that is new.
        return Reason.STALE_DIGEST, (
            f"nothing was done, since the API server would refuse it now: {error}. "
            "It is diagnosed anew."
        )
    snapshot = await _look(context, diagnosis)
    # Where no rule ever found anything, a model answered a human's question, who decides.
    if snapshot is not None and by_rules(diagnosis.status.findings) and not analyze(snapshot):
        return Reason.SYMPTOM_GONE, "nothing was done, since the symptom is gone"
    now = context.clock()
    diagnosis.status.execution = Execution(
        run=secrets.token_hex(4),
        started_at=now,
        patches=replanned.plan.patches,
        inverse=replanned.plan.inverse,
        generations=_generations(replanned),
        ready_before=ready_pods(snapshot) if snapshot is not None else None,
    )
    message = f"carrying out option {option.digest}: {option.title}"
    set_condition(diagnosis, "Executed", "Unknown", Reason.STARTED, message, now)
    return None


async def _look(context: Context, diagnosis: Diagnosis) -> Snapshot | None:
    try:
        return await look(context, diagnosis)
    except (UnknownKindError, NotFoundError):
        return None


def _generations(replanned: Replan) -> list[int]:
    return [generation_of(replanned.live[patch.object]) for patch in replanned.plan.patches]
