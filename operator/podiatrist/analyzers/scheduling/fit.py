"""One unschedulable pod held against every node: what explanations and fixes start from."""

from dataclasses import dataclass
from functools import cached_property

from podiatrist.analyzers.scheduling.node_fit import Blocker, Usage, blockers, possible_nodes
from podiatrist.analyzers.storage.claims import bound_volumes
from podiatrist.cluster.objects import Node, Pod
from podiatrist.cluster.snapshot import Snapshot


@dataclass(frozen=True)
class Fit:
    """One unschedulable pod against every node."""

    snapshot: Snapshot
    pod: Pod
    pending: int
    running: int
    usage: Usage
    by_node: dict[str, list[Blocker]]

    @classmethod
    def of(
        cls, snapshot: Snapshot, pod: Pod, usage: Usage, *, pending: int = 1, running: int = 0
    ) -> "Fit":
        """Hold a pod against every node that its rules about names allow."""
        volumes = bound_volumes(snapshot, pod)
        by_node = {
            n.metadata.name: blockers(pod.spec, n, usage, volumes)
            for n in possible_nodes(pod.spec, snapshot.nodes)
        }
        return cls(snapshot, pod, pending, running, usage, by_node)

    @cached_property
    def nodes(self) -> dict[str, Node]:
        """The nodes by name."""
        return {n.metadata.name: n for n in self.snapshot.nodes}

    def blocked_by(self, kind: type[Blocker]) -> dict[str, list[Blocker]]:
        """Return the blockers of one kind, by node."""
        found = {
            node: [b for b in blocked if isinstance(b, kind)]
            for node, blocked in self.by_node.items()
        }
        return {node: blocked for node, blocked in found.items() if blocked}

    def only_blocked_by(self, kind: type[Blocker]) -> dict[str, list[Blocker]]:
        """Return the nodes that would take the pod but for blockers of one kind."""
        return {
            node: blocked
            for node, blocked in self.by_node.items()
            if blocked and all(isinstance(b, kind) for b in blocked)
        }
