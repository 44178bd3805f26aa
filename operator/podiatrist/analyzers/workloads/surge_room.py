"""Updates that may not take a pod away and find no room for one more."""

from datetime import timedelta
from typing import Any

from podiatrist.actions.compiler import Proposal
from podiatrist.actions.set_strategy import SetStrategy
from podiatrist.analyzers.common.result import Result, and_more, counted
from podiatrist.analyzers.common.revisions import of_newest_revision
from podiatrist.analyzers.nodes.node_state import node_to_blame
from podiatrist.analyzers.scheduling.fit import Fit
from podiatrist.analyzers.scheduling.node_fit import Usage, host_ports, pod_requests
from podiatrist.analyzers.storage.claims import claim_problems
from podiatrist.api.diagnosis import Evidence, Finding
from podiatrist.cluster.kinds import DEPLOYMENT, NODE
from podiatrist.cluster.objects import Pod, PodSpec, ReplicaSet
from podiatrist.cluster.snapshot import Snapshot, compact

_PATIENCE = timedelta(seconds=20)
"""For how long a new pod may wait for room: an autoscaler or a leaving pod may make it."""

_DEFAULT = "25%"


def analyze(snapshot: Snapshot) -> list[Result]:
    """Return one result for an update that waits for a pod which waits for the update."""
    strategy = snapshot.workload.spec.strategy
    if (
        snapshot.kind is not DEPLOYMENT
        or strategy.get("type", "RollingUpdate") != "RollingUpdate"
        or snapshot.workload.spec.paused
        or len(snapshot.revisions) < 2
        or _unavailable_allowed(snapshot) > 0
    ):
        return []
    old = next((r for r in snapshot.revisions[1:] if r.status.ready_replicas > 0), None)
    new = [p for p in of_newest_revision(snapshot, snapshot.pods) if _has_no_place(snapshot, p)]
    if old is None or not new or not _takes_the_place(new[0].spec, old):
        return []
    if not snapshot.was_read(NODE):
        return []  # on a node that is cordoned or lost the new pod would find no place either
    fit = Fit.of(snapshot, new[0], Usage.of(snapshot.cluster_pods))
    if claim_problems(snapshot, new[0]) or node_to_blame(fit) is not None:
        return []  # a claim in use, or the state of a node: the rules about those tell it
    waiting = and_more([p.metadata.name for p in new])
    rolling = strategy.get("rollingUpdate") or {}
    finding = Finding(
        analyzer="rollouts",
        reason="NoRoomToSurge",
        message=f"the update of {snapshot.target} stands still: its strategy lets no old pod go "
        "before a new one is ready (maxUnavailable "
        f"{rolling.get('maxUnavailable', _DEFAULT)} of {snapshot.workload.replicas} is 0), and no "
        f"node has room for a new one beside the {counted(old.status.replicas, 'old pod')}; "
        f"{waiting} waits. Let the update take one pod away first, or make room on the nodes.",
        object=snapshot.target,
        evidence=_evidence(snapshot, new[0]),
    )
    fix = Proposal(
        title="Replace pods one by one instead of starting new ones beside them",
        rationale="The new pod asks for no more than the old one, so it fits where that one was. "
        "While a pod is replaced, one less serves"
        + (": none at all, for a moment." if snapshot.workload.replicas == 1 else "."),
        actions=(SetStrategy(object=snapshot.target, max_surge=0, max_unavailable=1),),
    )
    return [Result(finding, (fix,))]


def _unavailable_allowed(snapshot: Snapshot) -> int:
    """Return how many pods may be missing during an update; a percentage is rounded down."""
    value: Any = (snapshot.workload.spec.strategy.get("rollingUpdate") or {}).get(
        "maxUnavailable", _DEFAULT
    )
    if isinstance(value, int):
        return value
    digits = str(value).removesuffix("%")
    if not (digits.isascii() and digits.isdigit() and len(digits) < 5):
        return 1  # nothing that we understand: say nothing
    return snapshot.workload.replicas * int(digits) // 100


def _has_no_place(snapshot: Snapshot, pod: Pod) -> bool:
    condition = pod.condition("PodScheduled")
    if pod.spec.node_name or pod.ended or pod.metadata.deletion_timestamp is not None:
        return False
    if condition is None or condition.reason != "Unschedulable":
        return False
    since = condition.last_transition_time
    return since is None or snapshot.taken_at - since >= _PATIENCE


def _takes_the_place(new: PodSpec, old: ReplicaSet) -> bool:
    """Whether a new pod fits where an old one was: it asks for the same places and no more."""
    before = old.spec.template.spec
    more = pod_requests(before)
    grown = any(amount > more.get(name, 0) for name, amount in pod_requests(new).items())
    return (
        not grown
        and _ports(new) <= _ports(before)
        and (new.node_selector, new.affinity) == (before.node_selector, before.affinity)
        and _claims(new) == _claims(before)
    )


def _ports(spec: PodSpec) -> set[tuple[int, str, str]]:
    return {(p.host_port, p.protocol, p.host_ip) for p in host_ports(spec)}


def _claims(spec: PodSpec) -> set[str]:
    return {v.persistent_volume_claim.claim_name for v in spec.volumes if v.persistent_volume_claim}


def _evidence(snapshot: Snapshot, pod: Pod) -> list[Evidence]:
    condition = pod.condition("PodScheduled")
    said = condition.message if condition else ""
    strategy = (snapshot.target_raw.get("spec") or {}).get("strategy")
    found = [
        (f"describe pod {pod.metadata.name}", said),
        (f"get deployment {snapshot.metadata.name} -o json", compact(strategy) if strategy else ""),
    ]
    return [
        Evidence(source=f"kubectl -n {snapshot.namespace} {command}", quote=quote)
        for command, quote in found
        if quote
    ]
