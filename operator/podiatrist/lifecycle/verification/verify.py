"""Step `verify`: look at the workload with the same rules that found the trouble."""

from dataclasses import replace
from datetime import datetime

from podiatrist.actions.base import ActionError
from podiatrist.analyzers import analyze
from podiatrist.analyzers.common.result import Result
from podiatrist.api.conditions import Reason, drop_condition, set_condition
from podiatrist.api.diagnosis import Condition, Diagnosis, Execution
from podiatrist.cluster.errors import NotFoundError
from podiatrist.cluster.redaction import redact
from podiatrist.cluster.snapshot import Snapshot
from podiatrist.lifecycle.context import Context
from podiatrist.lifecycle.look import UnknownKindError, look
from podiatrist.lifecycle.options.replan import read
from podiatrist.lifecycle.verification.checks import Seen
from podiatrist.lifecycle.verification.in_place import interference
from podiatrist.lifecycle.verification.judge_fix import Verdict, judge, judge_unseen
from podiatrist.lifecycle.verification.trial import Trial, trial_of


async def verify(context: Context, diagnosis: Diagnosis) -> float | None:
    """Write down whether the fix helps; returns when to look again, None when that is settled."""
    now = context.clock()
    # Without a record of what was done there is nothing to hold the target against.
    execution = diagnosis.status.execution or Execution(started_at=now, patches=[], inverse=[])
    trial = trial_of(diagnosis, execution)
    verdict = await _verdict(context, diagnosis, execution, trial, now)
    if verdict.anew:
        drop_condition(diagnosis, "Verified")
    message = redact(verdict.message)  # findings quote commands and variables
    set_condition(diagnosis, "Verified", verdict.status, verdict.reason, message, now)
    after = trial_of(diagnosis, execution).verified
    if verdict.status != "Unknown":
        await context.store.write_status(diagnosis)
        return None
    if _moved(trial.verified, after):
        await context.store.write_status(diagnosis)
    return context.timing.poll


async def _verdict(
    context: Context, diagnosis: Diagnosis, execution: Execution, trial: Trial, now: datetime
) -> Verdict:
    try:
        snapshot = await look(context, diagnosis)
    except (UnknownKindError, NotFoundError) as error:
        return judge_unseen(trial, str(error), now, context.timing)
    observed = diagnosis.status.observed_target
    if observed is not None and snapshot.metadata.uid != observed.uid:
        message = f"{snapshot.target} was deleted and made anew. Nothing was undone."
        return Verdict(Reason.FIX_REVERTED, message)
    # After the look: what it saw was seen while the fix was in place.
    reverted = await _interference(context, execution)
    if reverted:
        return Verdict(Reason.FIX_REVERTED, f"{'; '.join(reverted)}. Nothing was undone.")
    results = analyze(snapshot)
    new = _of_new_pods(snapshot, trial) if results else None
    seen = Seen(snapshot, results, trial.reasons_before, trial.ready_before, new)
    return judge(trial, seen, now, context.timing)


def _of_new_pods(snapshot: Snapshot, trial: Trial) -> list[Result] | None:
    """Return what the rules find with the pods alone that were made since the fix."""
    pods = [pod for pod in snapshot.pods if trial.brought(pod)]
    return analyze(replace(snapshot, pods=pods)) if pods else None


async def _interference(context: Context, execution: Execution) -> list[str]:
    """Return what others did to the patched objects since; deletions cannot be taken back."""
    found: list[str] = []
    for number, patch in enumerate(execution.patches):
        if patch.verb != "patch":
            continue
        generation = execution.generations[number : number + 1]
        try:
            raw = await read(context, patch.object)
        except (NotFoundError, ActionError):
            found.append(f"{patch.object} is gone")
            continue
        before = generation[0] if generation else 0
        interfered = interference(raw, patch, before, execution.started_at)
        if interfered is not None:
            found.append(interfered)
    return found


def _moved(before: Condition | None, after: Condition | None) -> bool:
    """Whether a condition says something else than before; a message alone is not worth a write."""
    return _stand(before) != _stand(after)


def _stand(found: Condition | None) -> tuple[str, datetime] | None:
    return (found.reason, found.last_transition_time) if found else None
