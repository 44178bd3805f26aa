"""Whose fault it is that a Service does not answer: its own, its workload's, or a policy's."""

from dataclasses import dataclass, field

from podiatrist.analyzers.network.service_peers import (
    PATIENCE,
    answers,
    in_trouble,
    owner_of,
    pods_behind,
    ref_of_workload,
    workloads_behind,
)
from podiatrist.analyzers.network.service_ports import wrong_ports
from podiatrist.analyzers.network.service_selectors import unmatched
from podiatrist.api.diagnosis import Evidence, ObjectRef
from podiatrist.cluster.objects import Pod, Service
from podiatrist.cluster.snapshot import Snapshot, compact


@dataclass(frozen=True)
class Verdict:
    """Why a Service does not answer. `cause` is None where nobody else has to be looked at."""

    reason: str
    why: str
    cause: ObjectRef | None = None
    seen: list[Evidence] = field(default_factory=list)


def judge(snapshot: Snapshot, service: Service, port: int) -> Verdict | None:
    """Return why a Service does not answer on a port (0: on any), None where it should."""
    behind = workloads_behind(snapshot, service)
    pods = pods_behind(snapshot, service)
    if snapshot.target in {ref_of_workload(w) for w in behind} or _only_own(snapshot, pods):
        return None  # who waits for himself waits for his own cure
    if service.spec.type == "ExternalName":
        return None
    name = service.metadata.name
    if port and service.spec.cluster_ip != "None" and service.spec.ports:
        offered = [p.port for p in service.spec.ports]
        if port not in offered:
            return Verdict(
                "DependencyPortNotServed",
                f"Service {name} has no port {port}, only {', '.join(map(str, offered[:4]))}",
                seen=[_quote_service(snapshot, name, f'"port":{offered[0]}')],
            )
    if any(answers(p, snapshot.taken_at) for p in pods):
        return _wrong_port(snapshot, service, port)
    if not service.spec.selector:
        return None if _has_addresses(snapshot, name) else _no_selector(name)
    if not pods:
        return _nobody(snapshot, service)
    return _sick(snapshot, service, pods)


def _only_own(snapshot: Snapshot, pods: list[Pod]) -> bool:
    own = {p.metadata.uid for p in snapshot.pods}
    return bool(pods) and all(p.metadata.uid in own for p in pods)


def _nobody(snapshot: Snapshot, service: Service) -> Verdict | None:
    name = service.metadata.name
    behind = workloads_behind(snapshot, service)
    asleep = [w for w in behind if w.kind != "DaemonSet" and w.replicas == 0]
    if behind and len(asleep) == len(behind):
        first = asleep[0]
        ref = ref_of_workload(first)
        return Verdict(
            "DependencyScaledToZero",
            f"{ref.kind} {ref.name} behind Service {name} is scaled to zero",
            ref,
            [
                Evidence(
                    source=f"kubectl -n {snapshot.namespace} get {ref.kind.lower()} {ref.name} "
                    "-o jsonpath={.spec.replicas}",
                    quote='"replicas":0',
                )
            ],
        )
    if behind:
        first = next(w for w in behind if w not in asleep)
        made = first.metadata.creation_timestamp
        if made is not None and snapshot.taken_at - made < PATIENCE:
            return None
        ref = ref_of_workload(first)
        return Verdict(
            "DependencyNotReady", f"{ref.kind} {ref.name} behind Service {name} has no pods", ref
        )
    if unmatched(snapshot, service) is None:
        return None
    return Verdict(
        "DependencyHasNoEndpoints",
        f"the selector of Service {name} matches no pod",
        service.ref_as("v1", "Service"),
        [
            Evidence(
                source=f"kubectl -n {snapshot.namespace} get service {name} "
                "-o jsonpath={.spec.selector}",
                quote=compact(service.spec.selector),
            )
        ],
    )


def _sick(snapshot: Snapshot, service: Service, pods: list[Pod]) -> Verdict | None:
    sick = [p for p in pods if in_trouble(p, snapshot.taken_at)]
    if not sick:
        return None  # they are only starting
    ref = owner_of(snapshot, sick[0])
    condition = sick[0].condition("Ready") or sick[0].condition("PodScheduled")
    said = (condition.message or condition.reason) if condition else ""
    return Verdict(
        "DependencyNotReady",
        f"{ref.kind} {ref.name} behind Service {service.metadata.name} has no ready pod",
        ref,
        [
            Evidence(
                source=f"kubectl -n {snapshot.namespace} describe pod {sick[0].metadata.name}",
                quote=said or sick[0].metadata.name,
            )
        ],
    )


def _wrong_port(snapshot: Snapshot, service: Service, port: int) -> Verdict | None:
    wrong = [w for w in wrong_ports(snapshot, service) if port in (0, w.port.port)]
    if not wrong or (port == 0 and len(wrong) < len(service.spec.ports)):
        return None
    name = service.metadata.name
    return Verdict(
        "DependencyPortLeadsNowhere",
        f"port {wrong[0].port.port} of Service {name} leads to targetPort {wrong[0].target}, "
        f"which {wrong[0].who} does not have",
        service.ref_as("v1", "Service"),
        [_quote_service(snapshot, name, f'"port":{wrong[0].port.port}')],
    )


def _no_selector(name: str) -> Verdict:
    return Verdict(
        "DependencyHasNoEndpoints",
        f"Service {name} has no selector, and nobody has given it addresses: whatever writes "
        "its EndpointSlice does not",
    )


def _has_addresses(snapshot: Snapshot, name: str) -> bool:
    return any(s.service == name and s.endpoints for s in snapshot.endpoint_slices)


def _quote_service(snapshot: Snapshot, name: str, quote: str) -> Evidence:
    return Evidence(
        source=f"kubectl -n {snapshot.namespace} get service {name} -o jsonpath={{.spec.ports}}",
        quote=quote,
    )
