"""Containers that fail their probes for longer than it takes to start, and what came back."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from podiatrist.analyzers.containers.container_ends import crashes
from podiatrist.analyzers.containers.probe_events import (
    PROBE_NAMES,
    ProbeEvent,
    killed_by_probe,
    telling_event,
)
from podiatrist.cluster.objects import Container, ContainerStatus, Pod, Probe
from podiatrist.cluster.snapshot import Snapshot

SLACK = timedelta(seconds=10)
"""How long a container may fail beyond what its probe itself allows, before it is told."""

_STATUS = re.compile(r"statuscode: (\d{3})\b")


@dataclass(frozen=True)
class ProbeFailure:
    """One probe of one container that fails, and the pods in which it does.

    `kills` says that the kubelet restarts the container for it.
    """

    kind: str
    pod: Pod
    status: ContainerStatus
    container: Container
    probe: Probe
    event: ProbeEvent
    pods: tuple[Pod, ...]
    kills: bool

    @property
    def field(self) -> str:
        """The probe's name in the spec: `livenessProbe`."""
        return PROBE_NAMES[self.kind]

    @property
    def port(self) -> int | str:
        """Number or name of the port that it asks; 0 for a command."""
        for check in (self.probe.http_get, self.probe.tcp_socket, self.probe.grpc):
            if check is not None:
                return check.port
        return 0

    @property
    def port_number(self) -> int | None:
        """The number of the port that it asks, None where the name is not declared."""
        port = self.port
        if isinstance(port, str) and port.isascii() and port.isdigit() and len(port) <= 5:
            return int(port)
        if isinstance(port, str):
            return next((p.container_port for p in self.container.ports if p.name == port), None)
        return port or None

    @property
    def unknown_port_name(self) -> str:
        """The port's name, where the container declares none of that name."""
        return str(self.port) if isinstance(self.port, str) and self.port_number is None else ""

    @property
    def http_status(self) -> int | None:
        """The HTTP status that came back, if one did."""
        found = _STATUS.search(self.event.said[:300])
        return int(found.group(1)) if found else None

    @property
    def says(self) -> str:
        """What came back, in lower case, its start."""
        return self.event.said[:2000].lower()

    @property
    def refused(self) -> bool:
        """Whether nothing listens there; a gRPC probe's dial retries until its time is over."""
        return "connection refused" in self.says or "failed to connect service" in self.says

    @property
    def timed_out(self) -> bool:
        """Whether no answer came in time."""
        return any(
            text in self.says
            for text in ("timed out", "timeout", "deadline exceeded", "i/o timeout")
        )


def probe_failures(snapshot: Snapshot) -> list[ProbeFailure]:
    """Return the failing probes that are worth a word: for each container the one that hurts most.

    That is the one for which the kubelet restarts it, else the one that keeps traffic away.
    """
    crashing = {(c.name, p.metadata.name) for c in crashes(snapshot) for p in c.pods}
    found: dict[str, list[ProbeFailure]] = {}
    for pod in snapshot.pods:
        if pod.ended or pod.metadata.deletion_timestamp is not None:
            continue
        for status in pod.all_statuses:
            if (status.name, pod.metadata.name) in crashing:
                continue
            failure = _of_container(snapshot, pod, status)
            if failure is not None:
                found.setdefault(status.name, []).append(failure)
    return [_merged(failures) for failures in found.values()]


def _merged(failures: list[ProbeFailure]) -> ProbeFailure:
    worst = max(failures, key=lambda f: (f.kills, str(f.pod.metadata.creation_timestamp or "")))
    return ProbeFailure(
        **{**vars(worst), "pods": tuple(f.pod for f in failures if f.kind == worst.kind)}
    )


def _of_container(snapshot: Snapshot, pod: Pod, status: ContainerStatus) -> ProbeFailure | None:
    container = pod.spec.container(status.name)
    if container is None:
        return None
    killed = _kills(snapshot, pod, status)
    if killed is not None:
        probe = _probe(container, killed.kind)
        if probe is not None:
            return ProbeFailure(
                killed.kind, pod, status, container, probe, killed, (pod,), kills=True
            )
    if status.ready or status.state.running is None:
        return None
    for kind in ("Readiness", "Startup"):
        event, probe = telling_event(snapshot, pod, status.name, kind), _probe(container, kind)
        if event is None or probe is None or not _lasts(snapshot, pod, status, probe, kind):
            continue
        return ProbeFailure(kind, pod, status, container, probe, event, (pod,), kills=False)
    return None


def _kills(snapshot: Snapshot, pod: Pod, status: ContainerStatus) -> ProbeEvent | None:
    """Return the probe for which the container was restarted, while that still matters."""
    ended = status.last_end
    if ended is None or not status.restart_count:
        return None
    killed = killed_by_probe(snapshot, pod, status.name, ended)
    if killed is None:
        return None
    running = status.state.running
    if running is None:
        return killed
    if ended.finished_at and snapshot.taken_at - ended.finished_at > timedelta(minutes=10):
        return None
    if not status.ready or status.restart_count >= 2:
        return killed if not _outlived(snapshot, status) else None
    return None


def _outlived(snapshot: Snapshot, status: ContainerStatus) -> bool:
    """Whether the present run is clearly longer than the one that was killed."""
    ended, running = status.last_end, status.state.running
    if ended is None or running is None or not (ended.started_at and running.started_at):
        return False
    ran = (ended.finished_at or ended.started_at) - ended.started_at
    return snapshot.taken_at - running.started_at > max(timedelta(seconds=20), 3 * ran)


def _probe(container: Container, kind: str) -> Probe | None:
    if kind == "Liveness":
        return container.liveness_probe
    return container.startup_probe if kind == "Startup" else container.readiness_probe


def _lasts(snapshot: Snapshot, pod: Pod, status: ContainerStatus, probe: Probe, kind: str) -> bool:
    """Whether it fails for longer than a slow start explains.

    A startup probe says itself how long that is; for a readiness probe it is the initial delay,
    its failures in a row, and some slack.
    """
    running = status.state.running
    if running is None:
        return False
    if kind == "Readiness" and status.started is False:
        return False  # its startup probe still has its say
    since = running.started_at
    ready = pod.condition("ContainersReady") or pod.condition("Ready")
    if ready is not None and ready.last_transition_time and since:
        since = max(since, ready.last_transition_time)
    if since is None:
        return True
    failures = min(max(probe.failure_threshold, 1), 1000)
    allowed = probe.initial_delay_seconds * (1 if since == running.started_at else 0)
    allowed += failures * max(probe.period_seconds, 1)
    return snapshot.taken_at - since > timedelta(seconds=min(allowed, 86_400)) + SLACK


def healthy_kinds(failure: ProbeFailure) -> Iterator[Probe]:
    """Yield the container's other probes: what they ask may be what this one should."""
    probes = (
        ("Liveness", failure.container.liveness_probe),
        ("Readiness", failure.container.readiness_probe),
        ("Startup", failure.container.startup_probe),
    )
    for kind, probe in probes:
        if probe is not None and kind != failure.kind:
            yield probe
