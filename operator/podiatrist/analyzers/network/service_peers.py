"""Who stands behind a Service, and whether they are well."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any

from podiatrist.api.diagnosis import ObjectRef
from podiatrist.cluster.kinds import ENDPOINT_SLICE, find_target_kind
from podiatrist.cluster.objects import ContainerStatus, EndpointSlice, Pod, Service, Workload, parse
from podiatrist.cluster.snapshot import Snapshot

PATIENCE = timedelta(seconds=20)
"""How long a container may be busy starting before it counts as stuck."""

_RECENT = timedelta(minutes=10)
"""How long a crash counts after a container came back: a loop has pauses of up to five minutes."""

_WAITS_IN_VAIN = (
    "CrashLoopBackOff",
    "ErrImagePull",
    "ImagePullBackOff",
    "InvalidImageName",
    "CreateContainerConfigError",
    "CreateContainerError",
    "RunContainerError",
)


def selects(service: Service, labels: dict[str, str]) -> bool:
    """Say whether a Service's selector takes a pod with these labels; no selector takes none."""
    selector = service.spec.selector
    return bool(selector) and all(labels.get(key) == value for key, value in selector.items())


def find_service(snapshot: Snapshot, name: str) -> Service | None:
    """Return a Service of the namespace by name."""
    return next((s for s in snapshot.services if s.metadata.name == name), None)


def live(pods: Iterable[Pod]) -> list[Pod]:
    """Return the pods that have neither ended nor are leaving."""
    return [p for p in pods if not p.ended and p.metadata.deletion_timestamp is None]


def pods_behind(snapshot: Snapshot, service: Service) -> list[Pod]:
    """Return the live pods that a Service selects."""
    return [p for p in live(snapshot.namespace_pods) if selects(service, p.metadata.labels)]


def workloads_behind(snapshot: Snapshot, service: Service) -> list[Workload]:
    """Return the workloads whose pods a Service selects, whether there are any or not."""
    return [w for w in snapshot.workloads if selects(service, w.spec.template.metadata.labels)]


def ref_of_workload(workload: Workload) -> ObjectRef:
    """Return a workload as a reference."""
    return workload.ref_as(workload.api_version, workload.kind)


def owner_of(snapshot: Snapshot, pod: Pod) -> ObjectRef:
    """Return the workload that a pod belongs to, the pod itself where none is known."""
    controller = pod.metadata.controller
    if controller is None:
        return pod.ref
    for workload in snapshot.workloads:
        same = (controller.kind, controller.name) == (workload.kind, workload.metadata.name)
        if same or _made_by_deployment(workload, pod, controller.kind):
            return ref_of_workload(workload)
    if find_target_kind(controller.api_version, controller.kind) is None:
        return pod.ref  # an operator's own resource: the pod is what we know of it
    return ObjectRef(
        api_version=controller.api_version,
        kind=controller.kind,
        namespace=pod.metadata.namespace,
        name=controller.name,
    )


def _made_by_deployment(workload: Workload, pod: Pod, controller_kind: str) -> bool:
    if workload.kind != "Deployment" or controller_kind != "ReplicaSet":
        return False
    controller = pod.metadata.controller
    stem = controller.name.rpartition("-")[0] if controller else ""
    return stem == workload.metadata.name


def answers(pod: Pod, now: datetime) -> bool:
    """Say whether a pod is ready and not just between two crashes.

    A container without probes counts as ready from its first moment to its last.
    """
    return pod.ready and not any(
        status.restart_count
        and (running := status.state.running) is not None
        and (before := status.last_state.terminated) is not None
        and before.exit_code != 0
        and not _older(running.started_at, PATIENCE, now)
        for status in pod.status.container_statuses
    )


def ready_since(pod: Pod) -> datetime | None:
    """Return since when a pod takes requests, None where it does not or does not say."""
    ready = pod.condition("Ready")
    return ready.last_transition_time if ready is not None and ready.status == "True" else None


def answering_since(snapshot: Snapshot, service: Service) -> datetime | None:
    """Return since when a Service has led to ready pods as it does now, None where it does not.

    The pods may have been ready long before the Service was mended: that shows in the last
    change of its EndpointSlices.
    """
    times = [t for p in pods_behind(snapshot, service) if (t := ready_since(p)) is not None]
    changed = [
        moment
        for raw in snapshot.raws(ENDPOINT_SLICE)
        if (parsed := parse(EndpointSlice, raw)) and parsed.service == service.metadata.name
        for moment in _changes(raw)
    ]
    return max([min(times), *changed]) if times else None


def _changes(raw: dict[str, Any]) -> Iterator[datetime]:
    fields = (raw.get("metadata") or {}).get("managedFields")
    for entry in fields if isinstance(fields, list) else []:
        try:
            moment = datetime.fromisoformat(entry["time"])
        except (KeyError, TypeError, ValueError):
            continue
        if moment.tzinfo is not None:
            yield moment


def in_trouble(pod: Pod, now: datetime) -> bool:
    """Say whether a pod is visibly sick, and not merely new or on its way."""
    if pod.metadata.deletion_timestamp is not None or pod.status.phase == "Succeeded":
        return False
    if pod.status.phase == "Failed":
        return True
    scheduled = pod.condition("PodScheduled")
    if scheduled is not None and scheduled.status == "False":
        return _older(scheduled.last_transition_time, PATIENCE, now)
    if any(status_in_trouble(status, now) for status in pod.status.container_statuses):
        return True
    return any(_init_in_trouble(status, now) for status in pod.status.init_container_statuses)


def status_in_trouble(status: ContainerStatus, now: datetime) -> bool:
    """Say whether a container crashes, waits in vain, or has been unready for a while."""
    if _crashed(status, now):
        return True
    state = status.state
    if state.waiting is not None:
        return state.waiting.reason in _WAITS_IN_VAIN
    running = state.running
    return running is not None and not status.ready and _older(running.started_at, PATIENCE, now)


def _init_in_trouble(status: ContainerStatus, now: datetime) -> bool:
    ended = status.state.terminated
    if ended is not None and ended.exit_code == 0:
        return False
    return status_in_trouble(status, now)


def _crashed(status: ContainerStatus, now: datetime) -> bool:
    ended = status.state.terminated
    if ended is not None:
        return ended.exit_code != 0 or status.restart_count > 0
    before = status.last_state.terminated
    if before is None or (before.exit_code == 0 and status.state.running is not None):
        return False
    if status.state.waiting is not None or not status.ready:
        return True
    return before.finished_at is None or now - before.finished_at < _RECENT


def _older(moment: datetime | None, age: timedelta, now: datetime) -> bool:
    return moment is not None and now - moment >= age
