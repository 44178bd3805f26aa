"""Pods that go because of a change of an autoscaler or a budget: not the target's own, but its."""

from dataclasses import replace

from podiatrist.analyzers.scaling.budget_reach import drained_nodes, protects, reach_of
from podiatrist.cluster.objects import Autoscaler, DisruptionBudget, Pod, Workload, parse
from podiatrist.cluster.snapshot import Object, Snapshot
from podiatrist.lifecycle.options.consequences.pod_state import is_ready, is_there, ready_of
from podiatrist.lifecycle.options.consequences.scaled import scaled


def scaled_workload(snapshot: Snapshot, autoscaler: Autoscaler) -> Workload | None:
    """Return the workload of the namespace that an autoscaler scales."""
    wanted = autoscaler.spec.scale_target_ref
    return next(
        (w for w in snapshot.workloads if (w.kind, w.metadata.name) == (wanted.kind, wanted.name)),
        None,
    )


def of_autoscaler(snapshot: Snapshot, raw: Object) -> list[Pod]:
    """Return the pods beyond the autoscaler's upper bound, the sick ones first."""
    autoscaler = parse(Autoscaler, raw)
    workload = scaled_workload(snapshot, autoscaler) if autoscaler else None
    selector = workload.spec.selector if workload else None
    if autoscaler is None or selector is None or autoscaler.spec.max_replicas < 1:
        return []
    pods = [
        p for p in snapshot.namespace_pods if is_there(p) and selector.matches(p.metadata.labels)
    ]
    pods.sort(key=is_ready)
    return pods[: max(0, len(pods) - autoscaler.spec.max_replicas)]


def of_budget(snapshot: Snapshot, raw: Object) -> tuple[list[Pod], int]:
    """Return the pods that a drain takes which waits for the budget, and how many at a time."""
    reach = reach_of(replace(snapshot, target_raw=raw))
    if reach is None:
        return [], 0
    nodes = drained_nodes(snapshot, reach)
    evicted = [p for p in reach.pods if p.spec.node_name in nodes]
    allowed = spared(reach.budget, reach.pods, reach.expected)
    return (evicted, min(allowed, ready_of(evicted))) if allowed else ([], 0)


def spared(budget: DisruptionBudget, pods: list[Pod], expected: int) -> int:
    """Return how many of its pods a budget lets go now."""
    healthy = ready_of(p for p in pods if protects(budget, p))
    return max(0, healthy - least_healthy(budget, expected))


def least_healthy(budget: DisruptionBudget, expected: int) -> int:
    """Return how many healthy pods a budget wants of as many as there should be.

    Percentages are rounded up (disruption controller, getExpectedPodCount).
    """
    spec = budget.spec
    if spec.max_unavailable is not None:
        return max(0, expected - scaled(spec.max_unavailable, expected, up=True))
    return scaled(1 if spec.min_available is None else spec.min_available, expected, up=True)
