"""Whether a workload is as its spec wants it, in the words of `kubectl rollout status`."""

from dataclasses import replace
from typing import Any

from podiatrist.actions.compiler import MOST_ACTIONS, Proposal
from podiatrist.actions.delete_pod import DeletePod
from podiatrist.actions.scale import Scale
from podiatrist.actions.set_image import SetImage
from podiatrist.cluster.kinds import (
    CRON_JOB,
    DAEMON_SET,
    DEPLOYMENT,
    JOB,
    POD,
    STATEFUL_SET,
    WORKLOADS,
)
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
    if snapshot.kind not in WORKLOADS and "observedGeneration" not in status:
        return None  # a Service or an Ingress has nothing to roll out and nobody who says so
    if (status.get("observedGeneration") or 0) < generation:
        return "its controller has not seen the change yet"
    if snapshot.kind not in WORKLOADS:
        return None
    if snapshot.kind is DAEMON_SET:
        wanted = _count(status, "desiredNumberScheduled")
        if _on_delete(spec):
            return _compare(wanted, status, "numberAvailable")
        return _compare(wanted, status, "updatedNumberScheduled", "numberAvailable")
    wanted = spec["replicas"] if spec.get("replicas") is not None else 1
    if snapshot.kind is DEPLOYMENT:
        if _count(status, "replicas") > _count(status, "updatedReplicas"):
            old = _count(status, "replicas") - _count(status, "updatedReplicas")
            return f"{old} pod(s) of an older revision are still there"
        return _compare(wanted, status, "updatedReplicas", "availableReplicas")
    if snapshot.kind is STATEFUL_SET:
        if status.get("updateRevision") == status.get("currentRevision") or _on_delete(spec):
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

    Where the controller leaves sick pods as they are (StatefulSets that update in order, OnDelete),
    they are deleted after the change; a Pod is changed itself, and only its image may be.
    """
    if template_takes_effect(snapshot):
        return proposal
    ours = [a for a in proposal.actions if a.object == snapshot.target]
    if all(isinstance(a, Scale) for a in ours):
        return proposal
    if snapshot.kind is POD:
        return proposal if all(isinstance(a, SetImage) for a in ours) else None
    if snapshot.kind not in (STATEFUL_SET, DAEMON_SET):
        return None
    deletions = delete_sick_pods(snapshot)
    if not deletions or len(proposal.actions) + len(deletions) > MOST_ACTIONS:
        return None
    names = ", ".join(d.object.name for d in deletions)
    return replace(
        proposal,
        rationale=f"{proposal.rationale} The controller does not replace sick pods by itself here, "
        f"so {names} will be deleted and made anew; a deletion cannot be undone.",
        actions=(*proposal.actions, *deletions),
    )


def delete_sick_pods(snapshot: Snapshot) -> tuple[DeletePod, ...]:
    """Return the deletions of a StatefulSet's or DaemonSet's pods that are not well."""
    return tuple(
        DeletePod(object=pod.ref, owner=snapshot.target)
        for pod in sorted(snapshot.pods, key=lambda p: p.metadata.name)
        if pod.metadata.deletion_timestamp is None and not _is_well(pod)
    )


def _is_well(pod: Pod) -> bool:
    """Whether a pod may stay: ready, and no container of it has failed.

    Without a probe a crashing container counts as ready while it runs; what an option deletes
    must not depend on the second in which we look.
    """
    failed = any(s.last_end is not None and s.last_end.exit_code for s in pod.all_statuses)
    return is_at_rest(pod) and not failed


def _on_delete(spec: dict[str, Any]) -> bool:
    """Whether pods of older revisions stay, by intent, until a human deletes them."""
    return (spec.get("updateStrategy") or {}).get("type") == "OnDelete"


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
    return pod.status.phase == "Succeeded" or pod.ready
