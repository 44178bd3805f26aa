"""Runs of a CronJob that get in each other's way, because one of them does not end."""

from datetime import timedelta

from podiatrist.actions.base import Action
from podiatrist.actions.compiler import Proposal
from podiatrist.actions.make_native_sidecar import MakeNativeSidecar
from podiatrist.actions.set_concurrency_policy import SetConcurrencyPolicy
from podiatrist.analyzers.batch.cron_runs import Runs, cron_result, started
from podiatrist.analyzers.batch.job_failures import pods_of
from podiatrist.analyzers.batch.job_sidecars import Stuck, stuck
from podiatrist.analyzers.batch.jobs import sidecar_evidence, sidecar_words
from podiatrist.analyzers.common.result import Result, and_more, counted
from podiatrist.api.diagnosis import Evidence, Risk
from podiatrist.cluster.kinds import JOB
from podiatrist.cluster.objects import Job
from podiatrist.cluster.snapshot import Snapshot, compact

_MANY = 3
"""Runs at once, or starts skipped, from which overlapping is no accident."""

_PILE = timedelta(minutes=3)
"""How old the oldest of many runs must be: the first ones may just not have ended yet."""

_PATIENCE = timedelta(minutes=15)
_PATIENCE_UNKNOWN = timedelta(hours=1)
"""How long a run may block others where earlier ones succeeded: known to be quick, or not."""

_PROVED_WITHIN = timedelta(minutes=4)
"""A change of the template is proved by the next run: it must come while we watch for it."""


def explain_overlap(snapshot: Snapshot, runs: Runs) -> list[Result]:
    """Return why runs do not end, pile up or keep others from starting."""
    active = runs.active
    if not active:
        return []
    for job in active:
        for pod in pods_of(snapshot, job):
            held = stuck(snapshot, pod)
            if held is not None and _would_happen_again(snapshot, held):
                return [_sidecar(snapshot, runs, held)]
    if not all(_at_work(snapshot, job) for job in active):
        return []  # its pods are sick: that is the cause, and told by other rules
    found = _piled_up(snapshot, runs) or _blocked(snapshot, runs)
    return [found] if found else []


def _would_happen_again(snapshot: Snapshot, held: Stuck) -> bool:
    """Whether the next run would have the same helpers as plain containers."""
    names = {c.name for c in snapshot.template.containers}
    return set(held.helpers) <= names


def _at_work(snapshot: Snapshot, job: Job) -> bool:
    pods = pods_of(snapshot, job)
    return bool(pods) and all(
        p.status.phase == "Running"
        and not any(s.state.waiting or s.restart_count for s in p.all_statuses)
        for p in pods
    )


def _sidecar(snapshot: Snapshot, runs: Runs, held: Stuck) -> Result:
    policy = runs.cron_job.spec.concurrency_policy
    effect = {
        "Forbid": "; with concurrencyPolicy Forbid no other run starts meanwhile",
        "Allow": f"; {counted(len(runs.active), 'run')} like this go on",
    }.get(policy, "")
    message = f"Runs of {snapshot.target} never complete: {sidecar_words(held)}{effect}"
    proposals: tuple[Proposal, ...] = ()
    if runs.runs_within(_PROVED_WITHIN) and not runs.cron_job.spec.suspend:
        actions: list[Action] = [
            MakeNativeSidecar(object=snapshot.target, container=name) for name in held.helpers[:4]
        ]
        why = "A native sidecar is ended when the work is done; it needs Kubernetes 1.29."
        if policy != "Replace":
            actions.append(SetConcurrencyPolicy(object=snapshot.target, policy="Replace"))
            why += " Replace lets the next run, which is due soon, end the ones that are stuck."
        title = f"Make {', '.join(held.helpers)} a native sidecar"
        proposals = (Proposal(title=title, rationale=why, actions=tuple(actions)),)
    evidence = sidecar_evidence(snapshot, held)
    return cron_result(snapshot, "SidecarKeepsJobRunning", message, evidence, proposals)


def _piled_up(snapshot: Snapshot, runs: Runs) -> Result | None:
    """Judge runs that overlap; runs that take long and do end overlap in healthy clusters."""
    active, status = runs.active, runs.cron_job.status
    if runs.cron_job.spec.concurrency_policy not in ("Allow", "") or len(active) < _MANY:
        return None
    oldest = started(active[-1])
    if oldest is None or runs.now - oldest < _PILE:
        return None
    if status.last_successful_time is not None and status.last_successful_time > oldest:
        return None
    names = and_more([j.metadata.name for j in reversed(active)])
    message = (
        f"{len(active)} runs of {snapshot.target} go on at once ({names}): none has ended since "
        f"{oldest:%Y-%m-%d %H:%M} UTC, and concurrencyPolicy Allow starts another one each time "
        f"({runs.cron_job.spec.schedule}). Find out what they wait for; activeDeadlineSeconds in "
        "the jobTemplate would end what hangs"
    )
    evidence = [
        *_started(snapshot, active[-1]),
        Evidence(source=_source(snapshot, "cronjob"), quote='"concurrencyPolicy":"Allow"'),
    ]
    forbid = Proposal(
        title="Start no run while another one goes on",
        rationale="With Forbid the pile grows no further, and the runs that go on are left alone. "
        "Runs that never end must still be deleted by hand.",
        actions=(SetConcurrencyPolicy(object=snapshot.target, policy="Forbid"),),
    )
    return cron_result(snapshot, "RunsPileUp", message, evidence, (forbid, _replace(snapshot)))


def _blocked(snapshot: Snapshot, runs: Runs) -> Result | None:
    """Judge a run that keeps all others from starting: one that is long over its time."""
    spec, status = runs.cron_job.spec, runs.cron_job.status
    due = runs.due_since_last_start
    if spec.concurrency_policy != "Forbid" or len(due) < _MANY or spec.suspend:
        return None
    oldest = runs.active[-1]
    since = started(oldest)
    if since is None:
        return None
    if status.last_successful_time is not None:
        usual = runs.longest_success
        patience = max(_PATIENCE, 3 * usual) if usual is not None else _PATIENCE_UNKNOWN
        if runs.now - since < patience:
            return None
    many = "100 or more" if len(due) >= 100 else str(len(due))
    message = (
        f"{snapshot.target} blocks itself: its run {oldest.metadata.name} has not ended since "
        f"{since:%Y-%m-%d %H:%M} UTC, and with concurrencyPolicy Forbid {many} starts were skipped "
        "meanwhile. Find out what it waits for; activeDeadlineSeconds in the jobTemplate would end "
        "what hangs"
    )
    evidence = [
        *_started(snapshot, oldest),
        Evidence(source=_source(snapshot, "cronjob"), quote='"concurrencyPolicy":"Forbid"'),
    ]
    return cron_result(snapshot, "CronJobBlocked", message, evidence, (_replace(snapshot),))


def _replace(snapshot: Snapshot) -> Proposal:
    return Proposal(
        title="Let each run replace the one before",
        rationale="With Replace the next run deletes what still goes on, with the work it has "
        "done so far, and starts anew.",
        actions=(SetConcurrencyPolicy(object=snapshot.target, policy="Replace"),),
        risk=Risk.HIGH,
    )


def _started(snapshot: Snapshot, job: Job) -> list[Evidence]:
    raw = snapshot.raw(JOB, job.metadata.name) or {}
    value = (raw.get("status") or {}).get("startTime")
    source = f"kubectl -n {snapshot.namespace} get job {job.metadata.name} -o json"
    return [Evidence(source=source, quote=f'"startTime":{compact(value)}')] if value else []


def _source(snapshot: Snapshot, kind: str) -> str:
    return f"kubectl -n {snapshot.namespace} get {kind} {snapshot.target.name} -o json"
