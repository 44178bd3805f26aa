"""Pods whose containers are all ready, and that wait for somebody outside to say so as well."""

from datetime import timedelta

from podiatrist.analyzers.common.result import Result, and_more, counted
from podiatrist.api.diagnosis import Evidence, Finding
from podiatrist.cluster.objects import Pod
from podiatrist.cluster.snapshot import Snapshot

_PATIENCE = timedelta(seconds=30)
"""How long a controller may take: load balancers register a pod within seconds, mostly."""


def unmet_gates(snapshot: Snapshot) -> list[Result]:
    """Return at most one result: the pods that only a readiness gate keeps from being ready."""
    waiting = [(p, gates) for p in snapshot.pods if (gates := _unmet(snapshot, p))]
    if not waiting:
        return []
    pod, gates = waiting[0]
    ready = pod.condition("Ready")
    said = ready.message if ready and ready.message else gates[0]
    finding = Finding(
        analyzer="probes",
        reason="ReadinessGateNotMet",
        message=f"All containers of {counted(len(waiting), 'pod')} of {snapshot.target} are ready, "
        f"but the pod waits for its readiness gate {and_more(gates)}: nobody has set that "
        "condition to True. Check the controller that should (a load balancer's, mostly).",
        object=pod.ref,
        evidence=[
            Evidence(
                source=f"kubectl -n {snapshot.namespace} describe pod {pod.metadata.name}",
                quote=said,
            )
        ],
    )
    return [Result(finding)]


def _unmet(snapshot: Snapshot, pod: Pod) -> list[str]:
    if pod.ended or pod.metadata.deletion_timestamp is not None:
        return []
    containers = pod.condition("ContainersReady")
    if containers is None or containers.status != "True":
        return []
    since = containers.last_transition_time
    if since is not None and snapshot.taken_at - since < _PATIENCE:
        return []
    met = {c.type for c in pod.status.conditions if c.status == "True"}
    return [g.condition_type for g in pod.spec.readiness_gates if g.condition_type not in met]
