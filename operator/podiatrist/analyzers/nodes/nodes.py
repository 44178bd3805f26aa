"""Nodes that are not ready, under pressure or cordoned, and who suffers."""

from collections.abc import Iterator

from podiatrist.actions.compiler import Proposal
from podiatrist.actions.uncordon_node import UncordonNode
from podiatrist.analyzers.common.result import Result, and_more, counted
from podiatrist.analyzers.common.rollout import is_at_rest
from podiatrist.analyzers.nodes.node_state import (
    Trouble,
    node_to_blame,
    node_trouble,
    settled,
    troubles,
)
from podiatrist.analyzers.scheduling.fit import Fit
from podiatrist.analyzers.scheduling.node_fit import Usage
from podiatrist.analyzers.scheduling.scheduling import unschedulable
from podiatrist.api.diagnosis import Evidence, Finding
from podiatrist.cluster.kinds import NODE, WORKLOADS
from podiatrist.cluster.objects import Node, Pod, parse
from podiatrist.cluster.snapshot import Snapshot

__all__ = ["analyze", "node_trouble", "owner_name", "pods_on"]

_LASTING = 10.0
"""Seconds after which a node's condition, or a pod's waiting, is no mere moment."""

_MOST_WAITING = 60
"""Waiting pods of the cluster that are held against the nodes; siblings ask for the same."""

_TELLING_EVENTS = frozenset(
    {
        "EvictionThresholdMet",
        "FreeDiskSpaceFailed",
        "ImageGCFailed",
        "InvalidDiskCapacity",
        "KubeletSetupFailed",
        "SystemOOM",
    }
)
"""Events about a node that say more than its conditions."""


def analyze(snapshot: Snapshot) -> list[Result]:
    """Explain a node, or point from the pods of a workload to the node that they are lost with."""
    if snapshot.kind is NODE:
        node = parse(Node, snapshot.target_raw)  # the list of nodes may be some seconds older
        return list(_of_node(snapshot, node)) if node else []
    if snapshot.kind in WORKLOADS:
        return list(_stranded(snapshot))[:1]
    return []


def pods_on(snapshot: Snapshot, node: str) -> list[Pod]:
    """Return the pods of the cluster that have a node and have not ended."""
    return [p for p in snapshot.cluster_pods if p.spec.node_name == node and not p.ended]


def owner_name(pod: Pod) -> str:
    """Return whose pod it is as people say it: `Deployment shop/web`."""
    metadata = pod.metadata
    owner = metadata.controller
    if owner is None:
        return f"Pod {metadata.namespace}/{metadata.name}"
    mark = metadata.labels.get("pod-template-hash")
    if owner.kind == "ReplicaSet" and mark and owner.name.endswith(f"-{mark}"):
        return f"Deployment {metadata.namespace}/{owner.name.removesuffix(f'-{mark}')}"
    return f"{owner.kind} {metadata.namespace}/{owner.name}"


def _of_node(snapshot: Snapshot, node: Node) -> Iterator[Result]:
    waiting = _waiting_for(snapshot, node)
    found = [t for t in troubles(node) if settled(t.condition, snapshot.taken_at, _LASTING)]
    for trouble in found:
        yield _trouble_result(snapshot, node, trouble, waiting)
    if node.spec.unschedulable and waiting and not any(t.lost for t in found):
        yield _cordon_result(node, waiting)


def _trouble_result(snapshot: Snapshot, node: Node, trouble: Trouble, waiting: list[Pod]) -> Result:
    name = node.metadata.name
    on_it = pods_on(snapshot, name)
    quotes = [trouble.condition.message or f'"type":"{trouble.condition.type}"']
    events = [e for e in snapshot.events_about(name) if e.reason in _TELLING_EVENTS and e.message]
    finding = Finding(
        analyzer="nodes",
        reason=trouble.reason,
        message=f"node {name} {trouble.what}. "
        + (
            _sufferers([p for p in on_it if not is_at_rest(p)], waiting)
            if trouble.lost
            else _endangered(on_it, waiting)
        ),
        object=node.ref,
        evidence=[
            *(_seen(name, quote) for quote in quotes),
            *(_seen(name, e.message) for e in events[:2]),
        ],
    )
    return Result(finding)


def _cordon_result(node: Node, waiting: list[Pod]) -> Result:
    name = node.metadata.name
    finding = Finding(
        analyzer="nodes",
        reason="NodeCordoned",
        message=f"node {name} is cordoned, and nothing else keeps pods from running there. "
        f"{_sufferers([], waiting)} Uncordon it if the maintenance is over.",
        object=node.ref,
        evidence=[
            Evidence(source=f"kubectl get node {name} -o json", quote='"unschedulable":true'),
            *_scheduler_said(waiting),
        ],
    )
    uncordon = Proposal(
        title=f"Uncordon node {name}",
        rationale=f"{counted(len(waiting), 'pod')} would run on {name} at once. It was cordoned by "
        "somebody, perhaps for maintenance that is not over.",
        actions=(UncordonNode(object=node.ref),),
    )
    return Result(finding, (uncordon,))


def _scheduler_said(waiting: list[Pod]) -> Iterator[Evidence]:
    for pod in waiting[:3]:
        condition = pod.condition("PodScheduled")
        if condition is not None and condition.message:
            source = f"kubectl -n {pod.metadata.namespace} describe pod {pod.metadata.name}"
            yield Evidence(source=source, quote=condition.message)


def _sufferers(lost: list[Pod], waiting: list[Pod]) -> str:
    parts = [
        f"{what}: {and_more(list(dict.fromkeys(map(owner_name, pods))), 8)}."
        for what, pods in (
            (f"{counted(len(lost), 'pod')} there not ready", lost),
            (f"{counted(len(waiting), 'pod')} waiting for it", waiting),
        )
        if pods
    ]
    return " ".join(parts) or "No workload suffers from it yet."


def _endangered(on_it: list[Pod], waiting: list[Pod]) -> str:
    """Name what runs under pressure; pods of DaemonSets are never moved."""
    names = [
        owner_name(p)
        for p in on_it
        if (c := p.metadata.controller) is None or c.kind != "DaemonSet"
    ]
    runs = f"On it: {and_more(list(dict.fromkeys(names)), 8)}." if names else ""
    return " ".join(filter(None, (runs, _sufferers([], waiting) if waiting else ""))) or (
        "No workload suffers from it yet."
    )


def _waiting_for(snapshot: Snapshot, node: Node) -> list[Pod]:
    """Return the pods of the cluster that nothing but this node's state keeps waiting."""
    pending = [
        p
        for p in snapshot.cluster_pods
        if unschedulable(p)
        and (c := p.condition("PodScheduled")) is not None
        and settled(c, snapshot.taken_at, _LASTING)
        # An unusable claim comes before any node, and claims of all namespaces are not read.
        and "persistentvolumeclaim" not in c.message.lower()
    ]
    usage = Usage.of(snapshot.cluster_pods) if pending else Usage({}, {})
    known: dict[str, bool] = {}
    found = []
    for pod in pending:
        asks = str(pod.spec) + pod.metadata.namespace
        if asks not in known and len(known) < _MOST_WAITING:
            blamed = node_to_blame(Fit.of(snapshot, pod, usage))
            known[asks] = blamed is not None and blamed.metadata.name == node.metadata.name
        if known.get(asks):
            found.append(pod)
    return found


def _stranded(snapshot: Snapshot) -> Iterator[Result]:
    """Yield the lost nodes that hold pods of a workload, which cannot be well there."""
    by_name = {n.metadata.name: n for n in snapshot.nodes}
    on: dict[str, list[Pod]] = {}
    for pod in snapshot.pods:
        if pod.spec.node_name in by_name and not pod.ended and not is_at_rest(pod):
            on.setdefault(pod.spec.node_name, []).append(pod)
    for name, pods in on.items():
        node = by_name[name]
        lost = next((t for t in troubles(node) if t.lost), None)
        if lost is None or not settled(lost.condition, snapshot.taken_at, _LASTING):
            continue
        verb = "is" if len(pods) == 1 else "are"
        finding = Finding(
            analyzer="nodes",
            reason=lost.reason,
            message=f"{counted(len(pods), 'pod')} of {snapshot.target} {verb} on node {name}, "
            f"which {lost.what}",
            object=pods[0].ref,
            evidence=[_seen(name, lost.condition.message)] if lost.condition.message else [],
        )
        yield Result(finding, cause=node.ref)


def _seen(node: str, quote: str) -> Evidence:
    return Evidence(source=f"kubectl describe node {node}", quote=quote)
