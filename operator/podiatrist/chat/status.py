"""The state of the whole cluster in a few lines: nodes, pods, and what is not well."""

from collections import Counter

from podiatrist.cluster.client import Client
from podiatrist.cluster.errors import RefusedError
from podiatrist.cluster.kinds import NODE, POD
from podiatrist.cluster.objects import Node, Pod

_MOST = 12
"""Sick workloads that are named."""


async def cluster_status(client: Client, namespace: str) -> str:
    """Return the state of the cluster; of one namespace where the user may not see all.

    Raises ClusterError.
    """
    lines = [await _nodes(client)]
    try:
        pods, where = await client.list_typed(POD, Pod), "in all namespaces"
    except RefusedError:
        pods, where = await client.list_typed(POD, Pod, namespace), f"in namespace {namespace}"
    well = [p for p in pods if _is_well(p)]
    lines.append(f"Pods {where}: {len(pods)}, of them {len(well)} well.")
    sick = Counter((_workload(p), why(p)) for p in pods if not _is_well(p))
    for (workload, reason), count in sick.most_common(_MOST):
        lines.append(f"- {workload}: {count} pod{'s' if count > 1 else ''} {reason}")
    if len(sick) > _MOST:
        lines.append(f"- and {len(sick) - _MOST} more")
    if not sick:
        lines.append("No pod is in trouble.")
    return "\n".join(lines)


async def _nodes(client: Client) -> str:
    try:
        nodes = await client.list_typed(NODE, Node)
    except RefusedError:
        return "Nodes: you may not see them."
    not_ready = [
        n.metadata.name
        for n in nodes
        if not any(c.type == "Ready" and c.status == "True" for c in n.status.conditions)
    ]
    cordoned = [n.metadata.name for n in nodes if n.spec.unschedulable]
    text = f"Nodes: {len(nodes)}, of them {len(nodes) - len(not_ready)} ready."
    if not_ready:
        text += f" Not ready: {', '.join(not_ready[:_MOST])}."
    if cordoned:
        text += f" Cordoned: {', '.join(cordoned[:_MOST])}."
    return text


def _is_well(pod: Pod) -> bool:
    ready = pod.condition("Ready")
    return pod.status.phase == "Succeeded" or (
        ready is not None and ready.status == "True" and pod.metadata.deletion_timestamp is None
    )


def why(pod: Pod) -> str:
    """Return what keeps a pod from being ready, in the words of `kubectl get pods`."""
    if pod.metadata.deletion_timestamp is not None:
        return "Terminating"
    for status in pod.all_statuses:
        if status.state.waiting and status.state.waiting.reason:
            return status.state.waiting.reason
        if status.state.terminated and status.state.terminated.exit_code:
            return status.state.terminated.reason or "Error"
    scheduled = pod.condition("PodScheduled")
    if scheduled is not None and scheduled.status == "False":
        return f"{pod.status.phase} ({scheduled.reason})"
    return f"{pod.status.phase or 'Unknown'}, not ready"


def _workload(pod: Pod) -> str:
    above = pod.metadata.controller
    name = above.name if above else pod.metadata.name
    if above and above.kind == "ReplicaSet":
        name = name.rpartition("-")[0] or name
    return f"{pod.metadata.namespace}/{name}"
