"""Why a pod does not fit on a node: the scheduler's required filters over the same facts.

Source: Kubernetes docs, "Scheduling Framework" filters NodeAffinity, TaintToleration,
NodeUnschedulable, NodeResourcesFit, NodePorts, VolumeBinding. Preferences never keep a pod
from running and are left out; so are rules about other pods, which `scheduling` only names.
"""

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from podiatrist.cluster.objects import (
    ContainerPort,
    Node,
    NodeSelectorTerm,
    PersistentVolume,
    Pod,
    PodSpec,
    Requirement,
    Taint,
    Toleration,
)
from podiatrist.cluster.quantity import format_resource, quantity_or_zero

_CORDON_TAINT = "node.kubernetes.io/unschedulable"

_INTEGER = re.compile(r"[+-]?[0-9]{1,19}")

Amounts = dict[str, Decimal]


@dataclass(frozen=True)
class LabelBlocker:
    """Node labels that the pod requires and the node does not have."""

    requirements: tuple[Requirement, ...]

    def __str__(self) -> str:
        """Return the requirements as a sentence part."""
        rules = " and ".join(map(describe_requirement, self.requirements))
        positive = all(r.operator in ("In", "Exists") for r in self.requirements)
        return f"has no label {rules}" if positive else f"does not match {rules}"


@dataclass(frozen=True)
class TaintBlocker:
    """Taints that the pod does not tolerate."""

    taints: tuple[Taint, ...]

    def __str__(self) -> str:
        """Return the taints as a sentence part."""
        return "has the taint " + ", ".join(map(str, self.taints))


@dataclass(frozen=True)
class CordonBlocker:
    """The node was cordoned."""

    def __str__(self) -> str:
        """Return the fact as a sentence part."""
        return "is cordoned"


@dataclass(frozen=True)
class ResourceBlocker:
    """A resource of which too little is free."""

    resource: str
    wanted: Decimal
    free: Decimal
    allocatable: Decimal

    def __str__(self) -> str:
        """Return the shortage as a sentence part."""
        wanted, free, total = (
            format_resource(self.resource, amount)
            for amount in (self.wanted, max(self.free, Decimal(0)), self.allocatable)
        )
        return f"has {free} of {total} {self.resource} free, {wanted} is requested"


@dataclass(frozen=True)
class PortBlocker:
    """A host port that another pod of the node holds."""

    port: int
    protocol: str
    holder: str

    def __str__(self) -> str:
        """Return the conflict as a sentence part."""
        return f"has host port {self.port}/{self.protocol} taken by pod {self.holder}"


@dataclass(frozen=True)
class VolumeBlocker:
    """A bound volume that cannot be reached from the node."""

    claim: str
    volume: str

    def __str__(self) -> str:
        """Return the conflict as a sentence part."""
        return f"cannot reach volume {self.volume} of claim {self.claim}"


Blocker = (
    LabelBlocker | TaintBlocker | CordonBlocker | ResourceBlocker | PortBlocker | VolumeBlocker
)


def describe_requirement(requirement: Requirement) -> str:
    """Return a requirement as kubectl's label selectors write it."""
    key, values = requirement.key, requirement.values
    match requirement.operator:
        case "In" if len(values) == 1:
            return f"{key}={values[0]}"
        case "In":
            return f"{key} in ({', '.join(values)})"
        case "NotIn":
            return f"{key} not in ({', '.join(values)})"
        case "Exists":
            return key
        case "DoesNotExist":
            return f"no label {key}"
        case "Gt" | "Lt":
            return f"{key} {'>' if requirement.operator == 'Gt' else '<'} {''.join(values)}"
    return f"{key} {requirement.operator} ({', '.join(values)})"


def meets(requirement: Requirement, labels: dict[str, str]) -> bool:
    """Say whether labels meet one requirement; an unknown operator is never met."""
    value = labels.get(requirement.key)
    match requirement.operator:
        case "In":
            return value is not None and value in requirement.values
        case "NotIn":
            return value is None or value not in requirement.values
        case "Exists":
            return value is not None
        case "DoesNotExist":
            return value is None
        case "Gt" | "Lt":
            numbers = [value or "", *requirement.values]
            if len(numbers) != 2 or not all(map(_INTEGER.fullmatch, numbers)):
                return False
            have, bound = map(int, numbers)
            return have > bound if requirement.operator == "Gt" else have < bound
    return False


def _unmet(term: NodeSelectorTerm, node: Node) -> list[Requirement]:
    fields = {"metadata.name": node.metadata.name}
    return [
        *(r for r in term.match_expressions if not meets(r, node.metadata.labels)),
        *(r for r in term.match_fields if not meets(r, fields)),
    ]


def unmet_terms(terms: list[NodeSelectorTerm], node: Node) -> list[Requirement]:
    """Return what is missing for the term that comes closest; nothing if one term holds.

    A term without requirements matches no node, nor does a selector without terms.
    """
    usable = [t for t in terms if t.match_expressions or t.match_fields]
    if not usable:
        return [Requirement(key="(an empty node selector)", operator="Exists")]
    return min((_unmet(term, node) for term in usable), key=len)


def possible_nodes(spec: PodSpec, nodes: list[Node]) -> list[Node]:
    """Return the nodes that the pod's rules about the node's name allow, all where none does.

    The DaemonSet controller ties each pod to its node in this way (docs, "DaemonSet"): the other
    nodes are no places that the pod could not get, but none of its business.
    """
    affinity = spec.affinity.node_affinity if spec.affinity else None
    terms = affinity.required.node_selector_terms if affinity and affinity.required else []
    if not terms or not all(t.match_fields for t in terms):
        return nodes
    named = [
        node
        for node in nodes
        if any(
            all(meets(r, {"metadata.name": node.metadata.name}) for r in t.match_fields)
            for t in terms
        )
    ]
    return named or nodes


def label_blocker(spec: PodSpec, node: Node) -> LabelBlocker | None:
    """Return what nodeSelector and required node affinity miss on a node."""
    missing = [
        r
        for key, value in spec.node_selector.items()
        if not meets(r := Requirement(key=key, operator="In", values=[value]), node.metadata.labels)
    ]
    affinity = spec.affinity.node_affinity if spec.affinity else None
    if affinity and affinity.required is not None:
        missing += unmet_terms(affinity.required.node_selector_terms, node)
    return LabelBlocker(tuple(missing)) if missing else None


def tolerates(toleration: Toleration, taint: Taint) -> bool:
    """Say whether a toleration covers a taint (core/v1 Toleration.ToleratesTaint)."""
    if toleration.effect not in ("", taint.effect):
        return False
    if not toleration.key:
        return toleration.operator == "Exists"
    if toleration.key != taint.key:
        return False
    return toleration.operator == "Exists" or (
        toleration.operator in ("", "Equal") and toleration.value == taint.value
    )


def taint_blocker(spec: PodSpec, node: Node) -> TaintBlocker | None:
    """Return the taints that keep the pod off a node; that of a cordoned one is its own cause."""
    taints = tuple(
        taint
        for taint in node.spec.taints
        if taint.effect in ("NoSchedule", "NoExecute")
        and not (taint.key == _CORDON_TAINT and node.spec.unschedulable)
        and not any(tolerates(t, taint) for t in spec.tolerations)
    )
    return TaintBlocker(taints) if taints else None


def cordon_blocker(spec: PodSpec, node: Node) -> CordonBlocker | None:
    """Return whether the node is cordoned for this pod."""
    mark = Taint(key=_CORDON_TAINT, effect="NoSchedule")
    cordoned = node.spec.unschedulable and not any(tolerates(t, mark) for t in spec.tolerations)
    return CordonBlocker() if cordoned else None


def _add(into: Amounts, amounts: Amounts) -> Amounts:
    return {
        name: into.get(name, Decimal(0)) + amounts.get(name, Decimal(0))
        for name in {*into, *amounts}
    }


def _most(one: Amounts, other: Amounts) -> Amounts:
    return {
        name: max(one.get(name, Decimal(0)), other.get(name, Decimal(0))) for name in {*one, *other}
    }


def pod_requests(spec: PodSpec) -> Amounts:
    """Return what a pod requests in all.

    Containers and sidecars run together; each init container runs beside the sidecars before it
    (KEP-753); the pod needs the larger of both. What the pod itself requests stands instead of
    that sum (KEP-2837). Its overhead comes on top.
    """
    together: Amounts = {}
    starting: Amounts = {}
    for container in spec.init_containers:
        own = {k: quantity_or_zero(v) for k, v in container.resources.requests.items()}
        if container.restart_policy == "Always":
            together = _add(together, own)
            starting = _most(starting, together)
        else:
            starting = _most(starting, _add(together, own))
    for container in spec.containers:
        own = {k: quantity_or_zero(v) for k, v in container.resources.requests.items()}
        together = _add(together, own)
    overhead = {k: quantity_or_zero(v) for k, v in spec.overhead.items()}
    whole = {k: quantity_or_zero(v) for k, v in spec.resources.requests.items()}
    return _add({**_most(together, starting), **whole}, overhead)


@dataclass(frozen=True)
class Usage:
    """What the pods of each node hold: requests, and host ports with their holder."""

    requested: dict[str, Amounts]
    ports: dict[str, list[tuple[ContainerPort, str]]]

    @classmethod
    def of(cls, pods: Iterable[Pod]) -> "Usage":
        """Add up what is held on every node."""
        requested: dict[str, Amounts] = defaultdict(dict)
        ports: dict[str, list[tuple[ContainerPort, str]]] = defaultdict(list)
        for pod in pods:
            node = pod.spec.node_name
            if not node or pod.ended:
                continue
            requested[node] = _add(requested[node], {**pod_requests(pod.spec), "pods": Decimal(1)})
            holder = f"{pod.metadata.namespace}/{pod.metadata.name}"
            ports[node] += [(port, holder) for port in host_ports(pod.spec)]
        return cls(dict(requested), dict(ports))

    def free(self, node: Node, resource: str) -> Decimal:
        """Return how much of a resource is left on a node."""
        total = quantity_or_zero(node.status.allocatable.get(resource))
        return total - self.requested.get(node.metadata.name, {}).get(resource, Decimal(0))


def host_ports(spec: PodSpec) -> list[ContainerPort]:
    """Return the ports that a pod takes on its node: those of containers and sidecars."""
    sidecars = [c for c in spec.init_containers if c.restart_policy == "Always"]
    return [p for c in (*spec.containers, *sidecars) for p in c.ports if p.host_port]


def resource_blockers(spec: PodSpec, node: Node, usage: Usage) -> list[ResourceBlocker]:
    """Return the resources of which a node has too little left."""
    wanted = {**pod_requests(spec), "pods": Decimal(1)}
    return [
        ResourceBlocker(
            resource=name,
            wanted=amount,
            free=usage.free(node, name),
            allocatable=quantity_or_zero(node.status.allocatable.get(name)),
        )
        for name, amount in sorted(wanted.items())
        if amount > 0 and amount > usage.free(node, name)
    ]


def _clash(one: ContainerPort, other: ContainerPort) -> bool:
    same = (one.host_port, one.protocol) == (other.host_port, other.protocol)
    anywhere = ("", "0.0.0.0")  # noqa: S104 - compared with, never bound to
    return same and (
        one.host_ip in anywhere or other.host_ip in anywhere or one.host_ip == other.host_ip
    )


def port_blockers(spec: PodSpec, node: Node, usage: Usage) -> list[PortBlocker]:
    """Return the host ports that are taken on a node."""
    held = usage.ports.get(node.metadata.name, [])
    return [
        PortBlocker(port=wanted.host_port, protocol=wanted.protocol, holder=holder)
        for wanted in host_ports(spec)
        for other, holder in held
        if _clash(wanted, other)
    ]


def volume_blockers(volumes: dict[str, PersistentVolume], node: Node) -> list[VolumeBlocker]:
    """Return the bound volumes (by claim name) that cannot be reached from a node."""
    return [
        VolumeBlocker(claim=claim, volume=volume.metadata.name)
        for claim, volume in volumes.items()
        if volume.spec.node_affinity
        and volume.spec.node_affinity.required is not None
        and unmet_terms(volume.spec.node_affinity.required.node_selector_terms, node)
    ]


def blockers(
    spec: PodSpec, node: Node, usage: Usage, volumes: dict[str, PersistentVolume]
) -> list[Blocker]:
    """Return everything that keeps a pod off a node; empty if it fits."""
    single = (label_blocker(spec, node), taint_blocker(spec, node), cordon_blocker(spec, node))
    return [
        *(b for b in single if b is not None),
        *resource_blockers(spec, node, usage),
        *port_blockers(spec, node, usage),
        *volume_blockers(volumes, node),
    ]
