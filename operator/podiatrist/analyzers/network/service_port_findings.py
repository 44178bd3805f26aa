"""What is said of a Service's port that leads nowhere, and the ports to lead to instead."""

import re

from podiatrist.actions.compiler import Proposal
from podiatrist.actions.set_service_port import SetServicePort
from podiatrist.analyzers.common.result import Result, and_more
from podiatrist.analyzers.network.service_ports import WrongPort
from podiatrist.api.diagnosis import Evidence, Finding
from podiatrist.cluster.objects import ContainerPort
from podiatrist.cluster.snapshot import Snapshot, compact

_SPOKEN = {"TCP", "UDP", "SCTP"}
_PORT_NAME = re.compile(r"[a-z0-9]([-a-z0-9]{0,13}[a-z0-9])?")


def leads_nowhere(snapshot: Snapshot, wrong: WrongPort, together: list[WrongPort]) -> Result:
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
            source=f"kubectl -n {snapshot.namespace} get service {name} "
            "-o jsonpath={.spec.ports}",
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
            source=f"kubectl -n {snapshot.namespace} get {kind.lower()} {of} "
            "-o jsonpath={.spec.template.spec.containers[*].ports}",
            quote=p.name,
        )
        for p in shown
    ]
    return found
