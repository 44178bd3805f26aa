"""Services that reach nobody: selector, ports, endpoints, and whose fault it is."""

import re

from podiatrist.actions.compiler import Proposal
from podiatrist.actions.set_service_port import SetServicePort
from podiatrist.actions.set_service_selector import SetServiceSelector
from podiatrist.analyzers.result import Result, and_more, counted
from podiatrist.analyzers.service_peers import answers, in_trouble, owner_of, pods_behind
from podiatrist.analyzers.service_ports import WrongPort, wrong_ports
from podiatrist.analyzers.service_selectors import Candidate, Unmatched, unmatched
from podiatrist.analyzers.slips import close_names
from podiatrist.api.diagnosis import Evidence, Finding
from podiatrist.cluster.kinds import SERVICE
from podiatrist.cluster.objects import ContainerPort, Service, parse
from podiatrist.cluster.snapshot import Snapshot, compact

_MOST_LABELS = 16
_NO_BALANCER = ("SyncLoadBalancerFailed", "CreatingLoadBalancerFailed", "AllocationFailed")
_SPOKEN = {"TCP", "UDP", "SCTP"}
_PORT_NAME = re.compile(r"[a-z0-9]([-a-z0-9]{0,13}[a-z0-9])?")


def analyze(snapshot: Snapshot) -> list[Result]:
    """Return what is wrong with a Service; where its pods are sick, whose fault that is."""
    if snapshot.kind is not SERVICE or snapshot.metadata.deletion_timestamp is not None:
        return []
    service = parse(Service, snapshot.target_raw)
    if service is None:
        return []
    nothing = unmatched(snapshot, service)
    if nothing is not None:
        return [_selects_nothing(snapshot, service, nothing)]
    wrong = wrong_ports(snapshot, service)
    if wrong:
        return [
            _leads_nowhere(snapshot, one, wrong if one is wrong[0] else []) for one in wrong[:4]
        ]
    return (
        _pods_are_sick(snapshot, service)
        or _alias_of_nobody(snapshot, service)
        or _no_balancer(snapshot, service)
    )


def _selects_nothing(snapshot: Snapshot, service: Service, nothing: Unmatched) -> Result:
    name, selector = service.metadata.name, service.spec.selector
    said = _written(selector)
    message = f"Service {name} reaches nobody: no pod has the labels {said} that it selects. "
    if nothing.candidates:
        likely = "; ".join(
            f"pods of {c.who} would match {_written(c.selector)} ({c.why})"
            for c in nothing.candidates
        )
        message += likely[0].upper() + likely[1:] + "."
    else:
        have = and_more(
            [
                f"{w.kind} {w.metadata.name}: {_written(w.spec.template.metadata.labels)}"
                for w in snapshot.workloads
            ]
        )
        message += f"Labels in this namespace: {have or 'none'}. Correct the selector, or deploy "
        message += "what it was written for."
    evidence = [
        Evidence(
            source=f"{_kubectl(snapshot)} get service {name} -o jsonpath={{.spec.selector}}",
            quote=compact((snapshot.target_raw.get("spec") or {}).get("selector") or {}),
        )
    ]
    evidence += [_labels_of(snapshot, candidate) for candidate in nothing.candidates]
    finding = Finding(
        analyzer="services",
        reason="SelectorMatchesNothing",
        message=message,
        object=snapshot.target,
        evidence=evidence,
    )
    if snapshot.metadata.controller is not None:  # its owner would write the old one back
        return Result(finding)
    return Result(
        finding,
        tuple(
            Proposal(
                title=f"Set the selector to {_written(c.selector)}",
                rationale=f"It takes the pods of {c.who} and no others: {c.why}.",
                actions=(SetServiceSelector(object=snapshot.target, selector=c.selector),),
            )
            for c in nothing.candidates
            if len(c.selector) <= _MOST_LABELS
        ),
    )


def _labels_of(snapshot: Snapshot, candidate: Candidate) -> Evidence:
    kind, _, name = candidate.who.partition(" ")
    path = "{.metadata.labels}" if kind == "Pod" else "{.spec.template.metadata.labels}"
    return Evidence(
        source=f"{_kubectl(snapshot)} get {kind.lower()} {name} -o jsonpath={path}",
        quote=compact(candidate.labels),
    )


def _leads_nowhere(snapshot: Snapshot, wrong: WrongPort, together: list[WrongPort]) -> Result:
    """Return the finding; the first one's options mend all ports that lead nowhere."""
    name, port, target = snapshot.target.name, wrong.port, wrong.target
    have = and_more([_port_text(p) for p in wrong.declared])
    what = f"named {target!r}" if wrong.named else str(target)
    other = next((p for p in wrong.declared if p.name == target), None)
    if wrong.named and other is not None:
        problem = (
            f"its {port.protocol} port {port.port} leads to the port {target!r}, which speaks "
            f"{other.protocol} in {wrong.who}"
        )
    else:
        problem = (
            f"its port {port.port} leads to targetPort {target}, and {wrong.who} has no port {what}"
        )
    sure = "" if wrong.named else " (a container may listen without declaring it)"
    finding = Finding(
        analyzer="services",
        reason="TargetPortNotFound" if wrong.named else "TargetPortNotDeclared",
        message=f"Service {name} reaches nobody: {problem}{sure}. "
        f"Ports there: {have or 'none, so no name can match; use a number'}.",
        object=snapshot.target,
        evidence=_port_evidence(snapshot, wrong),
    )
    return Result(finding, _port_proposals(snapshot, together))


def _port_proposals(snapshot: Snapshot, together: list[WrongPort]) -> tuple[Proposal, ...]:
    if snapshot.metadata.controller is not None:
        return ()
    if len(together) == 1:
        choices = [[(together[0], meant)] for meant in together[0].meant]
    elif together and all(wrong.meant for wrong in together):
        choices = [[(wrong, wrong.meant[0]) for wrong in together]]
    else:
        choices = []
    choices = [c for c in choices if all(_can_be_set(*pair) for pair in c)]
    return tuple(
        Proposal(
            title="Set targetPort of "
            + " and of ".join(f"port {w.port.port} to {_new_target(w, p)}" for w, p in choice),
            rationale="; ".join(f"{w.who} declares {_port_text(p)}" for w, p in choice) + ".",
            actions=tuple(
                SetServicePort(
                    object=snapshot.target,
                    port=w.port.port,
                    protocol=w.port.protocol,
                    target_port=_new_target(w, p),
                    new_protocol=p.protocol if p.protocol != w.port.protocol else None,
                )
                for w, p in choice
            ),
        )
        for choice in choices
    )


def _can_be_set(wrong: WrongPort, meant: ContainerPort) -> bool:
    """Whether both ports are such as the API takes; objects may hold anything."""
    new = _new_target(wrong, meant)
    good = 0 < new < 65536 if isinstance(new, int) else _PORT_NAME.fullmatch(new) is not None
    return good and 0 < wrong.port.port < 65536 and {wrong.port.protocol, meant.protocol} <= _SPOKEN


def _new_target(wrong: WrongPort, meant: ContainerPort) -> int | str:
    return meant.name if wrong.named and meant.name else meant.container_port


def _port_text(port: ContainerPort) -> str:
    name = f" ({port.name})" if port.name else ""
    return f"{port.container_port}/{port.protocol}{name}"


def _port_evidence(snapshot: Snapshot, wrong: WrongPort) -> list[Evidence]:
    name = snapshot.target.name
    raws = (snapshot.target_raw.get("spec") or {}).get("ports") or []
    found = [
        Evidence(
            source=f"{_kubectl(snapshot)} get service {name} -o jsonpath={{.spec.ports}}",
            quote=compact(raw),
        )
        for raw in raws
        if isinstance(raw, dict)
        and raw.get("port") == wrong.port.port
        and (raw.get("protocol") or "TCP") == wrong.port.protocol
    ]
    kind, _, of = wrong.who.partition(" ")
    shown = [p for p in wrong.declared if p.name and kind != "the"][:2]
    found += [
        Evidence(
            source=f"{_kubectl(snapshot)} get {kind.lower()} {of} "
            "-o jsonpath={.spec.template.spec.containers[*].ports}",
            quote=p.name,
        )
        for p in shown
    ]
    return found


def _pods_are_sick(snapshot: Snapshot, service: Service) -> list[Result]:
    """Return the workloads to blame where no pod behind the Service can take a request.

    Only where these pods are visibly sick: what is only starting is nobody's fault.
    """
    pods = pods_behind(snapshot, service)
    if (
        not pods
        or service.spec.publish_not_ready_addresses
        or any(answers(p, snapshot.taken_at) for p in pods)
    ):
        return []
    sick = [p for p in pods if in_trouble(p, snapshot.taken_at)]
    if len(sick) < len(pods):
        return []
    owners = list(dict.fromkeys(owner_of(snapshot, p) for p in sick))
    condition = sick[0].condition("Ready") or sick[0].condition("PodScheduled")
    quote = (condition.message or condition.reason) if condition else sick[0].status.phase
    return [
        Result(
            Finding(
                analyzer="services",
                reason="NoReadyEndpoints",
                message=f"Service {service.metadata.name} reaches nobody: none of its "
                f"{counted(len(pods), 'pod')} is ready. The Service is as it should be; "
                f"the cause is in {owner}.",
                object=snapshot.target,
                evidence=[
                    Evidence(
                        source=f"{_kubectl(snapshot)} describe pod {sick[0].metadata.name}",
                        quote=quote,
                    )
                ],
            ),
            cause=owner,
        )
        for owner in owners[:2]
    ]


def _alias_of_nobody(snapshot: Snapshot, service: Service) -> list[Result]:
    """Return a finding for another name of a Service of this namespace that is not there."""
    host = service.spec.external_name.rstrip(".").lower()
    if service.spec.type != "ExternalName" or not host:
        return []
    parts = host.split(".")
    inside = len(parts) >= 3 and parts[2] == "svc" and parts[1] == snapshot.namespace
    known = [s.metadata.name for s in snapshot.services]
    if not inside or parts[0] in known:
        return []
    close = close_names(parts[0], known)
    hint = f" Did you mean {close[0]}?" if close else ""
    return [
        Result(
            Finding(
                analyzer="services",
                reason="ExternalNameNotFound",
                message=f"Service {service.metadata.name} is another name for {host}, and this "
                f"namespace has no Service {parts[0]}.{hint} Correct spec.externalName.",
                object=snapshot.target,
                evidence=[
                    Evidence(
                        source=f"{_kubectl(snapshot)} get service {service.metadata.name} "
                        "-o jsonpath={.spec.externalName}",
                        quote=service.spec.external_name,
                    )
                ],
            )
        )
    ]


def _no_balancer(snapshot: Snapshot, service: Service) -> list[Result]:
    """Return a finding where whoever makes load balancers says that it could not.

    One that is only waited for may be made by nobody here, and that may be known.
    """
    status = snapshot.target_raw.get("status")
    balancer = status.get("loadBalancer") if isinstance(status, dict) else None
    if service.spec.type != "LoadBalancer" or (isinstance(balancer, dict) and balancer):
        return []
    told = [
        e
        for e in snapshot.events_about(service.metadata.name)
        if e.reason in _NO_BALANCER and e.involved_object.kind in ("", "Service")
    ]
    return [
        Result(
            Finding(
                analyzer="services",
                reason="LoadBalancerFailed",
                message=f"Service {service.metadata.name} gets no load balancer, so nobody "
                f"outside reaches it: {event.message}",
                object=snapshot.target,
                evidence=[
                    Evidence(
                        source=f"{_kubectl(snapshot)} describe service {service.metadata.name}",
                        quote=event.message or event.reason,
                    )
                ],
            )
        )
        for event in told[:1]
    ]


def _written(labels: dict[str, str]) -> str:
    return ",".join(f"{key}={value}" for key, value in labels.items())


def _kubectl(snapshot: Snapshot) -> str:
    return f"kubectl -n {snapshot.namespace}"
