"""What a workload needs from others: names that do not resolve, backends scaled to zero.

The finding says whom a sick container misses and why nobody answers. Where that is another
object's fault, it is only pointed to: the fix is offered there.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from podiatrist.analyzers.common.result import Result
from podiatrist.analyzers.dependencies.connection_errors import Trouble
from podiatrist.analyzers.dependencies.grievances import Grievance, grievances, sick_containers
from podiatrist.analyzers.dependencies.peer_fixes import Change
from podiatrist.analyzers.dependencies.peer_name_troubles import (
    dns_down,
    known_but_unresolved,
    no_such_service,
    outlived,
    unknown_name,
)
from podiatrist.analyzers.dependencies.peer_names import Place
from podiatrist.analyzers.dependencies.peer_results import missed_result
from podiatrist.analyzers.dependencies.peer_verdicts import Verdict, judge
from podiatrist.analyzers.dependencies.scaled_to_zero import scaled_to_zero
from podiatrist.analyzers.network.network_policies import policy_between
from podiatrist.analyzers.network.service_peers import answering_since
from podiatrist.api.diagnosis import Evidence
from podiatrist.cluster.kinds import NETWORK_POLICY, WORKLOADS
from podiatrist.cluster.objects import ContainerStatus, Service
from podiatrist.cluster.snapshot import Snapshot

_MOST = 4


@dataclass(frozen=True)
class _Blame:
    """A result, and the container whose failing it explains."""

    container: str
    result: Result


def analyze(snapshot: Snapshot) -> list[Result]:
    """Return one result for each peer that a sick container misses."""
    if snapshot.kind not in WORKLOADS:
        return []
    return [*scaled_to_zero(snapshot), *(b.result for b in _distinct(_blames(snapshot)))]


def blames_peer(snapshot: Snapshot, container_name: str) -> bool:
    """Say whether a peer explains why that container fails.

    That is also so, without a finding, where the peer has come back since it last failed: its
    next start will tell, and until then there is nothing new to say.
    """
    if snapshot.kind not in WORKLOADS:
        return False
    return any(b.container == container_name for b in _blames(snapshot)) or any(
        status.name == container_name and _came_back(snapshot, missed, status)
        for pod, status in sick_containers(snapshot, snapshot.pods)
        for missed in grievances(snapshot, pod, status)
    )


def _came_back(snapshot: Snapshot, missed: Grievance, status: ContainerStatus) -> bool:
    """Whether the peer answers only since after the container last failed."""
    service = missed.meaning.service if missed.meaning else None
    ended = status.last_end
    if service is None or ended is None or ended.finished_at is None:
        return False
    if judge(snapshot, service, missed.port) is not None:
        return False
    since = answering_since(snapshot, service)
    return since is not None and since >= ended.finished_at


def _distinct(blames: Iterator[_Blame]) -> list[_Blame]:
    """Keep one of those that say the same of several containers."""
    found: dict[object, _Blame] = {}
    for blame in blames:
        finding, cause = blame.result.finding, blame.result.cause
        key = cause or (finding.reason, finding.evidence[0].quote if finding.evidence else "")
        found.setdefault(key, blame)
    return list(found.values())[:_MOST]


def _blames(snapshot: Snapshot) -> Iterator[_Blame]:
    for pod, status in sick_containers(snapshot, snapshot.pods):
        known: set[tuple[str, str]] = set()
        for grievance in grievances(snapshot, pod, status):
            result = _explain(snapshot, grievance, status)
            if result is None:
                continue
            key = (grievance.meaning.name if grievance.meaning else "", "")
            if key not in known:
                known.add(key)
                yield _Blame(status.name, result)


def _explain(snapshot: Snapshot, missed: Grievance, status: ContainerStatus) -> Result | None:
    meaning, trouble = missed.meaning, missed.error.trouble if missed.error else None
    if meaning is None:
        return dns_down(snapshot, missed, status) if trouble is Trouble.DNS_DOWN else None
    if meaning.service is not None:
        return _not_answering(snapshot, missed, meaning.service, status)
    if meaning.place is Place.NOWHERE:
        return no_such_service(snapshot, missed, status)
    if trouble is Trouble.UNRESOLVED:
        return unknown_name(snapshot, missed)
    return dns_down(snapshot, missed, status) if trouble is Trouble.DNS_DOWN else None


def _not_answering(
    snapshot: Snapshot, missed: Grievance, service: Service, status: ContainerStatus
) -> Result | None:
    trouble = missed.error.trouble if missed.error else None
    verdict = judge(snapshot, service, missed.port)
    if verdict is not None:
        changes = []
        if verdict.reason == "DependencyPortNotServed" and len(service.spec.ports) == 1:
            port = service.spec.ports[0].port
            why = f"{port} is the only port of Service {service.metadata.name}."
            changes = [Change("", port, why)]
        return missed_result(snapshot, missed, verdict, changes)
    if trouble in (Trouble.UNRESOLVED, Trouble.DNS_DOWN):
        return known_but_unresolved(snapshot, missed, service, status)
    if trouble is None or not outlived(snapshot, service, status):
        return None
    policy = policy_between(snapshot, missed.pod, service, missed.port)
    if policy is not None and trouble is Trouble.TIMEOUT:
        name = policy.metadata.name
        ref = policy.ref_as(NETWORK_POLICY.api_version, NETWORK_POLICY.kind)
        seen = [Evidence(source=f"kubectl describe networkpolicy {name}", quote=name)]
        why = f"NetworkPolicy {name} lets none of its requests through"
        return missed_result(snapshot, missed, Verdict("DependencyCutOff", why, ref, seen))
    if trouble is Trouble.REFUSED:
        why = (
            f"the pods behind Service {service.metadata.name} are ready, but refuse connections: "
            "check that they listen on the Service's targetPort, and on all addresses instead of "
            "127.0.0.1 alone"
        )
        return missed_result(snapshot, missed, Verdict("DependencyRefuses", why))
    return None
