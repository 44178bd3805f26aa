"""Where an Ingress sends requests: Services and ports that are not there."""

from collections.abc import Iterator
from dataclasses import dataclass

from podiatrist.actions.compiler import Proposal
from podiatrist.actions.set_ingress_backend import SetIngressBackend
from podiatrist.analyzers.common.result import Result, and_more
from podiatrist.analyzers.common.slips import close_names
from podiatrist.analyzers.network.service_peers import find_service
from podiatrist.api.diagnosis import Evidence, Finding
from podiatrist.cluster.kinds import SERVICE
from podiatrist.cluster.objects import Ingress, Service
from podiatrist.cluster.objects.network import Backend
from podiatrist.cluster.snapshot import Snapshot

_MOST = 4


@dataclass(frozen=True)
class _Use:
    """One backend, and the host and path that lead to it."""

    service: str
    port: int | str
    where: str


@dataclass(frozen=True)
class _Trouble:
    """What is wrong with a backend, and the backends that may be meant, the best first."""

    use: _Use
    reason: str
    message: str
    meant: list[tuple[str, int | str, str]]
    seen: list[Evidence]


def backend_trouble(snapshot: Snapshot, ingress: Ingress) -> Iterator[Result]:
    """Yield a finding for each backend that is not there.

    Each finding comes with the fixes of its own backend; the first with one that mends all of
    them, since a fix that leaves one broken would be undone as not helping.
    """
    if not snapshot.was_read(SERVICE):
        return
    uses = {(u.service, u.port): u for u in reversed(list(_uses(ingress)))}
    found = [t for use in reversed(uses.values()) if (t := _judge(snapshot, use))][:_MOST]
    for trouble in found:
        yield Result(_finding(snapshot, trouble), _proposals(snapshot, found, trouble))
    rules = [r for r in ingress.spec.rules if r.http is None or not r.http.paths]
    if rules and not found and ingress.spec.default_backend is None:
        yield _without(snapshot, [r.host or "*" for r in rules])


def _uses(ingress: Ingress) -> Iterator[_Use]:
    yield from _use(ingress.spec.default_backend, "its default backend")
    for rule in ingress.spec.rules:
        for path in rule.http.paths if rule.http else []:
            yield from _use(path.backend, f"{rule.host or '*'}{path.path or '/'}")


def _use(backend: Backend | None, where: str) -> Iterator[_Use]:
    if backend is not None and backend.service is not None and backend.service.name:
        port = backend.service.port
        yield _Use(backend.service.name, port.number or port.name, where)


def _judge(snapshot: Snapshot, use: _Use) -> _Trouble | None:
    service = find_service(snapshot, use.service)
    if service is None:
        return _missing(snapshot, use)
    if not service.spec.ports or _has(service, use.port):
        return None  # an ExternalName may do without ports
    offered = [f"{p.port} ({p.name})" if p.name else str(p.port) for p in service.spec.ports]
    meant = _ports(service, use.port)
    return _Trouble(
        use,
        "BackendPortNotFound",
        f"{use.where} leads to port {use.port} of Service {use.service}, which has no such port. "
        f"Its ports: {and_more(offered)}.",
        [(use.service, p, f"Service {use.service} has port {p}") for p in meant],
        [
            Evidence(
                source=f"kubectl -n {snapshot.namespace} get service {use.service} "
                "-o jsonpath={.spec.ports[*].port}",
                quote=f'"port":{service.spec.ports[0].port}',
            )
        ],
    )


def _missing(snapshot: Snapshot, use: _Use) -> _Trouble:
    others = {s.metadata.name: s for s in snapshot.services if s.spec.type != "ExternalName"}
    close = close_names(use.service, others)
    part = [n for n in others if use.service in n.split("-") or n in use.service.split("-")]
    liked = list(dict.fromkeys([*close, *part]))[:2]
    meant: list[tuple[str, int | str, str]] = []
    for name in liked:
        ports = [use.port] if _has(others[name], use.port) else _ports(others[name], use.port)
        meant += [(name, p, f"Service {name} is there and has port {p}") for p in ports[:1]]
    hint = f"Did you mean {' or '.join(liked)}?" if liked else f"Services here: {_list(others)}."
    return _Trouble(
        use,
        "BackendNotFound",
        f"{use.where} leads to Service {use.service}, which does not exist in namespace "
        f"{snapshot.namespace}. {hint}",
        meant,
        [
            Evidence(source=f"kubectl -n {snapshot.namespace} get services", quote=name)
            for name in liked
        ],
    )


def _list(services: dict[str, Service]) -> str:
    return and_more(sorted(services)) if services else "none"


def _has(service: Service, port: int | str) -> bool:
    return any(port in (p.port, p.name) for p in service.spec.ports if port)


def _ports(service: Service, asked: int | str) -> list[int | str]:
    """Return the ports of a Service that were probably meant by one that it does not have."""
    ports = service.spec.ports
    if len(ports) == 1:
        return [ports[0].port]
    found: list[int | str] = [p.port for p in ports if asked and p.target_port == asked]
    if isinstance(asked, str):
        found[:0] = close_names(asked, [p.name for p in ports if p.name])
    else:
        found += [int(text) for text in close_names(str(asked), [str(p.port) for p in ports])]
    return found[:2]


def _finding(snapshot: Snapshot, trouble: _Trouble) -> Finding:
    name = snapshot.target.name
    return Finding(
        analyzer="ingresses",
        reason=trouble.reason,
        message=f"Ingress {name}: {trouble.message}",
        object=snapshot.target,
        evidence=[
            Evidence(
                source=f"kubectl -n {snapshot.namespace} describe ingress {name}",
                quote=trouble.use.service,
            ),
            *trouble.seen,
        ],
    )


def _proposals(
    snapshot: Snapshot, found: list[_Trouble], trouble: _Trouble
) -> tuple[Proposal, ...]:
    if snapshot.metadata.controller is not None or trouble is not found[0]:
        return ()
    if len(found) == 1:
        choices = [[(trouble.use, meant)] for meant in trouble.meant]
    elif all(t.meant for t in found):
        choices = [[(t.use, t.meant[0]) for t in found]]
    else:
        choices = []
    return tuple(
        Proposal(
            title="Send "
            + " and ".join(f"{u.service}:{u.port} to {to}:{port}" for u, (to, port, _) in choice),
            rationale="; ".join(why for _, (_, _, why) in choice) + ".",
            actions=tuple(
                SetIngressBackend(
                    object=snapshot.target,
                    service=use.service,
                    port=use.port,
                    to_service=to,
                    to_port=port,
                )
                for use, (to, port, _) in choice
            ),
        )
        for choice in choices
        if all(use.port and port for use, (_, port, _) in choice)
    )


def _without(snapshot: Snapshot, hosts: list[str]) -> Result:
    name = snapshot.target.name
    return Result(
        Finding(
            analyzer="ingresses",
            reason="IngressWithoutBackend",
            message=f"Ingress {name} has no backend for {and_more(hosts)}: the rule has no paths, "
            "and there is no defaultBackend. Add a path with the Service that shall answer.",
            object=snapshot.target,
            evidence=[
                Evidence(
                    source=f"kubectl -n {snapshot.namespace} describe ingress {name}",
                    quote=next((h for h in hosts if h != "*"), name),
                )
            ],
        )
    )
