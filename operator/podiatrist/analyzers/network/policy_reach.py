"""What NetworkPolicies let through, as far as the objects of one namespace tell.

Policies add up: a pod that any policy selects takes only what some policy allows. Where a rule
speaks of things that we do not see (labels of namespaces, addresses), it is taken to allow.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from podiatrist.analyzers.common.slips import close_names
from podiatrist.analyzers.network.service_ports import resolve, target_of
from podiatrist.cluster.objects import (
    LabelSelector,
    NetworkPolicy,
    PodSpec,
    Service,
)
from podiatrist.cluster.objects.network import Peer, PolicyPort
from podiatrist.cluster.snapshot import Snapshot

Labels = dict[str, str]

_OWN_NAME = "kubernetes.io/metadata.name"
_DNS = 53


@dataclass(frozen=True)
class Cut:
    """A connection that no policy allows, the policy to blame, and what it does allow."""

    policy: NetworkPolicy
    why: str
    weight: int


@dataclass(frozen=True)
class _Rule:
    """One rule of a policy, whichever direction it is for."""

    peers: list[Peer]
    ports: list[PolicyPort]


def cut_between(
    snapshot: Snapshot, source: Labels, goal: Labels, spec: PodSpec, service: Service, port: int
) -> Cut | None:
    """Return what cuts a client off from the pods of a Service, None where nothing does."""
    numbers = [
        (n, p.protocol)
        for p in service.spec.ports
        if port in (0, p.port) and (n := resolve(spec, target_of(p), p.protocol)) is not None
    ]
    if not numbers:
        return None
    for direction, isolated, other in (("Ingress", goal, source), ("Egress", source, goal)):
        policies = _isolating(snapshot, isolated, direction)
        if policies and not any(
            _allows(rule, other, number, protocol, spec, snapshot.namespace)
            for policy in policies
            for rule in _rules(policy, direction)
            for number, protocol in numbers
        ):
            cuts = [_cut(p, direction, other, numbers, spec, snapshot.namespace) for p in policies]
            return max(cuts, key=lambda c: c.weight)
    return None


def dns_cut(snapshot: Snapshot, source: Labels) -> NetworkPolicy | None:
    """Return the policy that keeps a client from asking for names, None where none does."""
    policies = _isolating(snapshot, source, "Egress")
    rules = [rule for policy in policies for rule in _rules(policy, "Egress")]
    if not policies or any(_lets_ask(rule) for rule in rules):
        return None
    return max(policies, key=lambda p: len(p.spec.egress))


def _lets_ask(rule: _Rule) -> bool:
    away = not rule.peers or any(p.namespace_selector or p.ip_block for p in rule.peers)
    asks = not rule.ports or any(
        p.port in (None, _DNS) or (isinstance(p.port, str) and "dns" in p.port) or _spans(p, _DNS)
        for p in rule.ports
    )
    return away and asks


def _isolating(snapshot: Snapshot, labels: Labels, direction: str) -> list[NetworkPolicy]:
    found = [
        p
        for p in snapshot.network_policies
        if direction in _types(p) and p.spec.pod_selector.matches(labels)
    ]
    return sorted(found, key=lambda p: p.metadata.name)


def _types(policy: NetworkPolicy) -> list[str]:
    return policy.spec.policy_types or (
        ["Ingress", "Egress"] if policy.spec.egress else ["Ingress"]
    )


def _rules(policy: NetworkPolicy, direction: str) -> Iterator[_Rule]:
    if direction == "Ingress":
        yield from (_Rule(r.from_ or [], r.ports or []) for r in policy.spec.ingress)
    else:
        yield from (_Rule(r.to or [], r.ports or []) for r in policy.spec.egress)


def _allows(
    rule: _Rule, other: Labels, number: int, protocol: str, spec: PodSpec, namespace: str
) -> bool:
    who = not rule.peers or any(_is_peer(p, other, namespace) for p in rule.peers)
    return who and _opens(rule.ports, number, protocol, spec)


def _is_peer(peer: Peer, labels: Labels, namespace: str) -> bool:
    """Whether a rule means pods with these labels; a block of addresses may hold them."""
    if peer.namespace_selector is not None and not _may_be(peer.namespace_selector, namespace):
        return False
    return peer.pod_selector is None or peer.pod_selector.matches(labels)


def _may_be(selector: LabelSelector, namespace: str) -> bool:
    """Whether a selector may take this namespace, of whose labels we know only the name."""
    keys = {*selector.match_labels, *(r.key for r in selector.match_expressions)}
    return bool(keys - {_OWN_NAME}) or selector.matches({_OWN_NAME: namespace})


def _opens(ports: Iterable[PolicyPort], number: int, protocol: str, spec: PodSpec) -> bool:
    listed = list(ports)
    return not listed or any(
        p.protocol == protocol
        and (
            p.port is None
            or _spans(p, number)
            or (isinstance(p.port, str) and resolve(spec, p.port, protocol) == number)
        )
        for p in listed
    )


def _spans(port: PolicyPort, number: int) -> bool:
    return isinstance(port.port, int) and port.port <= number <= (port.end_port or port.port)


def _cut(
    policy: NetworkPolicy,
    direction: str,
    other: Labels,
    numbers: list[tuple[int, str]],
    spec: PodSpec,
    namespace: str,
) -> Cut:
    """Say what one policy allows instead; the nearer that is to what is needed, the heavier."""
    rules = list(_rules(policy, direction))
    way = "comes from" if direction == "Ingress" else "goes to"
    if not rules:
        return Cut(policy, f"it allows nothing that {way} anywhere", 0)
    for rule in rules:
        who = not rule.peers or any(_is_peer(p, other, namespace) for p in rule.peers)
        if who and rule.ports:
            open_ = ", ".join(str(p.port) for p in rule.ports[:4])
            needed = ", ".join(str(n) for n, _ in numbers[:4])
            return Cut(
                policy,
                f"it allows only port {open_}, and the pods listen on {needed} (policies mean the "
                "pod's port, not the Service's)",
                3,
            )
    for peer in (p for rule in rules for p in rule.peers):
        if (slip := _slip(peer, other)) is not None:
            return Cut(policy, f"what {way} pods with {slip}", 2)
    allowed = [_told(p) for rule in rules for p in rule.peers]
    return Cut(policy, f"it allows only what {way} {' or '.join(allowed[:3])}", 1)


def _slip(peer: Peer, labels: Labels) -> str | None:
    if peer.pod_selector is None:
        return None
    for key, value in peer.pod_selector.match_labels.items():
        have = labels.get(key)
        if have is not None and have != value and close_names(value, [have]):
            return f"{key}={value} is allowed, and the label is {key}={have}"
    return None


def _told(peer: Peer) -> str:
    parts = []
    if peer.pod_selector is not None:
        labels = ",".join(f"{k}={v}" for k, v in peer.pod_selector.match_labels.items())
        parts.append(f"pods with {labels}" if labels else "pods")
    if peer.namespace_selector is not None:
        labels = ",".join(f"{k}={v}" for k, v in peer.namespace_selector.match_labels.items())
        parts.append(f"of namespaces with {labels}" if labels else "of any namespace")
    return " ".join(parts) or "certain addresses"
