"""What is being deleted and does not go: finalizers, nodes that do not answer, what never ends."""

from datetime import timedelta

from podiatrist.analyzers.common.result import Result, and_more, counted
from podiatrist.api.diagnosis import Evidence, Finding, ObjectRef
from podiatrist.cluster.kinds import NODE, PVC, WORKLOADS
from podiatrist.cluster.objects import Pod
from podiatrist.cluster.snapshot import Snapshot, compact

_OVERDUE = timedelta(seconds=60)
"""Beyond the grace period, which is part of a pod's deletionTimestamp already."""

_OWNERS = {
    "foregroundDeletion": "the garbage collector, once all its dependents are gone",
    "orphan": "the garbage collector",
    "batch.kubernetes.io/job-tracking": "the Job controller, once it has counted the pod",
    "kubernetes.io/pvc-protection": "the claim protection controller, once no pod uses it",
    "kubernetes.io/pv-protection": "the volume protection controller, once no claim has it",
    "service.kubernetes.io/load-balancer-cleanup": "the cloud's load balancer controller",
    "resources-finalizer.argocd.argoproj.io": "Argo CD",
    "finalizers.fluxcd.io": "Flux",
}

_REASONS = {
    "EvictionByEvictionAPI": "it was evicted through the API, as `kubectl drain` does",
    "DeletionByTaintManager": "a taint of its node drove it away",
    "PreemptionByScheduler": "a pod of higher priority took its place",
    "TerminationByKubelet": "its kubelet ended it",
    "DeletionByPodGC": "its node is gone",
}
"""Why a pod is being deleted: reasons of the condition DisruptionTarget."""


def analyze(snapshot: Snapshot) -> list[Result]:
    """Return what is overdue: pods of a workload, else the target itself."""
    stuck = [p for p in snapshot.pods if _overdue(snapshot, p)] if _owns_pods(snapshot) else []
    if not stuck:
        return _target(snapshot)
    held = [p for p in stuck if p.metadata.finalizers and not _runs(p)]
    left = [p for p in stuck if p not in held]
    return [
        *([_held(snapshot, held)] if held else []),
        *([_unended(snapshot, left)] if left else []),
    ]


def _owns_pods(snapshot: Snapshot) -> bool:
    return snapshot.kind in WORKLOADS


def _overdue(snapshot: Snapshot, pod: Pod) -> bool:
    since = pod.metadata.deletion_timestamp
    return since is not None and snapshot.taken_at - since > _OVERDUE


def _runs(pod: Pod) -> bool:
    return any(s.state.running is not None for s in pod.all_statuses)


def _owner(finalizer: str) -> str:
    domain = finalizer.partition("/")[0]
    return _OWNERS.get(finalizer, f"the controller that put it there (of {domain})")


_RELEASE = '{"metadata":{"finalizers":null}}'


def _release(ref: ObjectRef, resource: str) -> str:
    where = f"-n {ref.namespace} " if ref.namespace else ""
    return (
        "Find out why it does not. Only if it is gone for good, release it: kubectl "
        f"{where}patch {resource} {ref.name} --type=merge -p '{_RELEASE}'"
    )


def _held(snapshot: Snapshot, pods: list[Pod]) -> Result:
    pod = pods[0]
    names = list(dict.fromkeys(f for p in pods for f in p.metadata.finalizers))
    owners = "; ".join(f"{name} is removed by {_owner(name)}" for name in names[:3])
    return Result(
        Finding(
            analyzer="endings",
            reason="FinalizerBlocksDeletion",
            message=f"{counted(len(pods), 'pod')} of {snapshot.target} ended and cannot be "
            f"deleted ({and_more([p.metadata.name for p in pods])}): finalizer "
            f"{and_more(names)} is still there. {owners}. {_release(pod.ref, 'pod')}",
            object=pod.ref,
            evidence=[
                Evidence(
                    source=f"kubectl -n {snapshot.namespace} get pod {pod.metadata.name} -o json",
                    quote=f'"finalizers":{compact(pod.metadata.finalizers)}',
                )
            ],
        )
    )


def _unended(snapshot: Snapshot, pods: list[Pod]) -> Result:
    pod = pods[0]
    node = next((n for n in snapshot.nodes if n.metadata.name == pod.spec.node_name), None)
    ready = next((c for c in node.status.conditions if c.type == "Ready"), None) if node else None
    source = f"kubectl -n {snapshot.namespace} get pod {pod.metadata.name} -o json"
    quote = f'"deletionGracePeriodSeconds":{pod.metadata.deletion_grace_period_seconds}'
    evidence = (
        [Evidence(source=source, quote=quote)]
        if pod.metadata.deletion_grace_period_seconds is not None
        else [Evidence(source=source, quote=pod.metadata.name)]
    )
    events = snapshot.events_about(pod.metadata.name)
    failed = next((e for e in events if e.reason in ("FailedKillPod", "FailedUnmount")), None)
    cause = None
    if snapshot.was_read(NODE) and node is None and pod.spec.node_name:
        reason, why = "NodeGone", f"its node {pod.spec.node_name} does not exist any more; the "
        why += "cluster removes such pods by itself after a while"
    elif node and ready and ready.status != "True":
        reason, why = "NodeNotReady", f"node {node.metadata.name} is not ready, so nobody there "
        why += f"ends the pod: {' '.join(ready.message.split())[:300]}"
        cause = node.ref
        evidence = [
            Evidence(source=f"kubectl describe node {node.metadata.name}", quote=ready.message)
        ]
    elif failed:
        reason, why = "PodCannotBeKilled", "the kubelet cannot end it: "
        why += " ".join(failed.message.split())[:400]
        evidence = [
            Evidence(
                source=f"kubectl -n {snapshot.namespace} get events "
                f"--field-selector involvedObject.name={pod.metadata.name}",
                quote=failed.message,
            )
        ]
    else:
        reason, why = "TerminationStuck", "its grace period is long over. " + _what_hangs(pod)
    return Result(
        Finding(
            analyzer="endings",
            reason=reason,
            message=f"{counted(len(pods), 'pod')} of {snapshot.target} should be gone and is not "
            f"({and_more([p.metadata.name for p in pods])}){_asked_by(pod)}: {why}.",
            object=pod.ref,
            evidence=evidence,
        ),
        cause=cause,
    )


def _asked_by(pod: Pod) -> str:
    condition = pod.condition("DisruptionTarget")
    said = _REASONS.get(condition.reason) if condition and condition.status == "True" else None
    return f"; {said}" if said else ""


def _what_hangs(pod: Pod) -> str:
    running = [s.name for s in pod.all_statuses if s.state.running is not None]
    node = pod.spec.node_name
    if running:
        return (
            f"Container {and_more(running)} still counts as running: a process in uninterruptible "
            f"I/O (often a network volume), or a hanging kubelet or runtime on node {node}"
        )
    return f"Its containers have ended; look on node {node} for a volume that cannot be unmounted"


def _target(snapshot: Snapshot) -> list[Result]:
    """Explain a target that is itself being deleted and held by finalizers."""
    metadata = snapshot.metadata
    since = metadata.deletion_timestamp
    if since is None or snapshot.taken_at - since <= _OVERDUE or not metadata.finalizers:
        return []
    if snapshot.kind.template == ():  # a Pod is among its own pods
        return []
    ref, names = snapshot.target, metadata.finalizers
    users = _users(snapshot)
    if users:
        why = f"{counted(len(users), 'pod')} still uses it: {and_more(users)}"
        advice = "It goes by itself once they are gone."
    else:
        why = "; ".join(f"{name} is removed by {_owner(name)}" for name in names[:3])
        advice = _release(ref, ref.kind.lower())
    where = f"-n {ref.namespace} " if ref.namespace else ""
    return [
        Result(
            Finding(
                analyzer="endings",
                reason="FinalizerBlocksDeletion",
                message=f"{ref} is being deleted and stays: finalizer {and_more(names)} is still "
                f"there. {why}. {advice}",
                object=ref,
                evidence=[
                    Evidence(
                        source=f"kubectl {where}get {ref.kind.lower()} {ref.name} -o json",
                        quote=f'"finalizers":{compact(names)}',
                    )
                ],
            )
        )
    ]


def _users(snapshot: Snapshot) -> list[str]:
    """Return the pods that hold a claim."""
    if snapshot.kind is not PVC:
        return []
    return [
        p.metadata.name
        for p in snapshot.namespace_pods
        if not p.ended
        and any(
            v.persistent_volume_claim
            and v.persistent_volume_claim.claim_name == snapshot.metadata.name
            for v in p.spec.volumes
        )
    ]
