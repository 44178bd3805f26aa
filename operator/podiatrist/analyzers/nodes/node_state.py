"""What the conditions of a node say, and when a node is why pods wait."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from podiatrist.analyzers.scheduling.fit import Fit
from podiatrist.analyzers.scheduling.node_fit import (
    Blocker,
    CordonBlocker,
    LabelBlocker,
    TaintBlocker,
)
from podiatrist.cluster.objects import Condition, Node

STATE_TAINT = "node.kubernetes.io/"
"""Prefix of the taints that the node controller sets from conditions, and takes away with them."""

_SILENT = (
    "is the machine up and on the network, and does its kubelet run (on the node: systemctl status "
    "kubelet; journalctl -u kubelet)"
)
_READY_FALSE = (
    (
        ("cni", "network plugin", "networkready=false", "networkpluginnotready"),
        "its pod network is not set up (CNI): see whether the network plugin's pods run there",
    ),
    (
        ("container runtime is down", "runtime service", "containerd.sock", "crio.sock", "cri-o",
         "runtime not ready", "runtimeready=false", "container runtime"),
        "its container runtime is down: on the node: systemctl status containerd (or crio)",
    ),
    (
        ("pleg is not healthy", "pleg"),
        "its container runtime answers too slowly (PLEG): look at the load and disk of the node",
    ),
    (("shutting down", "shutdown"), "it is being shut down"),
    (("csinode", "csi"), "a CSI driver is not registered on it"),
)  # fmt: skip
"""Words of a Ready condition that is False, and what they mean to a human; the first one counts."""

_PRESSURE = {
    "MemoryPressure": "runs out of memory: it evicts pods and takes only those that tolerate it; "
    "lower what its pods use, or give it more",
    "DiskPressure": "runs out of disk: it evicts pods, deletes images and takes no new pods; free "
    "disk space on it (images, logs, emptyDir volumes), or give it more",
    "PIDPressure": "runs out of process IDs: look for a pod that starts processes without end",
    "NetworkUnavailable": "has no network set up: see whether the network plugin or the cloud's "
    "route controller runs",
}
_REASONS = {"NetworkUnavailable": "NodeNetworkUnavailable"}


@dataclass(frozen=True)
class Trouble:
    """One condition of a node that is not as it should be, in words."""

    reason: str
    what: str
    condition: Condition

    @property
    def lost(self) -> bool:
        """Whether nothing that runs there can be relied on."""
        return self.condition.type == "Ready"


def troubles(node: Node) -> list[Trouble]:
    """Return what is wrong with a node; of one that is not ready only that."""
    ready = next((c for c in node.status.conditions if c.type == "Ready"), None)
    if ready is not None and ready.status != "True":
        return [Trouble("NodeNotReady", f"is not ready: {_why(ready)}", ready)]
    return [
        Trouble(_REASONS.get(c.type, c.type), _PRESSURE[c.type], c)
        for c in node.status.conditions
        if c.type in _PRESSURE and c.status == "True"
    ]


def node_trouble(node: Node) -> str | None:
    """Return what is wrong with a node as a sentence part, None where its conditions are good."""
    found = troubles(node)
    return found[0].what if found else None


def _why(ready: Condition) -> str:
    said = ready.message[:4096].lower()
    if ready.reason == "NodeStatusNeverUpdated" or "never posted" in said:
        return (
            "no kubelet ever reported for it; the machine never joined the cluster, or the Node "
            "object is left over (kubectl delete node)"
        )
    if ready.status == "Unknown":
        since = ready.last_transition_time
        when = f" at {since:%Y-%m-%d %H:%M:%S} UTC" if since else ""
        return f"its kubelet stopped posting status{when}; {_SILENT}"
    meant = next((what for words, what in _READY_FALSE if any(w in said for w in words)), None)
    return meant or (f"its kubelet says: {ready.message[:300]}" if ready.message else _SILENT)


def settled(condition: Condition, now: datetime, seconds: float) -> bool:
    """Whether a condition has lasted; one that does not say since when has."""
    since = condition.last_transition_time
    return since is None or since.tzinfo is None or (now - since).total_seconds() >= seconds


def node_to_blame(fit: Fit) -> Node | None:
    """Return the node whose state alone keeps a pod waiting; None where it is not that.

    Nodes that the pod asks not to run on (labels) or that keep such pods off for good (taints set
    by people) are no places it could have got. Of the others every single one must be cordoned or
    have a taint of its own state, and nothing else.
    """
    places = {name: found for name, found in fit.by_node.items() if not any(map(_for_good, found))}
    if not places or not all(
        found and all(_of_state(b, fit.nodes[name]) for b in found)
        for name, found in places.items()
    ):
        return None
    roomiest = max(places, key=lambda name: (fit.usage.free(fit.nodes[name], "cpu"), name))
    return fit.nodes[roomiest]


def _of_state(blocker: Blocker, node: Node) -> bool:
    """Whether a blocker is one that the node's own Diagnosis tells: else nobody would."""
    if isinstance(blocker, TaintBlocker):
        return bool(troubles(node)) and all(t.key.startswith(STATE_TAINT) for t in blocker.taints)
    return isinstance(blocker, CordonBlocker)


def _for_good(blocker: Blocker) -> bool:
    if isinstance(blocker, TaintBlocker):
        return any(not t.key.startswith(STATE_TAINT) for t in blocker.taints)
    return isinstance(blocker, LabelBlocker)


def state_quotes(node: Node) -> Iterator[str]:
    """Yield what of a node's state is worth quoting: the cordon, and its conditions' words."""
    if node.spec.unschedulable:
        yield '"unschedulable":true'
    for found in troubles(node):
        if found.condition.message:
            yield found.condition.message
