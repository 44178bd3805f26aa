"""Who was kept from making pods, and in which words: FailedCreate events and conditions.

A controller tries again after ever longer pauses, and an event stays for an hour: only what is
still missing counts, and only words that are newer than the newest pod.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from podiatrist.analyzers.admission.admission_errors import Other, Why, parse_refusal
from podiatrist.analyzers.batch.cron_runs import runs_of
from podiatrist.analyzers.common.rollout import template_takes_effect
from podiatrist.api.diagnosis import Evidence, ObjectRef
from podiatrist.cluster.kinds import (
    CRON_JOB,
    DAEMON_SET,
    DEPLOYMENT,
    JOB,
    REPLICA_SET,
    STATEFUL_SET,
)
from podiatrist.cluster.objects import Condition, Job, Pod, ReplicaSet, parse
from podiatrist.cluster.snapshot import Snapshot

PATIENCE = timedelta(seconds=10)
"""For how long a refusal may be that of manifests applied in an unlucky order."""

_PROVED_WITHIN = timedelta(minutes=4)
"""A change of a CronJob is proved by its next run: it must come while we watch for it."""


@dataclass(frozen=True)
class Refusal:
    """One controller that cannot make what it wants; `evidence` quotes its words."""

    by: ObjectRef
    what: str
    why: Why
    evidence: Evidence
    had: int
    wanted: int


@dataclass(frozen=True)
class _Words:
    text: str
    since: datetime | None
    last: datetime | None


def refusals(snapshot: Snapshot) -> list[Refusal]:
    """Return the controllers of the target that are refused what they want to make now."""
    if any(p.metadata.deletion_timestamp and not p.ended for p in snapshot.pods):
        return []  # what leaves still counts against quotas, and makes room in a moment
    made = {
        DEPLOYMENT: _of_deployment,
        REPLICA_SET: _of_replica_set,
        STATEFUL_SET: _of_stateful_set,
        DAEMON_SET: _of_daemon_set,
        JOB: _of_job,
        CRON_JOB: _of_cron_job,
    }.get(snapshot.kind)
    return list(made(snapshot)) if made else []


def _of_deployment(snapshot: Snapshot) -> Iterator[Refusal]:
    status = snapshot.workload.status
    progressing = _condition(status.conditions, "Progressing")
    if progressing is not None and progressing.reason == "ReplicaSetCreateError":
        # There is no ReplicaSet for the present template; the newest one is that of the one before.
        words = [*_of_events(snapshot, snapshot.target, "ReplicaSet"), *_of_condition(progressing)]
        since = progressing.last_transition_time
        yield from _refusal(snapshot, snapshot.target, words, 0, 1, since=since)
    elif snapshot.revisions and status.observed_generation >= snapshot.metadata.generation:
        newest = snapshot.revisions[0]
        by = newest.ref_as(REPLICA_SET.api_version, REPLICA_SET.kind)
        yield from _refused_set(snapshot, newest, by)


def _of_replica_set(snapshot: Snapshot) -> Iterator[Refusal]:
    workload = snapshot.workload
    shown = ReplicaSet(
        metadata=workload.metadata,
        spec=ReplicaSet.Spec(replicas=workload.replicas, template=workload.spec.template),
        status=ReplicaSet.Status(
            replicas=workload.status.replicas, conditions=workload.status.conditions
        ),
    )
    yield from _refused_set(snapshot, shown, snapshot.target)


def _refused_set(snapshot: Snapshot, found: ReplicaSet, by: ObjectRef) -> Iterator[Refusal]:
    if found.status.replicas >= found.spec.replicas:
        return
    failure = _condition(found.status.conditions, "ReplicaFailure")
    if failure is None or failure.status != "True":
        return  # the controller takes the condition away as soon as it succeeds
    words = [*_of_events(snapshot, by), *_of_condition(failure)]
    since = failure.last_transition_time
    yield from _refusal(
        snapshot, by, words, found.status.replicas, found.spec.replicas, since=since
    )


def _of_stateful_set(snapshot: Snapshot) -> Iterator[Refusal]:
    wanted = snapshot.workload.replicas
    there = {p.metadata.name for p in snapshot.pods}
    words = [
        w
        for w in _newer(_of_events(snapshot, snapshot.target), snapshot.pods)
        if not any(f"Pod {name} in" in w.text for name in there)
    ]
    if len(there) < wanted:
        yield from _refusal(snapshot, snapshot.target, words, len(there), wanted)


def _of_daemon_set(snapshot: Snapshot) -> Iterator[Refusal]:
    status = snapshot.workload.status
    had, wanted = len(snapshot.pods), status.desired_number_scheduled
    if had < wanted:
        words = _newer(_of_events(snapshot, snapshot.target), snapshot.pods)
        yield from _refusal(snapshot, snapshot.target, words, had, wanted)


def _of_job(snapshot: Snapshot) -> Iterator[Refusal]:
    job = parse(Job, snapshot.target_raw) or Job()
    wanted = 1 if job.spec.parallelism is None else job.spec.parallelism
    words = _words_of_job(snapshot, job)
    yield from _refusal(snapshot, snapshot.target, words, job.status.active, wanted)


def _of_cron_job(snapshot: Snapshot) -> Iterator[Refusal]:
    """Only the newest run counts; the ones before say since when it is so."""
    runs = sorted(
        snapshot.jobs, key=lambda j: str(j.metadata.creation_timestamp or ""), reverse=True
    )
    words = [_words_of_job(snapshot, job) for job in runs]
    if not words or not words[0]:
        return
    since = min((w.since for said in words for w in said if w.since), default=None)
    by = runs[0].ref_as(JOB.api_version, JOB.kind)
    yield from _refusal(snapshot, by, words[0], 0, 1, since=since)


def _words_of_job(snapshot: Snapshot, job: Job) -> list[_Words]:
    """Return why a Job that is not over has fewer pods than it wants."""
    over = any(
        c.type in ("Complete", "Failed", "Suspended") and c.status == "True"
        for c in job.status.conditions
    )
    wanted = 1 if job.spec.parallelism is None else job.spec.parallelism
    if over or job.spec.suspend or job.status.active >= wanted:
        return []
    uid = job.metadata.uid
    pods = [p for p in snapshot.pods if (c := p.metadata.controller) and c.uid == uid]
    return _newer(_of_events(snapshot, job.ref_as(JOB.api_version, JOB.kind)), pods)


def _condition(conditions: list[Condition], kind: str) -> Condition | None:
    return next((c for c in conditions if c.type == kind), None)


def _of_condition(found: Condition) -> list[_Words]:
    return [_Words(found.message, found.last_transition_time, found.last_transition_time)]


def _of_events(snapshot: Snapshot, about: ObjectRef, reason: str = "FailedCreate") -> list[_Words]:
    return [
        _Words(e.message, e.first_timestamp or e.seen_at, e.seen_at)
        for e in snapshot.events_about(about.name)
        if e.reason.startswith(reason) and e.involved_object.kind in ("", about.kind)
    ]


def _newer(words: Iterable[_Words], pods: list[Pod]) -> list[_Words]:
    """Return the words said after the newest pod was made: it proves the older ones wrong."""
    times = (p.metadata.creation_timestamp for p in pods)
    born = max((t for t in times if t), default=None)
    return [w for w in words if born is None or w.last is None or w.last >= born]


def _refusal(
    snapshot: Snapshot,
    by: ObjectRef,
    words: list[_Words],
    had: int,
    wanted: int,
    *,
    since: datetime | None = None,
) -> Iterator[Refusal]:
    """Yield the newest words that say why, in our terms where we know them."""
    parsed = [(w, refused) for w in words if (refused := parse_refusal(w.text))]
    if not parsed:
        return
    begun = since or min((w.since for w, _ in parsed if w.since), default=None)
    if begun is not None and snapshot.taken_at - begun < PATIENCE:
        return
    known = [(w, r) for w, r in parsed if not isinstance(r.why, Other)]
    chosen, refused = (known or parsed)[0]
    source = f"kubectl -n {snapshot.namespace} describe {by.kind.lower()} {by.name}"
    evidence = Evidence(source=source, quote=chosen.text)
    yield Refusal(by, refused.what, refused.why, evidence, had, wanted)


def made_of_template(snapshot: Snapshot) -> bool:
    """Say whether a pod that is still missing would be made of a changed template.

    That is so in cases where pods that exist would never be replaced (`template_takes_effect`).
    """
    spec = snapshot.workload.spec
    if snapshot.kind is STATEFUL_SET:
        return not (spec.update_strategy.get("rollingUpdate") or {}).get("partition")
    if snapshot.kind is CRON_JOB:
        return _soon_made_anew(snapshot)
    return snapshot.kind in (DAEMON_SET, REPLICA_SET) or template_takes_effect(snapshot)


def _soon_made_anew(snapshot: Snapshot) -> bool:
    """Whether a CronJob's next run proves a change: with Forbid it waits for the refused one."""
    runs = runs_of(snapshot)
    if runs is None or runs.cron_job.spec.suspend:
        return False
    return runs.cron_job.spec.concurrency_policy != "Forbid" and runs.runs_within(_PROVED_WITHIN)
