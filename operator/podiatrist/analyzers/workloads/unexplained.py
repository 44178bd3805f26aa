"""When no rule knows why: what stands still, what the newest revision changed, and the way back.

Asked only where all other rules are silent; a symptom beside its cause would be noise.
"""

from datetime import timedelta

from podiatrist.analyzers.common.result import Result, and_more, counted
from podiatrist.analyzers.common.revision_diff import what_changed
from podiatrist.analyzers.common.revisions import (
    of_newest_revision,
    older_revisions,
    propose_rollback,
)
from podiatrist.analyzers.common.rollout import is_at_rest, template_takes_effect
from podiatrist.api.diagnosis import Evidence, Finding, ObjectRef
from podiatrist.cluster.kinds import DAEMON_SET, DEPLOYMENT, REPLICA_SET, STATEFUL_SET
from podiatrist.cluster.objects import Condition, Pod
from podiatrist.cluster.snapshot import Snapshot

_LONG = timedelta(minutes=10)
"""As long as a Deployment's own progress deadline, for kinds that have none."""


def analyze(snapshot: Snapshot) -> list[Result]:
    """Return at most one result."""
    if snapshot.workload.status.observed_generation < snapshot.metadata.generation:
        return []
    sick = [p for p in snapshot.pods if _is_waiting(p)]
    if snapshot.kind is DEPLOYMENT:
        stalled = _stalled(snapshot)
        return [_of_deployment(snapshot, stalled, sick)] if stalled else []
    if snapshot.kind in (STATEFUL_SET, DAEMON_SET, REPLICA_SET):
        late = [p for p in sick if _age(snapshot, p) >= _LONG]
        return [_never_ready(snapshot, late)] if late else []
    return []


def _is_waiting(pod: Pod) -> bool:
    return pod.metadata.deletion_timestamp is None and not pod.ended and not is_at_rest(pod)


def _age(snapshot: Snapshot, pod: Pod) -> timedelta:
    born = pod.metadata.creation_timestamp
    return snapshot.taken_at - born if born else _LONG


def _stalled(snapshot: Snapshot) -> Condition | None:
    return next(
        (
            c
            for c in snapshot.workload.status.conditions
            if (c.type, c.status, c.reason) == ("Progressing", "False", "ProgressDeadlineExceeded")
        ),
        None,
    )


def _of_deployment(snapshot: Snapshot, stalled: Condition, sick: list[Pod]) -> Result:
    older = older_revisions(snapshot)
    working = next((r for r in older if r.status.ready_replicas > 0), None)
    new = of_newest_revision(snapshot, sick)
    source = f"kubectl -n {snapshot.namespace} describe deployment {snapshot.metadata.name}"
    evidence = [Evidence(source=source, quote=stalled.message or stalled.reason)]
    evidence += _last_words(snapshot, new)
    if working is not None and new:
        changes = what_changed(snapshot, working)
        changed = f" It changed: {'; '.join(changes)}." if changes else ""
        message = (
            f"revision {snapshot.revisions[0].revision} of {snapshot.target} does not become ready "
            f"({and_more([p.metadata.name for p in new])}), while "
            f"{counted(working.status.ready_replicas, 'pod')} of revision {working.revision} "
            f"still {'is' if working.status.ready_replicas == 1 else 'are'} ready.{changed}"
        )
        fixes = propose_rollback(snapshot) if template_takes_effect(snapshot) else []
        finding = _finding(snapshot, "RegressionInRevision", message, new[0].ref, evidence)
        return Result(finding, tuple(fixes))
    ready, wanted = snapshot.workload.status.ready_replicas, snapshot.workload.replicas
    message = (
        f"the rollout of {snapshot.target} stands still: {ready} of {wanted} pods are ready and "
        "its progress deadline is over, but no rule explains why. Look at the pods and their logs."
    )
    return Result(_finding(snapshot, "NotProgressing", message, snapshot.target, evidence))


def _never_ready(snapshot: Snapshot, late: list[Pod]) -> Result:
    names = and_more([p.metadata.name for p in late])
    message = (
        f"{counted(len(late), 'pod')} of {snapshot.target} did not become ready for over 10 "
        f"minutes ({names}), but no rule explains why. Look at the pods and their logs."
    )
    evidence = _last_words(snapshot, late)
    return Result(_finding(snapshot, "NotProgressing", message, late[0].ref, evidence))


def _last_words(snapshot: Snapshot, pods: list[Pod]) -> list[Evidence]:
    found = []
    for pod in pods[:3]:
        ready = pod.condition("Ready")
        if ready is not None and (ready.message or ready.reason):
            source = f"kubectl -n {snapshot.namespace} describe pod {pod.metadata.name}"
            found.append(Evidence(source=source, quote=ready.message or ready.reason))
    return found


def _finding(
    snapshot: Snapshot, reason: str, message: str, about: ObjectRef, evidence: list[Evidence]
) -> Finding:
    return Finding(
        analyzer="rollouts", reason=reason, message=message, object=about, evidence=evidence
    )
