"""Whom a PodDisruptionBudget protects, how many it can ever spare, and which drain waits for it."""

import math
from dataclasses import dataclass

from podiatrist.cluster.kinds import DAEMON_SET, NODE
from podiatrist.cluster.objects import DisruptionBudget, Pod, parse
from podiatrist.cluster.snapshot import Snapshot

_BEING_EMPTIED = (
    "ToBeDeletedByClusterAutoscaler",
    "karpenter.sh/disrupted",
    "karpenter.sh/disruption",
    "node.kubernetes.io/unschedulable",
)
"""Taints of a node whose pods are to leave."""

_SCALED = ("ReplicaSet", "StatefulSet", "ReplicationController", "Deployment")


@dataclass(frozen=True)
class Reach:
    """A budget and the pods that an eviction would have to ask it for.

    `expected` is how many there should be, `unmanaged` whether some have no controller that says
    so: their budget must be a number of available pods (Kubernetes docs, disruption budgets).
    """

    budget: DisruptionBudget
    pods: list[Pod]
    expected: int
    unmanaged: bool


def reach_of(snapshot: Snapshot) -> Reach | None:
    """Return the reach of the snapshot's budget, None where it cannot be read as one."""
    budget = parse(DisruptionBudget, snapshot.target_raw)
    if budget is None:
        return None
    pods = [p for p in snapshot.namespace_pods if protects(budget, p)]
    unmanaged = any(not (c := p.metadata.controller) or c.kind not in _SCALED for p in pods)
    return Reach(budget, pods, max(budget.status.expected_pods, len(pods)), unmanaged)


def protects(budget: DisruptionBudget, pod: Pod) -> bool:
    """Say whether evicting a pod would ask a budget; pods that ended or are leaving do not."""
    selector = budget.spec.selector
    if selector is None or pod.ended or pod.metadata.deletion_timestamp is not None:
        return False
    return selector.matches(pod.metadata.labels)


def bound(budget: DisruptionBudget) -> str:
    """Return the budget's bound as people write it: `minAvailable 100%`."""
    spec = budget.spec
    if spec.max_unavailable is not None:
        return f"maxUnavailable {spec.max_unavailable}"
    return f"minAvailable {1 if spec.min_available is None else spec.min_available}"


def allows_none(reach: Reach) -> bool:
    """Say whether the budget spares no pod even when all that should be there are healthy.

    Percentages of either bound are rounded up (disruption controller, getExpectedPodCount).
    """
    spec, expected = reach.budget.spec, reach.expected
    if spec.max_unavailable is not None:
        if reach.unmanaged and reach.budget.status.expected_pods == 0:
            return True  # nothing says how many there should be, so nothing can be spared
        return _scaled(spec.max_unavailable, expected) <= 0
    if spec.min_available is None:
        return expected <= 1
    if isinstance(spec.min_available, str) and reach.unmanaged:
        return reach.budget.status.expected_pods == 0
    return _scaled(spec.min_available, expected) >= expected


def _scaled(amount: int | str, whole: int) -> int:
    if isinstance(amount, int):
        return amount
    digits = amount.removesuffix("%")
    if not digits.isascii() or not digits.isdigit() or len(digits) > 9:
        return 1  # the API takes no such bound; nothing is claimed about it
    return math.ceil(int(digits) * whole / 100) if amount.endswith("%") else int(digits)


def drained_nodes(snapshot: Snapshot, reach: Reach) -> list[str]:
    """Return the nodes that are being emptied and still hold pods of the budget.

    A cordon alone moves nothing; whoever cordons a node with pods on it is about to drain it.
    Pods of DaemonSets stay through a drain.
    """
    if not snapshot.was_read(NODE):
        return []
    leaving = {
        n.metadata.name
        for n in snapshot.nodes
        if n.spec.unschedulable or any(t.key in _BEING_EMPTIED for t in n.spec.taints)
    }
    held = {
        p.spec.node_name
        for p in reach.pods
        if not ((c := p.metadata.controller) and c.kind == DAEMON_SET.kind)
    }
    return sorted(leaving & held)


def overlapping(snapshot: Snapshot, reach: Reach) -> list[DisruptionBudget]:
    """Return the other budgets that protect some of the same pods."""
    return [
        other
        for other in snapshot.budgets
        if other.metadata.name != reach.budget.metadata.name
        and any(protects(other, pod) for pod in reach.pods)
    ]
