"""Ports of Services that lead nowhere in the pods behind them."""

import re
from dataclasses import dataclass

from podiatrist.analyzers.common.slips import close_names
from podiatrist.analyzers.network.service_peers import pods_behind, workloads_behind
from podiatrist.cluster.objects import (
    Container,
    ContainerPort,
    PodSpec,
    Probe,
    Service,
    ServicePort,
)
from podiatrist.cluster.snapshot import Snapshot

_ASIDE = re.compile(r"metric|prom|health|admin|debug|pprof|probe", re.I)
"""Names of ports that are for a program's keepers: what it serves may be left undeclared."""

_USUAL = {
    "nginx": 80,
    "httpd": 80,
    "caddy": 80,
    "traefik": 80,
    "postgres": 5432,
    "mysql": 3306,
    "mariadb": 3306,
    "redis": 6379,
    "memcached": 11211,
    "mongo": 27017,
    "rabbitmq": 5672,
    "elasticsearch": 9200,
    "grafana": 3000,
    "prometheus": 9090,
    "tomcat": 8080,
}
"""Where programs listen that are known by their image, whatever a container declares."""


@dataclass(frozen=True)
class WrongPort:
    """A port of a Service whose target no container has; `meant` are those that may be meant.

    `named` is true where the target is a name: then it certainly leads nowhere.
    """

    port: ServicePort
    target: int | str
    named: bool
    declared: list[ContainerPort]
    meant: list[ContainerPort]
    who: str


def target_of(port: ServicePort) -> int | str:
    """Return where a port of a Service leads: to its own number where it does not say."""
    return port.target_port or port.port


def resolve(spec: PodSpec, target: int | str, protocol: str) -> int | None:
    """Return the number that a target is in a pod, None for a name that it does not have."""
    if isinstance(target, int):
        return target
    if target.isdigit():
        return int(target)
    return next(
        (
            p.container_port
            for c in _serving(spec)
            for p in c.ports
            if (p.name, p.protocol) == (target, protocol)
        ),
        None,
    )


def wrong_ports(snapshot: Snapshot, service: Service) -> list[WrongPort]:
    """Return the ports of a Service that lead nowhere in any pod that it selects."""
    specs = [p.spec for p in pods_behind(snapshot, service)]
    behind = workloads_behind(snapshot, service)
    specs += [w.spec.template.spec for w in behind]
    if not specs or service.spec.type == "ExternalName":
        return []
    who = f"{behind[0].kind} {behind[0].metadata.name}" if behind else "the pods"
    found = [_wrong(port, specs, service, who) for port in service.spec.ports]
    return [wrong for wrong in found if wrong is not None]


def _wrong(port: ServicePort, specs: list[PodSpec], service: Service, who: str) -> WrongPort | None:
    target = target_of(port)
    declared = list(
        {
            (p.container_port, p.protocol, p.name): p
            for spec in specs
            for c in _serving(spec)
            for p in _offered(c)
        }.values()
    )
    named = isinstance(target, str) and not target.isdigit()
    if named:
        if any(resolve(spec, target, port.protocol) is not None for spec in specs):
            return None
    elif _may_listen(specs, declared, int(target), port.protocol) or _headless(service):
        return None
    meant = _meant(port, target, named, declared, service)
    return WrongPort(port, target, named, declared, meant, who)


def _headless(service: Service) -> bool:
    """Whether clients reach the pods without the Service's ports: then a number means nothing."""
    return service.spec.cluster_ip == "None"


def _may_listen(
    specs: list[PodSpec], declared: list[ContainerPort], number: int, protocol: str
) -> bool:
    """Whether a container may listen there: it says so, is known for it, or declares too little.

    Declaring ports is optional: only where every container declares some, and not just those
    for its keepers, does the absence of one mean anything.
    """
    if (number, protocol) in {(p.container_port, p.protocol) for p in declared}:
        return True
    containers = [c for spec in specs for c in spec.containers]
    if any(not _offered(c) for c in containers):
        return True
    if all(_ASIDE.search(p.name) for p in declared):
        return True
    return any(_known_for(c.image) == number or _told_to_listen(c, number) for c in containers)


def _offered(container: Container) -> list[ContainerPort]:
    """Return the ports that a container declares or is probed at."""
    probes = (container.readiness_probe, container.liveness_probe, container.startup_probe)
    probed = [n for probe in probes if probe is not None and (n := _probed(probe)) is not None]
    known = {p.container_port for p in container.ports}
    more = [ContainerPort(container_port=n) for n in dict.fromkeys(probed) if n not in known]
    return [*container.ports, *more]


def _known_for(image: str) -> int | None:
    name = image.rpartition("/")[2].partition("@")[0].partition(":")[0]
    return _USUAL.get(name)


def _told_to_listen(container: Container, number: int) -> bool:
    texts = (*container.command, *container.args, *(e.value for e in container.env))
    return any(_mentions(text, number) for text in texts)


def _mentions(text: str, number: int) -> bool:
    """Whether a command or variable holds the number: the program is told to listen there."""
    digits = str(number)
    before, found, after = text[:20_000].partition(digits)
    while found:
        if not before[-1:].isdigit() and not after[:1].isdigit():
            return True
        before, found, after = after.partition(digits)
    return False


def _probed(probe: Probe) -> int | None:
    checks = (probe.http_get, probe.tcp_socket, probe.grpc)
    port = next((check.port for check in checks if check is not None), None)
    return port if isinstance(port, int) else None


def _serving(spec: PodSpec) -> list[Container]:
    """Return the containers that run as long as the pod does."""
    return [*spec.containers, *(c for c in spec.init_containers if c.restart_policy == "Always")]


def _meant(
    port: ServicePort,
    target: int | str,
    named: bool,
    declared: list[ContainerPort],
    service: Service,
) -> list[ContainerPort]:
    """Return the declared ports that were probably meant, the likeliest first, two at most."""
    taken = {target_of(p) for p in service.spec.ports if p is not port}
    free = [p for p in declared if p.name not in taken and p.container_port not in taken]
    same = [p for p in free if p.protocol == port.protocol]
    if named and not same:
        same = [p for p in free if p.name == target]
    by_name = close_names(str(target), [p.name for p in same if p.name]) if named else []
    liked = [p for name in by_name for p in same if p.name == name]
    liked += [p for p in same if p.name == target]
    liked += [p for p in same if port.port == p.container_port]
    liked += [p for p in same if port.name and p.name == port.name]
    if not named:
        digits = close_names(str(target), [str(p.container_port) for p in same])
        liked += [p for p in same if str(p.container_port) in digits]
    if not liked and len(same) <= 2:
        liked = same
    return [p for i, p in enumerate(liked) if p not in liked[:i]][:2]
