"""What may be wrong without a pod to show for it: cheap predicates over slim lists.

A suspect is only worth a look; the rules decide. So these err on the side of looking, but never
on what every healthy cluster is full of.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from podiatrist.analyzers.network.service_peers import in_trouble
from podiatrist.analyzers.scheduling.scheduling import unschedulable
from podiatrist.cluster.kinds import (
    CRON_JOB,
    HPA,
    INGRESS,
    JOB,
    NETWORK_POLICY,
    NODE,
    PDB,
    PVC,
    SERVICE,
    Kind,
    find_kind,
)
from podiatrist.cluster.objects import (
    Autoscaler,
    Claim,
    Condition,
    CronJob,
    DisruptionBudget,
    EndpointSlice,
    Ingress,
    Job,
    LabelSelector,
    NamedObject,
    NetworkPolicy,
    Node,
    Pod,
    Service,
    Workload,
)
from podiatrist.cluster.quantity import quantity_or_zero
from podiatrist.notice.owners import Target
from podiatrist.notice.symptoms import HISTORY

_LONG_FAREWELL = timedelta(minutes=1)
"""What was deleted longer ago and is still there waits for a finalizer."""

_LONG_RUN = timedelta(minutes=3)
"""A CronJob's run that takes longer may be in the way of the next one."""


@dataclass(frozen=True)
class Reading:
    """The cluster as the sweep reads it: projections of everything that may be silently sick."""

    workloads: list[Workload] = field(default_factory=list)
    pods: list[Pod] = field(default_factory=list)
    services: list[Service] = field(default_factory=list)
    endpoint_slices: list[EndpointSlice] = field(default_factory=list)
    ingresses: list[Ingress] = field(default_factory=list)
    claims: list[Claim] = field(default_factory=list)
    autoscalers: list[Autoscaler] = field(default_factory=list)
    budgets: list[DisruptionBudget] = field(default_factory=list)
    cron_jobs: list[CronJob] = field(default_factory=list)
    jobs: list[Job] = field(default_factory=list)
    policies: list[NetworkPolicy] = field(default_factory=list)
    nodes: list[Node] = field(default_factory=list)


def suspects(reading: Reading, now: datetime) -> Iterator[Target]:
    """Yield what is worth a look."""
    pods_of: dict[str, list[Pod]] = defaultdict(list)
    for pod in reading.pods:
        pods_of[pod.metadata.namespace].append(pod)
    yield from _workloads(reading, pods_of, now)
    yield from _services(reading, pods_of)
    yield from _named(INGRESS, reading.ingresses)
    yield from _named(NETWORK_POLICY, reading.policies)
    yield from _named(
        PVC, (c for c in reading.claims if _claim_waits(c) or _should_be_gone(c, now))
    )
    yield from _named(HPA, (a for a in reading.autoscalers if _autoscaler_complains(a)))
    yield from _budgets(reading, pods_of)
    yield from _runs(reading, now)
    yield from _nodes(reading)


def _named(kind: Kind, objects: Iterable[NamedObject]) -> Iterator[Target]:
    for found in objects:
        yield Target.of(kind, found.metadata.namespace, found.metadata.name)


def _is(conditions: list[Condition], kind: str, status: str) -> Condition | None:
    return next((c for c in conditions if (c.type, c.status) == (kind, status)), None)


def _workloads(reading: Reading, pods_of: dict[str, list[Pod]], now: datetime) -> Iterator[Target]:
    """Yield workloads that are behind, and those at zero that others may be waiting for."""
    sick_namespaces = {
        namespace for namespace, pods in pods_of.items() if any(in_trouble(p, now) for p in pods)
    }
    for workload in reading.workloads:
        kind = find_kind(workload.api_version, workload.kind)
        status, namespace = workload.status, workload.metadata.namespace
        if kind is None or workload.metadata.controller is not None:
            continue
        wanted = status.desired_number_scheduled or workload.replicas
        ready = status.ready_replicas or status.number_available
        if workload.kind == "DaemonSet":
            behind = ready < wanted or status.number_misscheduled > 0 or wanted == 0
        elif workload.replicas == 0:
            behind = namespace in sick_namespaces and _served(workload, reading.services)
        else:
            behind = (
                ready < wanted
                or status.updated_replicas < wanted
                or _is(status.conditions, "Progressing", "False") is not None
            )
        if behind or _should_be_gone(workload, now):
            yield Target.of(kind, namespace, workload.metadata.name)


def _should_be_gone(found: NamedObject, now: datetime) -> bool:
    asked = found.metadata.deletion_timestamp
    return asked is not None and now - asked > _LONG_FAREWELL


def _served(workload: Workload, services: list[Service]) -> bool:
    labels = workload.spec.template.metadata.labels
    return any(
        s.metadata.namespace == workload.metadata.namespace
        and s.spec.selector
        and s.spec.selector.items() <= labels.items()
        for s in services
    )


def _services(reading: Reading, pods_of: dict[str, list[Pod]]) -> Iterator[Target]:
    """Yield Services without a ready address, or with a port that their pods do not declare."""
    reached = {
        (s.metadata.namespace, s.service)
        for s in reading.endpoint_slices
        if any(e.conditions.ready is not False for e in s.endpoints)
    }
    for service in reading.services:
        namespace, name = service.metadata.namespace, service.metadata.name
        selector = service.spec.selector
        if not selector or service.spec.type == "ExternalName":
            continue
        selected = [p for p in pods_of[namespace] if selector.items() <= p.metadata.labels.items()]
        if (namespace, name) not in reached or not _ports_declared(service, selected):
            yield Target.of(SERVICE, namespace, name)


def _ports_declared(service: Service, pods: list[Pod]) -> bool:
    containers = [c for p in pods for c in p.spec.containers]
    names = {p.name for c in containers for p in c.ports}
    numbers = {p.container_port for c in containers for p in c.ports}
    return all(
        (port.target_port if port.target_port is not None else port.port) in names | numbers
        for port in service.spec.ports
    )


def _claim_waits(claim: Claim) -> bool:
    wanted, has = claim.spec.resources.requests.get("storage"), claim.status.capacity.get("storage")
    growing = quantity_or_zero(wanted) > quantity_or_zero(has)  # a stuck one has no condition
    return claim.status.phase in ("Pending", "Lost") or growing


def _autoscaler_complains(autoscaler: Autoscaler) -> bool:
    conditions = autoscaler.status.conditions
    inactive = _is(conditions, "ScalingActive", "False")
    limited = _is(conditions, "ScalingLimited", "True")
    return (
        _is(conditions, "AbleToScale", "False") is not None
        or (inactive is not None and inactive.reason != "ScalingDisabled")
        or (limited is not None and limited.reason == "TooManyReplicas")
    )


def _budgets(reading: Reading, pods_of: dict[str, list[Pod]]) -> Iterator[Target]:
    """Yield budgets that allow nothing while a node is being drained, and those that fail."""
    cordoned = {n.metadata.name for n in reading.nodes if n.spec.unschedulable}
    for budget in reading.budgets:
        failed = _is(budget.status.conditions, "DisruptionAllowed", "False")
        selector = budget.spec.selector or LabelSelector()
        blocks = budget.status.disruptions_allowed == 0 and any(
            p.spec.node_name in cordoned and selector.matches(p.metadata.labels)
            for p in pods_of[budget.metadata.namespace]
        )
        if blocks or (failed is not None and failed.reason == "SyncFailed"):
            yield Target.of(PDB, budget.metadata.namespace, budget.metadata.name)


def _runs(reading: Reading, now: datetime) -> Iterator[Target]:
    """Yield Jobs that failed lately, and CronJobs that look stuck."""
    for job in reading.jobs:
        failed = _is(job.status.conditions, "Failed", "True")
        ended = failed.last_transition_time if failed is not None else None
        recent = ended is not None and now - ended < HISTORY
        if recent:
            yield Target.of(JOB, job.metadata.namespace, job.metadata.name)
    for cron_job in reading.cron_jobs:
        spec, status = cron_job.spec, cron_job.status
        never = status.last_schedule_time is None
        since = now - (status.last_schedule_time or now)
        stuck = len(status.active) > 1 or (bool(status.active) and since > _LONG_RUN)
        if not spec.suspend and (never or stuck or since > timedelta(hours=1)):
            yield Target.of(CRON_JOB, cron_job.metadata.namespace, cron_job.metadata.name)


def _nodes(reading: Reading) -> Iterator[Target]:
    """Yield nodes that are not ready or under pressure; cordoned ones while pods wait."""
    waiting = any(unschedulable(p) for p in reading.pods)
    for node in reading.nodes:
        trouble = any(
            c.status != "True" if c.type == "Ready" else c.status == "True"
            for c in node.status.conditions
            if c.type == "Ready" or c.type.endswith(("Pressure", "Unavailable"))
        )
        if trouble or (node.spec.unschedulable and waiting):
            yield Target.of(NODE, "", node.metadata.name)
