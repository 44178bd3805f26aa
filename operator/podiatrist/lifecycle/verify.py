"""Step `verify`: did it help?"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from podiatrist.analyzers import analyze
from podiatrist.analyzers.common.rollout import unfinished
from podiatrist.api.conditions import Reason, condition, drop_condition, set_condition
from podiatrist.api.diagnosis import Condition, Diagnosis
from podiatrist.cluster.errors import NotFoundError
from podiatrist.lifecycle.context import Context
from podiatrist.lifecycle.look import UnknownKindError, look
from podiatrist.lifecycle.propose import soak_seconds


async def verify(context: Context, diagnosis: Diagnosis) -> float | None:
    """Look at the workload with the same rules that found the trouble."""
    now = context.clock()
    trouble = await _trouble(context, diagnosis, now)
    started = _started(diagnosis, now)
    before = condition(diagnosis.status, "Verified")
    soaking_since = (
        before.last_transition_time if before and before.reason == Reason.SOAKING else None
    )
    if trouble is None:
        soak = _soak(diagnosis)
        left = soak - (now - (soaking_since or now)).total_seconds()
        if soaking_since is not None and left <= 0:
            message = f"rollout complete, symptom gone for {soak}s"
            set_condition(diagnosis, "Verified", "True", Reason.CHECKS_PASSED, message, now)
            await context.store.write_status(diagnosis)
            return None
        message = f"rollout complete; watching for {soak}s whether it stays well"
        set_condition(diagnosis, "Verified", "Unknown", Reason.SOAKING, message, now)
    elif trouble.hopeless or out_of_time(started, before, now, context.timing.verify):
        message = f"{(now - started).total_seconds():.0f}s after the fix: {trouble.message}"
        set_condition(diagnosis, "Verified", "False", Reason.FIX_DID_NOT_HELP, message, now)
        await context.store.write_status(diagnosis)
        return None
    else:
        if _gets_on(before, trouble):
            drop_condition(diagnosis, "Verified")  # its time counts anew from here
        set_condition(
            diagnosis, "Verified", "Unknown", Reason.WAITING_FOR_ROLLOUT, trouble.message, now
        )
    after = condition(diagnosis.status, "Verified")
    if before is None or after is None or _differ(before, after):
        await context.store.write_status(diagnosis)
    return context.timing.poll


@dataclass(frozen=True)
class Trouble:
    """What is still wrong; `hopeless` when the fix itself brought it, and it lasts.

    `rollout` says that no rule finds anything and only the rollout is not complete.
    """

    message: str
    hopeless: bool = False
    rollout: bool = False


_LONGEST = 10
"""A rollout that gets on may take that many times as long as one that stands still."""


def out_of_time(
    started: datetime, before: Condition | None, now: datetime, patience: float
) -> bool:
    """Say whether a fix had all the time that it gets, `patience` in seconds.

    Counted from the rollout's last progress: a hundred replicas take their time, and undoing
    them half-way would be the second outage.
    """
    waiting = before is not None and before.reason == Reason.WAITING_FOR_ROLLOUT
    since = max(started, before.last_transition_time) if before and waiting else started
    limit = timedelta(seconds=patience)
    return now - since > limit or now - started > _LONGEST * limit


def _gets_on(before: Condition | None, trouble: Trouble) -> bool:
    waited = before is not None and before.reason == Reason.WAITING_FOR_ROLLOUT
    return bool(trouble.rollout and waited and before and before.message != trouble.message)


def _differ(before: Condition, after: Condition) -> bool:
    return (before.reason, before.last_transition_time) != (
        after.reason,
        after.last_transition_time,
    )


async def _trouble(context: Context, diagnosis: Diagnosis, now: datetime) -> Trouble | None:
    """Return what is still wrong with the target, None when all is well."""
    try:
        snapshot = await look(context, diagnosis)
    except UnknownKindError as error:
        return Trouble(str(error))
    except NotFoundError:
        target = diagnosis.spec.target
        return Trouble(f"{target.kind} {target.name} is gone")
    results = analyze(snapshot)
    if not results:
        waits = unfinished(snapshot)
        return Trouble(waits, rollout=True) if waits else None
    sick = {result.finding.object.name for result in results}
    limit = timedelta(seconds=context.timing.give_up)
    execution = diagnosis.status.execution
    since = execution.started_at if execution else now
    hopeless = any(
        pod.metadata.name in sick
        and (born := pod.metadata.creation_timestamp) is not None
        and born >= since.replace(microsecond=0)
        and now - born > limit
        for pod in snapshot.pods
    )
    return Trouble(results[0].finding.message, hopeless)


def _started(diagnosis: Diagnosis, now: datetime) -> datetime:
    execution = diagnosis.status.execution
    return (execution.finished_at or execution.started_at) if execution else now


def _soak(diagnosis: Diagnosis) -> int:
    approval = diagnosis.status.approval
    option = diagnosis.option(approval.digest) if approval else None
    return soak_seconds(option.checks) if option else 0
