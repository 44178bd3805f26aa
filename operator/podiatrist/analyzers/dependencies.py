"""What a workload needs from others: names that do not resolve, backends scaled to zero.

The finding says whom a sick container misses and why nobody answers. Where that is another
object's fault, it is only pointed to: the fix is offered there.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from podiatrist.analyzers.connection_errors import Trouble
from podiatrist.analyzers.dns_settings import dns_trouble
from podiatrist.analyzers.grievances import Grievance, grievances, sick_containers
from podiatrist.analyzers.network_policies import policy_between
from podiatrist.analyzers.peer_fixes import Change, propose
from podiatrist.analyzers.peer_names import Place
from podiatrist.analyzers.peer_verdicts import Verdict, judge
from podiatrist.analyzers.result import Result, and_more
from podiatrist.analyzers.scaled_to_zero import scaled_to_zero
from podiatrist.analyzers.service_peers import answering_since
from podiatrist.analyzers.slips import close_names
from podiatrist.api.diagnosis import Evidence, Finding, ObjectRef
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
        return _dns_down(snapshot, missed, status) if trouble is Trouble.DNS_DOWN else None
    if meaning.service is not None:
        return _not_answering(snapshot, missed, meaning.service, status)
    if meaning.place is Place.NOWHERE:
        return _no_such_service(snapshot, missed, status)
    if trouble is Trouble.UNRESOLVED:
        return _unknown_name(snapshot, missed)
    return _dns_down(snapshot, missed, status) if trouble is Trouble.DNS_DOWN else None


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
        return _result(snapshot, missed, verdict, changes)
    if trouble in (Trouble.UNRESOLVED, Trouble.DNS_DOWN):
        return _known_but_unresolved(snapshot, missed, service, status)
    if trouble is None or not _outlived(snapshot, service, status):
        return None
    policy = policy_between(snapshot, missed.pod, service, missed.port)
    if policy is not None and trouble is Trouble.TIMEOUT:
        name = policy.metadata.name
        ref = policy.ref_as(NETWORK_POLICY.api_version, NETWORK_POLICY.kind)
        seen = [Evidence(source=f"kubectl describe networkpolicy {name}", quote=name)]
        why = f"NetworkPolicy {name} lets none of its requests through"
        return _result(snapshot, missed, Verdict("DependencyCutOff", why, ref, seen))
    if trouble is Trouble.REFUSED:
        why = (
            f"the pods behind Service {service.metadata.name} are ready, but refuse connections: "
            "check that they listen on the Service's targetPort, and on all addresses instead of "
            "127.0.0.1 alone"
        )
        return _result(snapshot, missed, Verdict("DependencyRefuses", why))
    return None


def _known_but_unresolved(
    snapshot: Snapshot, missed: Grievance, service: Service, status: ContainerStatus
) -> Result | None:
    """Explain a name that should resolve: an alias of nobody, a pod's name, the pod's own DNS."""
    name = service.metadata.name
    if service.spec.type == "ExternalName":
        why = (
            f"Service {name} is another name for {service.spec.external_name}, which does not "
            "resolve: correct spec.externalName"
        )
        seen = [
            Evidence(
                source=f"kubectl -n {snapshot.namespace} get service {name} "
                "-o jsonpath={.spec.externalName}",
                quote=service.spec.external_name,
            )
        ]
        return _result(snapshot, missed, Verdict("ExternalNameNotFound", why, None, seen))
    own_dns = dns_trouble(missed.pod)
    if own_dns is not None:
        return Result(
            Finding(
                analyzer="dependencies",
                reason="DnsPolicyIgnoresCluster",
                message=_sentence(f"{_subject(snapshot, missed)}: {own_dns.why}"),
                object=missed.pod.ref,
                evidence=[*missed.seen, own_dns.evidence],
            ),
            own_dns.proposals(snapshot),
        )
    first = missed.host.partition(".")[0]
    if first not in (name, missed.host) and not missed.host.startswith(f"{name}."):
        return _no_such_pod(snapshot, missed, service, first)
    if not _outlived(snapshot, service, status):
        return None
    return _dns_down(snapshot, missed, status)


def _no_such_pod(
    snapshot: Snapshot, missed: Grievance, service: Service, pod: str
) -> Result | None:
    """Explain `db-0.db`: there is no such pod, or its StatefulSet gives it no such name."""
    name = service.metadata.name
    if service.spec.cluster_ip != "None":
        why = (
            f"Service {name} is not headless, so the pods behind it have no names of their own: "
            f"ask for {name}, or make it headless (clusterIP: None)"
        )
        return _result(snapshot, missed, Verdict("DependencyNotFound", why))
    for workload in snapshot.workloads:
        stem = pod.rpartition("-")[0]
        if (workload.kind, workload.metadata.name) == ("StatefulSet", stem):
            named = workload.spec.service_name
            if named != name:
                why = (
                    f"StatefulSet {stem} has serviceName {named or 'none'}, so its pods have no "
                    f"names under Service {name}"
                )
                return _result(snapshot, missed, Verdict("DependencyNotFound", why))
            have, number = workload.replicas, pod.rpartition("-")[2]
            if not number.isdigit() or len(number) > 6 or int(number) < have:
                return None
            why = f"there is no pod {pod}: StatefulSet {stem} has {have} replica(s), from {stem}-0"
            return _result(snapshot, missed, Verdict("DependencyNotFound", why))
    return None


def _no_such_service(
    snapshot: Snapshot, missed: Grievance, status: ContainerStatus
) -> Result | None:
    name = missed.meaning.name if missed.meaning else missed.host
    known = [s.metadata.name for s in snapshot.services]
    close = close_names(name, known) or _part_of(name, known)
    unresolved = missed.error is not None and missed.error.trouble in (
        Trouble.UNRESOLVED,
        Trouble.DNS_DOWN,
    )
    if not unresolved and not close:
        return None
    if missed.error is None and not status.restart_count:
        return None  # only declared, and it may yet come up
    hint = (
        f"Did you mean {' or '.join(close)}?"
        if close
        else f"Its Services: {and_more(sorted(known))}."
        if known
        else "It has no Service at all."
    )
    why = f"namespace {snapshot.namespace} has no Service {name}. {hint}"
    seen = [Evidence(source=f"{_kubectl(snapshot)} get services", quote=n) for n in close]
    changes = [Change(n, 0, f"Service {n} exists; {name} does not.") for n in close]
    return _result(snapshot, missed, Verdict("DependencyNotFound", why, None, seen), changes)


def _part_of(name: str, known: list[str]) -> list[str]:
    """Return the one Service whose name has the asked one as a part: `db` and `shop-db`."""
    found = [k for k in known if name in k.split("-") or k in name.split("-")]
    return found if len(found) == 1 else []


def _unknown_name(snapshot: Snapshot, missed: Grievance) -> Result | None:
    """Explain a name of another namespace, or of a host outside, that does not resolve."""
    meaning, known = missed.meaning, [s.metadata.name for s in snapshot.services]
    if meaning is None or meaning.name in ("localhost", ""):
        return None
    first = missed.host.partition(".")[0]
    changes: list[Change] = []
    hint = ""
    if first in known or close_names(first, known):
        here = first if first in known else close_names(first, known)[0]
        hint = f" This namespace has a Service {here}."
        changes = [Change(f"{here}.{snapshot.namespace}.svc", 0, f"Service {here} is here.")]
    if meaning.namespace:
        why = (
            f"there is no Service {meaning.name} in a namespace {meaning.namespace}, or no such "
            f"namespace{'.' + hint if hint else ': check both names'}"
        )
    else:
        why = (
            f"nobody knows the name {missed.host}: check its spelling, and whether the cluster's "
            f"DNS may ask outside.{hint}"
        )
    return _result(snapshot, missed, Verdict("DnsNameNotFound", why), changes)


def _dns_down(snapshot: Snapshot, missed: Grievance, status: ContainerStatus) -> Result | None:
    if status.restart_count < 1 and status.state.running is None:
        return None  # a single failure passes by itself
    own_dns = dns_trouble(missed.pod)
    if own_dns is not None and own_dns.certain:
        why = own_dns.why
        seen = [own_dns.evidence]
    else:
        why = (
            "the cluster's DNS gives no answer. Check CoreDNS in kube-system "
            "(kubectl -n kube-system get pods -l k8s-app=kube-dns) and NetworkPolicies that cut "
            "off port 53"
        )
        seen = []
    return _result(snapshot, missed, Verdict("DnsUnavailable", why, None, seen))


def _outlived(snapshot: Snapshot, service: Service, status: ContainerStatus) -> bool:
    """Whether the container failed again although the peer had been ready for long."""
    ended = status.last_end
    failed: datetime | None = ended.finished_at if ended else None
    if ended is None and status.state.running is not None:
        failed = snapshot.taken_at
    answering = answering_since(snapshot, service)
    created = service.metadata.creation_timestamp
    if failed is None or answering is None or (ended is not None and status.restart_count < 2):
        return False
    started = ended.started_at if ended else None
    since = started or failed
    return answering < since and (created is None or created < since)


def _result(
    snapshot: Snapshot, missed: Grievance, verdict: Verdict, changes: list[Change] | None = None
) -> Result:
    return Result(
        Finding(
            analyzer="dependencies",
            reason=verdict.reason,
            message=_sentence(f"{_subject(snapshot, missed)}: {verdict.why}{_lead(verdict.cause)}"),
            object=missed.pod.ref,
            evidence=[*missed.seen, *verdict.seen][:8],
        ),
        () if verdict.cause else propose(snapshot, missed.peer, changes or []),
        verdict.cause,
    )


def _sentence(text: str) -> str:
    return text if text[-1:] in ".?" else f"{text}."


def _lead(cause: ObjectRef | None) -> str:
    return f". The fault is in {cause.kind} {cause.name}, not here" if cause else ""


def _subject(snapshot: Snapshot, missed: Grievance) -> str:
    host = missed.peer.host if missed.peer else missed.host
    if missed.meaning and missed.meaning.service and host.replace(".", "").isdigit():
        host = f"Service {missed.meaning.name} ({host})"
    whom = f"{host}:{missed.port}" if host and missed.port else host or "a peer"
    told = f" (set in {missed.peer.where})" if missed.peer else ""
    return f"Container {missed.container} of {snapshot.target} cannot reach {whom}{told}"


def _kubectl(snapshot: Snapshot) -> str:
    return f"kubectl -n {snapshot.namespace}"
