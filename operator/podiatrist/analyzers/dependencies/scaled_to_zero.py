"""Workloads that were scaled to zero while others still need them."""

import json
from datetime import datetime, timedelta

from podiatrist.actions.compiler import Proposal
from podiatrist.actions.scale import Scale
from podiatrist.analyzers.common.result import Result, and_more
from podiatrist.analyzers.dependencies.grievances import Grievance, grievances, sick_containers
from podiatrist.analyzers.network.service_peers import owner_of, selects
from podiatrist.api.diagnosis import Evidence, Finding, ObjectRef
from podiatrist.cluster.kinds import DEPLOYMENT, STATEFUL_SET
from podiatrist.cluster.objects import Pod
from podiatrist.cluster.snapshot import Snapshot

_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
_MOST_REPLICAS = 100
_LATELY = timedelta(minutes=10)


def scaled_to_zero(snapshot: Snapshot) -> list[Result]:
    """Return a finding for a target without replicas that a sick workload depends on.

    Whoever scales to zero what nobody misses has done so on purpose.
    """
    if snapshot.kind not in (DEPLOYMENT, STATEFUL_SET) or snapshot.workload.replicas != 0:
        return []
    if snapshot.metadata.deletion_timestamp is not None:
        return []
    labels = snapshot.workload.spec.template.metadata.labels
    services = [s.metadata.name for s in snapshot.services if selects(s, labels)]
    if not services:
        return []
    missed = _missed_by(snapshot, set(services))
    if not missed:
        return []
    target = snapshot.target
    replicas, source = _wanted(snapshot)
    finding = Finding(
        analyzer="dependencies",
        reason="ScaledToZero",
        message=f"{target.kind} {target.name} is scaled to zero, but "
        f"{and_more([f'{who.kind} {who.name}' for who in missed])} cannot do without it: nobody "
        f"answers at Service {and_more(services)}.",
        object=target,
        evidence=[
            Evidence(
                source=f"kubectl -n {snapshot.namespace} get {target.kind.lower()} {target.name} "
                "-o jsonpath={.spec.replicas}",
                quote='"replicas":0',
            ),
            *[evidence for g in missed.values() for evidence in g.seen][:7],
        ],
    )
    proposal = Proposal(
        title=f"Scale to {replicas}",
        rationale=f"{source} Those who depend on it come back by themselves.",
        actions=(Scale(object=target, replicas=replicas),),
    )
    return [Result(finding, (proposal,))]


def _missed_by(snapshot: Snapshot, services: set[str]) -> dict[ObjectRef, Grievance]:
    """Return the sick workloads that miss one of these Services, with what tells so."""
    pods_of: dict[ObjectRef, list[Pod]] = {}
    for pod in snapshot.namespace_pods:
        pods_of.setdefault(owner_of(snapshot, pod), []).append(pod)
    found: dict[ObjectRef, Grievance] = {}
    for owner, pods in pods_of.items():
        if owner == snapshot.target:
            continue
        lately = [p for p in pods if not p.ended or _ended_lately(p, snapshot.taken_at)]
        for pod, status in sick_containers(snapshot, lately):
            for grievance in grievances(snapshot, pod, status):
                meaning = grievance.meaning
                if meaning is not None and meaning.service and meaning.name in services:
                    found.setdefault(owner, grievance)
    return found


def _ended_lately(pod: Pod, now: datetime) -> bool:
    """Whether a pod failed a short while ago: what a Job missed last week says nothing of now."""
    ends = [s.last_end.finished_at for s in pod.all_statuses if s.last_end is not None]
    return any(end is not None and now - end < _LATELY for end in ends)


def _wanted(snapshot: Snapshot) -> tuple[int, str]:
    """Return how many replicas there were or shall be, and how that is known."""
    target = snapshot.target
    for autoscaler in snapshot.autoscalers:
        ref = autoscaler.spec.scale_target_ref
        least = autoscaler.spec.min_replicas
        if (ref.kind, ref.name) == (target.kind, target.name) and least:
            return min(least, _MOST_REPLICAS), f"Its autoscaler wants at least {least}."
    applied = snapshot.metadata.annotations.get(_LAST_APPLIED, "")
    try:
        spec = json.loads(applied).get("spec") if len(applied) < 200_000 else None
        replicas = spec.get("replicas", 1) if isinstance(spec, dict) else None
    except (ValueError, AttributeError, RecursionError):
        replicas = None
    if isinstance(replicas, int) and 0 < replicas <= _MOST_REPLICAS:
        return replicas, f"It was last applied with {replicas}."
    return 1, "One replica is enough to answer."
