"""Updates of StatefulSets (and OnDelete DaemonSets) that never reach the pods that need them.

A StatefulSet that updates in order waits for each pod to become ready before it touches the next.
A pod that is sick because of the old template never does (kubernetes/kubernetes#67250).
"""

from datetime import timedelta

from podiatrist.actions.compiler import Proposal
from podiatrist.actions.delete_pod import DeletePod
from podiatrist.actions.set_strategy import SetStrategy
from podiatrist.analyzers.common.result import Result, and_more
from podiatrist.analyzers.common.rollout import is_at_rest
from podiatrist.api.diagnosis import Evidence, Finding
from podiatrist.cluster.kinds import DAEMON_SET, STATEFUL_SET
from podiatrist.cluster.objects import Pod
from podiatrist.cluster.snapshot import Snapshot, compact

_REVISION = "controller-revision-hash"
_STARTING = frozenset({"ContainerCreating", "PodInitializing"})
_PATIENCE = timedelta(seconds=30)
_MOST_PODS = 8


def analyze(snapshot: Snapshot) -> list[Result]:
    """Return one result for an update that does not reach sick pods, or any pod at all."""
    if snapshot.workload.status.observed_generation < snapshot.metadata.generation:
        return []
    if snapshot.kind is STATEFUL_SET:
        return _of_stateful_set(snapshot)
    if snapshot.kind is DAEMON_SET and _strategy(snapshot) == "OnDelete":
        sick = [p for p in snapshot.pods if _is_sick(snapshot, p) and _is_outdated(snapshot, p)]
        return [_waits_for_delete(snapshot, sick)] if sick else []
    return []


def _of_stateful_set(snapshot: Snapshot) -> list[Result]:
    status = snapshot.workload.status
    if not status.update_revision or status.update_revision == status.current_revision:
        return []
    old = [
        p
        for p in sorted(snapshot.pods, key=_ordinal)
        if p.metadata.labels.get(_REVISION, status.update_revision) != status.update_revision
    ]
    sick = [p for p in old if _is_sick(snapshot, p)]
    if _strategy(snapshot) == "OnDelete":
        return [_waits_for_delete(snapshot, sick)] if sick else []
    partition = _partition(snapshot)
    held = [p for p in sick if _ordinal(p) < partition]
    if held or (old and partition >= snapshot.workload.replicas and _is_settled(snapshot)):
        return [_held(snapshot, partition, held)]
    if sick and snapshot.workload.spec.pod_management_policy != "Parallel":
        return [_stuck(snapshot, sick)]
    return []


def _strategy(snapshot: Snapshot) -> str:
    return str(snapshot.workload.spec.update_strategy.get("type") or "RollingUpdate")


def _partition(snapshot: Snapshot) -> int:
    rolling = snapshot.workload.spec.update_strategy.get("rollingUpdate")
    value = rolling.get("partition") if isinstance(rolling, dict) else None
    return value if isinstance(value, int) else 0


def _ordinal(pod: Pod) -> int:
    digits = pod.metadata.name.rpartition("-")[2]
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 10 else 0


def _is_sick(snapshot: Snapshot, pod: Pod) -> bool:
    """Whether a pod is in trouble, not merely starting or leaving."""
    if pod.metadata.deletion_timestamp is not None or is_at_rest(pod):
        return False
    born = pod.metadata.creation_timestamp
    if born is not None and snapshot.taken_at - born < _PATIENCE:
        return False
    scheduled = pod.condition("PodScheduled")
    return (
        pod.status.phase == "Failed"
        or (scheduled is not None and scheduled.status == "False")
        or any(
            (s.state.waiting is not None and s.state.waiting.reason not in _STARTING)
            or s.state.terminated is not None
            or s.restart_count > 0
            or (s.state.running is not None and not s.ready)
            for s in pod.all_statuses
        )
    )


def _is_outdated(snapshot: Snapshot, pod: Pod) -> bool:
    """Whether a pod's containers are not those of the template; defaults fill in the rest."""
    return any(
        (own := pod.spec.container(c.name)) is None
        or (own.image, own.command, own.args, own.env) != (c.image, c.command, c.args, c.env)
        for c in snapshot.template.containers
    )


def _is_settled(snapshot: Snapshot) -> bool:
    """Whether the template has been as it is for a while; unknown counts as long ago."""
    times = [
        str(entry.get("time") or "")
        for entry in (snapshot.target_raw.get("metadata") or {}).get("managedFields") or []
        if isinstance(entry, dict) and not entry.get("subresource")
    ]
    earliest = (snapshot.taken_at - _PATIENCE).strftime("%Y-%m-%dT%H:%M:%SZ")
    return max(times, default="") <= earliest


def _stuck(snapshot: Snapshot, sick: list[Pod]) -> Result:
    names = and_more([p.metadata.name for p in sick])
    status = snapshot.workload.status
    finding = Finding(
        analyzer="rollouts",
        reason="StatefulSetStuck",
        message=f"{snapshot.target} has a new template, but {_still(sick)}. Pods are updated in "
        "order, each only when all others are ready, so the update waits for the very pod that it "
        f"would mend. Delete {names}: what is made anew has the new template.",
        object=sick[0].ref,
        evidence=_evidence(snapshot, sick[0], f'"updateRevision":"{status.update_revision}"'),
    )
    return Result(finding, (_delete(snapshot, sick),))


def _still(sick: list[Pod]) -> str:
    names = and_more([p.metadata.name for p in sick])
    if len(sick) == 1:
        return f"pod {names} still has the old one and is not ready"
    return f"pods {names} still have the old one and are not ready"


def _waits_for_delete(snapshot: Snapshot, sick: list[Pod]) -> Result:
    finding = Finding(
        analyzer="rollouts",
        reason="UpdateWaitsForDelete",
        message=f"{snapshot.target} has a new template, but {_still(sick)}. With the update "
        "strategy OnDelete nothing replaces a pod until somebody deletes it.",
        object=sick[0].ref,
        evidence=_evidence(snapshot, sick[0], '"type":"OnDelete"'),
    )
    return Result(finding, (_delete(snapshot, sick),))


def _held(snapshot: Snapshot, partition: int, sick: list[Pod]) -> Result:
    replicas = snapshot.workload.replicas
    whom = (
        f"{and_more([p.metadata.name for p in sick])}, which is not ready,"
        if sick
        else f"none of the {replicas} pods"
    )
    verb = "is not reached" if sick else "is reached"
    rule = (snapshot.target_raw.get("spec") or {}).get("updateStrategy")
    finding = Finding(
        analyzer="rollouts",
        reason="UpdateHeldByPartition",
        message=f"the update of {snapshot.target} is held back: with partition {partition} only "
        f"pods from ordinal {partition} on get the new template, so {whom} {verb} by it. Lower "
        "the partition to let the update go on.",
        object=sick[0].ref if sick else snapshot.target,
        evidence=[
            Evidence(
                source=f"kubectl -n {snapshot.namespace} get statefulset "
                f"{snapshot.metadata.name} -o json",
                quote=compact(rule),
            )
        ],
    )
    lowered = SetStrategy(object=snapshot.target, partition=0)
    in_order = snapshot.workload.spec.pod_management_policy != "Parallel"
    deletions = _delete(snapshot, sick).actions if sick and in_order else ()
    fix = Proposal(
        title="Let the update reach all pods",
        rationale="With partition 0 every pod gets the new template, from the last ordinal down."
        + (" What is sick is deleted, since the update would wait for it." if deletions else ""),
        actions=(lowered, *deletions),
    )
    return Result(finding, (fix,))


def _delete(snapshot: Snapshot, sick: list[Pod]) -> Proposal:
    chosen = sick[: _MOST_PODS - 1]
    return Proposal(
        title=f"Delete {and_more([p.metadata.name for p in chosen])}",
        rationale="The controller makes the same pod anew from the template as it is now; its "
        "volumes stay.",
        actions=tuple(DeletePod(object=p.ref, owner=snapshot.target) for p in chosen),
    )


def _evidence(snapshot: Snapshot, pod: Pod, quote: str) -> list[Evidence]:
    kind = snapshot.kind.kind.lower()
    ready = pod.condition("Ready")
    label = pod.metadata.labels.get(_REVISION, "")
    own = f"kubectl -n {snapshot.namespace} get pod {pod.metadata.name} -o json"
    quotes = [f'"{_REVISION}":"{label}"' if label else "", ready.message if ready else ""]
    return [
        Evidence(
            source=f"kubectl -n {snapshot.namespace} get {kind} {snapshot.metadata.name} -o json",
            quote=quote,
        ),
        *(Evidence(source=own, quote=q) for q in quotes if q),
    ]
