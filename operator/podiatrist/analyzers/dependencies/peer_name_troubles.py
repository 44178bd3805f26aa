"""Names that do not resolve: mistyped, elsewhere, or asked of the wrong DNS."""

from datetime import datetime

from podiatrist.analyzers.common.result import Result, and_more
from podiatrist.analyzers.common.slips import close_names
from podiatrist.analyzers.dependencies.connection_errors import Trouble
from podiatrist.analyzers.dependencies.dns_settings import dns_trouble
from podiatrist.analyzers.dependencies.grievances import Grievance
from podiatrist.analyzers.dependencies.peer_fixes import Change
from podiatrist.analyzers.dependencies.peer_results import missed_result, sentence, subject
from podiatrist.analyzers.dependencies.peer_verdicts import Verdict
from podiatrist.analyzers.network.service_peers import answering_since
from podiatrist.api.diagnosis import Evidence, Finding
from podiatrist.cluster.objects import ContainerStatus, Service
from podiatrist.cluster.snapshot import Snapshot


def known_but_unresolved(
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
        return missed_result(snapshot, missed, Verdict("ExternalNameNotFound", why, None, seen))
    own_dns = dns_trouble(missed.pod)
    if own_dns is not None:
        return Result(
            Finding(
                analyzer="dependencies",
                reason="DnsPolicyIgnoresCluster",
                message=sentence(f"{subject(snapshot, missed)}: {own_dns.why}"),
                object=missed.pod.ref,
                evidence=[*missed.seen, own_dns.evidence],
            ),
            own_dns.proposals(snapshot),
        )
    first = missed.host.partition(".")[0]
    if first not in (name, missed.host) and not missed.host.startswith(f"{name}."):
        return _no_such_pod(snapshot, missed, service, first)
    if not outlived(snapshot, service, status):
        return None
    return dns_down(snapshot, missed, status)


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
        return missed_result(snapshot, missed, Verdict("DependencyNotFound", why))
    for workload in snapshot.workloads:
        stem = pod.rpartition("-")[0]
        if (workload.kind, workload.metadata.name) == ("StatefulSet", stem):
            named = workload.spec.service_name
            if named != name:
                why = (
                    f"StatefulSet {stem} has serviceName {named or 'none'}, so its pods have no "
                    f"names under Service {name}"
                )
                return missed_result(snapshot, missed, Verdict("DependencyNotFound", why))
            have, number = workload.replicas, pod.rpartition("-")[2]
            if not number.isdigit() or len(number) > 6 or int(number) < have:
                return None
            why = f"there is no pod {pod}: StatefulSet {stem} has {have} replica(s), from {stem}-0"
            return missed_result(snapshot, missed, Verdict("DependencyNotFound", why))
    return None


def no_such_service(
    snapshot: Snapshot, missed: Grievance, status: ContainerStatus
) -> Result | None:
    """Explain a name that the namespace has no Service for, with those it may stand for."""
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
    seen = [
        Evidence(source=f"kubectl -n {snapshot.namespace} get services", quote=n) for n in close
    ]
    changes = [Change(n, 0, f"Service {n} exists; {name} does not.") for n in close]
    return missed_result(snapshot, missed, Verdict("DependencyNotFound", why, None, seen), changes)


def _part_of(name: str, known: list[str]) -> list[str]:
    """Return the one Service whose name has the asked one as a part: `db` and `shop-db`."""
    found = [k for k in known if name in k.split("-") or k in name.split("-")]
    return found if len(found) == 1 else []


def unknown_name(snapshot: Snapshot, missed: Grievance) -> Result | None:
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
    return missed_result(snapshot, missed, Verdict("DnsNameNotFound", why), changes)


def dns_down(snapshot: Snapshot, missed: Grievance, status: ContainerStatus) -> Result | None:
    """Explain a name that should resolve where the question for it gets no answer."""
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
    return missed_result(snapshot, missed, Verdict("DnsUnavailable", why, None, seen))


def outlived(snapshot: Snapshot, service: Service, status: ContainerStatus) -> bool:
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
