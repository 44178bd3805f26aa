"""CronJobs that do not start what is due: schedules, time zones, deadlines, refused Jobs."""

from datetime import timedelta

from podiatrist.actions.compiler import Proposal
from podiatrist.actions.set_starting_deadline import SetStartingDeadline
from podiatrist.analyzers.batch.cron_runs import Runs, cron_result
from podiatrist.analyzers.common.result import Result
from podiatrist.api.diagnosis import Evidence
from podiatrist.cluster.objects import Event
from podiatrist.cluster.snapshot import Snapshot, compact

_SHORT_DEADLINE = 10
"""Seconds below which a start may never be in time (Kubernetes docs, CronJob limitations)."""

_NEW_DEADLINE = 120

_UNREADABLE = ("UnparseableSchedule", "UnParseableCronJobSchedule")
_UNANSWERED = timedelta(minutes=2)


def explain_starts(snapshot: Snapshot, runs: Runs) -> list[Result]:
    """Return why runs are not started; nothing for a CronJob that is suspended or on time."""
    if runs.cron_job.spec.suspend:
        return []
    found = _wrong_words(snapshot, runs) or _missed(snapshot, runs)
    return [found] if found else []


def _wrong_words(snapshot: Snapshot, runs: Runs) -> Result | None:
    """Judge schedule and time zone. Events outlive a correction: they must name what is there."""
    spec, target = runs.cron_job.spec, snapshot.target
    for event in _events(snapshot, runs):
        if (
            event.reason == "UnknownTimeZone"
            and spec.time_zone
            and (spec.time_zone[:200] in event.message)
        ):
            message = (
                f"{target} starts no runs: the time zone {spec.time_zone} is unknown to the "
                "controller; set spec.timeZone to a name of the tz database, such as Europe/Berlin"
            )
            return cron_result(snapshot, "UnknownTimeZone", message, [_said(snapshot, event)])
        if event.reason in _UNREADABLE and spec.schedule and spec.schedule[:200] in event.message:
            message = (
                f"{target} starts no runs: its schedule {spec.schedule!r} cannot be read; it has "
                "five fields: minute, hour, day of month, month, day of week"
            )
            return cron_result(snapshot, "UnparseableSchedule", message, [_said(snapshot, event)])
    if runs.schedule is not None and runs.schedule.next(runs.now) is None:
        message = (
            f"{target} can never run: no date fits its schedule {spec.schedule!r}; look at day of "
            "month and month, such as February 30"
        )
        evidence = [_shown(snapshot, runs, f'"schedule":{compact(spec.schedule)}')]
        evidence += [
            _said(snapshot, e)
            for e in _events(snapshot, runs)
            if e.reason == "InvalidSchedule" and spec.schedule in e.message
        ][:1]
        return cron_result(snapshot, "ScheduleNeverFires", message, evidence)
    return None


def _missed(snapshot: Snapshot, runs: Runs) -> Result | None:
    spec = runs.cron_job.spec
    due = runs.due_since_last_start
    blocked = spec.concurrency_policy == "Forbid" and bool(runs.active)
    if not due or blocked:
        return None
    many = "100 or more" if len(due) >= 100 else str(len(due))
    starts = f"{many} starts" if len(due) > 1 else "1 start"
    head = f"{snapshot.target} missed {starts}, the first at {due[0]:%Y-%m-%d %H:%M} UTC: "
    refused = _latest(snapshot, runs, "FailedCreate")
    if refused is not None:
        message = f"{head}its Job could not be made: {_short(refused.message)}"
        return cron_result(snapshot, "JobNotCreated", message, [_said(snapshot, refused)])
    deadline = spec.starting_deadline_seconds
    if deadline is not None and deadline < _SHORT_DEADLINE:
        return _too_short(snapshot, runs, head, deadline)
    late = _latest(snapshot, runs, "MissSchedule", "TooManyMissedTimes")
    if late is not None:
        message = (
            f"{head}the controller came too late for them ({_short(late.message)}); raise "
            "startingDeadlineSeconds, and see whether kube-controller-manager was down or clocks "
            "differ"
        )
        return cron_result(snapshot, "StartsMissed", message, [_said(snapshot, late)])
    if deadline is None and not runs.active and len(due) > 1 and runs.now - due[0] > _UNANSWERED:
        # Without a deadline the controller makes up for the latest missed start at once, unless
        # a run that goes on kept it from starting others until somebody changed the policy.
        message = (
            f"{head}nothing keeps it from running, so kube-controller-manager does not do its "
            "work; see whether it runs"
        )
        return cron_result(snapshot, "StartsMissed", message, [_last_start(snapshot, runs)])
    return None


def _too_short(snapshot: Snapshot, runs: Runs, head: str, deadline: int) -> Result:
    message = (
        f"{head}startingDeadlineSeconds is {deadline}, so a start counts as missed before the "
        "controller comes round to it; set it to a minute or more, or leave it out"
    )
    evidence = [_shown(snapshot, runs, f'"startingDeadlineSeconds":{deadline}')]
    longer = Proposal(
        title=f"Let runs start up to {_NEW_DEADLINE} s late",
        rationale="Below 10 s the controller may never be in time (Kubernetes documentation, "
        "CronJob limitations).",
        actions=(SetStartingDeadline(object=snapshot.target, seconds=_NEW_DEADLINE),),
    )
    return cron_result(snapshot, "StartingDeadlineTooShort", message, evidence, (longer,))


def _latest(snapshot: Snapshot, runs: Runs, *reasons: str) -> Event | None:
    """Return the newest such event since the last start."""
    last = runs.cron_job.status.last_schedule_time
    return next(
        (
            e
            for e in _events(snapshot, runs)
            if e.reason in reasons
            and (last is None or (e.seen_at is not None and e.seen_at > last))
        ),
        None,
    )


def _events(snapshot: Snapshot, runs: Runs) -> list[Event]:
    about = snapshot.events_about(runs.cron_job.metadata.name)
    return [e for e in about if e.involved_object.kind in ("CronJob", "")]


def _said(snapshot: Snapshot, event: Event) -> Evidence:
    name = event.involved_object.name
    source = f"kubectl -n {snapshot.namespace} describe cronjob {name}"
    return Evidence(source=source, quote=event.message)


def _shown(snapshot: Snapshot, runs: Runs, quote: str) -> Evidence:
    name = runs.cron_job.metadata.name
    return Evidence(
        source=f"kubectl -n {snapshot.namespace} get cronjob {name} -o json", quote=quote
    )


def _last_start(snapshot: Snapshot, runs: Runs) -> Evidence:
    """Return when it last started something, or when it was made."""
    raw = snapshot.target_raw
    for part, key in (("status", "lastScheduleTime"), ("metadata", "creationTimestamp")):
        value = (raw.get(part) or {}).get(key)
        if value:
            return _shown(snapshot, runs, f'"{key}":{compact(value)}')
    return _shown(snapshot, runs, f'"schedule":{compact(runs.cron_job.spec.schedule)}')


def _short(text: str) -> str:
    line = " ".join(text[:2000].split())
    return line if len(line) <= 300 else line[:299] + "…"
