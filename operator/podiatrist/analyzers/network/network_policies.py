"""Network policies that cut a connection which a workload declares that it needs.

Static: nothing here depends on whether the cluster's network enforces policies, or on anybody
being sick. What nobody declares may be cut off on purpose.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from podiatrist.analyzers.common.result import Result, and_more
from podiatrist.analyzers.dependencies.declared_peers import Peer, declared_peers
from podiatrist.analyzers.dependencies.peer_names import Place, meaning_of
from podiatrist.analyzers.network.policy_reach import Cut, cut_between, dns_cut
from podiatrist.analyzers.network.service_peers import workloads_behind
from podiatrist.api.diagnosis import Evidence, Finding
from podiatrist.cluster.kinds import NETWORK_POLICY
from podiatrist.cluster.objects import NetworkPolicy, Pod, Service, Workload
from podiatrist.cluster.snapshot import Snapshot, compact


@dataclass(frozen=True)
class _Lost:
    """A declared dependency that a policy cuts."""

    who: Workload
    peer: Peer
    goal: str
    why: str


def analyze(snapshot: Snapshot) -> list[Result]:
    """Return what a NetworkPolicy cuts off that should not be."""
    if snapshot.kind is not NETWORK_POLICY or snapshot.metadata.deletion_timestamp is not None:
        return []
    lost = list(_lost(snapshot))
    if lost:
        return [_result(snapshot, "PolicyCutsDependency", lost)]
    mute = list(_mute(snapshot))
    return [_result(snapshot, "PolicyBlocksDns", mute)] if mute else []


def policy_between(
    snapshot: Snapshot, pod: Pod, service: Service, port: int
) -> NetworkPolicy | None:
    """Return the policy that cuts a pod off from a Service, None where none does."""
    cut = _cut(snapshot, pod.metadata.labels, service, port)
    return cut.policy if cut else None


def _cut(snapshot: Snapshot, labels: dict[str, str], service: Service, port: int) -> Cut | None:
    for goal in workloads_behind(snapshot, service):
        template = goal.spec.template
        cut = cut_between(snapshot, labels, template.metadata.labels, template.spec, service, port)
        if cut is not None:
            return cut
    return None


def _lost(snapshot: Snapshot) -> Iterator[_Lost]:
    for who in snapshot.workloads:
        template = who.spec.template
        for peer in declared_peers(template.spec):
            meaning = meaning_of(snapshot, peer.host)
            if meaning is None or meaning.service is None:
                continue
            cut = _cut(snapshot, template.metadata.labels, meaning.service, peer.port)
            if cut is not None and cut.policy.metadata.name == snapshot.target.name:
                yield _Lost(who, peer, f"Service {meaning.name}", cut.why)


def _mute(snapshot: Snapshot) -> Iterator[_Lost]:
    """Yield who declares names and may not ask for them."""
    for who in snapshot.workloads:
        template = who.spec.template
        policy = dns_cut(snapshot, template.metadata.labels)
        if policy is None or policy.metadata.name != snapshot.target.name:
            continue
        for peer in declared_peers(template.spec):
            if peer.host.replace(".", "").isdigit():
                continue
            meaning = meaning_of(snapshot, peer.host)
            if meaning is not None and meaning.place is not Place.NOWHERE:
                yield _Lost(who, peer, "the cluster's DNS", "it allows no way out to port 53")
                break


def _result(snapshot: Snapshot, reason: str, lost: list[_Lost]) -> Result:
    name, first = snapshot.target.name, lost[0]
    who = list(dict.fromkeys(f"{x.who.kind} {x.who.metadata.name}" for x in lost))
    goals = list(dict.fromkeys(x.goal for x in lost))
    need = f"which {'needs' if len(who) == 1 else 'need'} it ({first.peer.where} names "
    spec = snapshot.target_raw.get("spec") or {}
    return Result(
        Finding(
            analyzer="network_policies",
            reason=reason,
            message=f"NetworkPolicy {name} cuts {and_more(who)} off from {and_more(goals)}, "
            f"{need}{first.peer.text}): {first.why}. Add a rule that allows it.",
            object=snapshot.target,
            evidence=[
                Evidence(
                    source=f"kubectl -n {snapshot.namespace} get networkpolicy {name} "
                    "-o jsonpath={.spec}",
                    quote=compact(spec),
                ),
                *(
                    Evidence(
                        source=f"kubectl -n {snapshot.namespace} get {x.who.kind.lower()} "
                        f"{x.who.metadata.name} -o jsonpath={{.spec.template.spec}}",
                        quote=x.peer.text,
                    )
                    for x in lost[:3]
                ),
            ],
        )
    )
