"""Whether a workload is as its spec wants it, in the words of `kubectl rollout status`."""

from typing import Any

from podiatrist.actions.compiler import Proposal
from podiatrist.cluster.kinds import CRON_JOB, DAEMON_SET, DEPLOYMENT, JOB, POD, STATEFUL_SET
from podiatrist.cluster.objects import Pod
from podiatrist.cluster.snapshot import Snapshot


def unfinished(snapshot: Snapshot) -> str | None:
    """Return what the workload still waits for; None when its rollout is complete."""
    raw = snapshot.target_raw
    spec, status = raw.get("spec") or {}, raw.get("status") or {}
    generation = (raw.get("metadata") or {}).get("generation") or 0
    if snapshot.kind is POD:
        return _not_ready(snapshot.pods)
    settled = any(is_at_rest(pod) for pod in snapshot.pods)
    if snapshot.kind is CRON_JOB and not settled and _last_run_open(status):
        # Between two runs there are no pods, and none of them is sick: that proves nothing.
        return "its last run has not succeeded"
    if snapshot.kind in (JOB, CRON_JOB):
        # A Job counts failed attempts itself; only what still runs can be waited for.
        return _not_ready([p for p in snapshot.pods if not p.ended])
    if (status.get("observedGeneration") or 0) < generation:
        return "its controller has not seen the change yet"
    if snapshot.kind is DAEMON_SET:
        wanted = _count(status, "desiredNumberScheduled")
        return _compare(wanted, status, "updatedNumberScheduled", "numberAvailable")
    wanted = spec["replicas"] if spec.get("replicas") is not None else 1
    if snapshot.kind is DEPLOYMENT:
        if _count(status, "replicas") > _count(status, "updatedReplicas"):
            old = _count(status, "replicas") - _count(status, "updatedReplicas")
            return f"{old} pod(s) of an older revision are still there"
        return _compare(wanted, status, "updatedReplicas", "availableReplicas")
    if snapshot.kind is STATEFUL_SET:
        if status.get("updateRevision") == status.get("currentRevision"):
            return _compare(wanted, status, "readyReplicas")
        partition = ((spec.get("updateStrategy") or {}).get("rollingUpdate") or {}).get("partition")
        updated = _compare(wanted - (partition or 0), status, "updatedReplicas")
        return updated or _compare(wanted, status, "readyReplicas")
    return _compare(wanted, status, "readyReplicas")


def template_takes_effect(snapshot: Snapshot) -> bool:
    """Say whether a change of the pod template replaces the sick pods by itself.

    It does not where an update waits for sick pods to become ready (StatefulSet, OrderedReady),
    for a human (OnDelete, a paused Deployment), or for the next run (CronJob), and never where
    pods are only made (ReplicaSet, Job). A fix that nobody sees would be undone as no help.
    """
    spec = snapshot.target_raw.get("spec") or {}
    strategy = (spec.get("updateStrategy") or {}).get("type")
    if snapshot.kind is DEPLOYMENT:
        return not spec.get("paused")
    if snapshot.kind is DAEMON_SET:
        return strategy != "OnDelete"
    if snapshot.kind is STATEFUL_SET:
        return strategy != "OnDelete" and spec.get("podManagementPolicy") == "Parallel"
    return False


def reaching(snapshot: Snapshot, proposal: Proposal) -> Proposal | None:
    """Return a change of the pod template made so that it reaches the sick pods; None if it cannot.

    A Pod is changed itself: only its image may be, and the API server says so for the rest.
    """
    if snapshot.kind is POD or template_takes_effect(snapshot):
        return proposal
    return None


def _last_run_open(status: dict[str, Any]) -> bool:
    """Whether a CronJob has not succeeded since it was last started; times compare as text."""
    started, succeeded = status.get("lastScheduleTime"), status.get("lastSuccessfulTime")
    return bool(started) and str(succeeded or "") < str(started)


def _count(status: dict[str, Any], field: str) -> int:
    value = status.get(field)
    return value if isinstance(value, int) else 0


def _compare(wanted: int, status: dict[str, Any], *fields: str) -> str | None:
    for field in fields:
        if _count(status, field) < wanted:
            return f"{field} is {_count(status, field)} of {wanted}"
    return None


def _not_ready(pods: list[Pod]) -> str | None:
    waiting = [p.metadata.name for p in pods if not is_at_rest(p)]
    return f"pod {waiting[0]} is not ready" if waiting else None


def is_at_rest(pod: Pod) -> bool:
    """Say whether a pod is ready or has ended well."""
    ready = pod.condition("Ready")
    return pod.status.phase == "Succeeded" or (ready is not None and ready.status == "True")
