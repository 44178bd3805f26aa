"""What counts as a symptom in a pod, and how long it must last before it is worth a Diagnosis.

Pure and cheap: it runs for every pod event of the cluster. What it lets through is looked at by
the rules; a symptom is only the reason to look.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from podiatrist.analyzers.images.images import WAITING_REASONS, image_trouble
from podiatrist.analyzers.scheduling.scheduling import unschedulable
from podiatrist.cluster.objects import ContainerStatus, Pod

RECENT = timedelta(minutes=10)
"""How long a restart or a kill that is over is still worth a look."""

HISTORY = timedelta(hours=1)
"""After that long a pod that failed is history: nobody waits for it any more."""

_STARTING = frozenset({"", "ContainerCreating", "PodInitializing"})
"""Reasons of a waiting container that is just on its way (kubelet, pkg/kubelet)."""

_MANY_RESTARTS = 3


@dataclass(frozen=True)
class Grace:
    """How long each kind of symptom is watched before it is believed, in seconds.

    Unschedulable pods are given time for autoscalers and for pods that are just leaving; a
    failed pull is given the kubelet's first retry (it backs off 10 s), which ends most flakes.
    """

    unschedulable: float = 30.0
    image: float = 15.0
    crash: float = 5.0
    """A container that ended at least twice; the first time may be bad luck."""
    start: float = 15.0
    """A container that cannot be made: what it needs may be on its way."""
    stuck: float = 60.0
    """A pod with a node whose containers are not even tried, or that got stuck half-way."""
    not_ready: float = 60.0
    """A pod that runs and does not get ready."""
    terminating: float = 60.0
    """A pod that should be gone, after its own grace period."""
    unexplained: float = 90.0
    """A hard symptom that no rule explains."""
    silent: float = 30.0
    """Faults that no pod shows: Services, Ingresses, claims, pods that are never made."""


@dataclass(frozen=True)
class Symptom:
    """Something visibly wrong with a pod. `since` is None where the pod does not say.

    A hard one is a fault whatever the rules can say about it; any other is worth a Diagnosis only
    where a rule explains it.
    """

    reason: str
    grace: float
    since: datetime | None = None
    hard: bool = False


def symptom_of(pod: Pod, grace: Grace, now: datetime) -> Symptom | None:
    """Return the worst that is visibly wrong with a pod, None for one that looks well."""
    if pod.metadata.deletion_timestamp is not None:
        # The timestamp lies ahead: it is when the pod's own grace period ends.
        own = pod.metadata.deletion_grace_period_seconds or 0
        asked = pod.metadata.deletion_timestamp - timedelta(seconds=own)
        return Symptom("Terminating", grace.terminating + own, asked)
    if pod.ended:
        return _failed(pod, grace, now)
    if unschedulable(pod):
        if pod.status.nominated_node_name:  # preemption makes room
            return None
        condition = pod.condition("PodScheduled")
        since = condition.last_transition_time if condition else None
        return Symptom("Unschedulable", grace.unschedulable, since, hard=True)
    for status in image_trouble(pod):
        reason = status.state.waiting.reason if status.state.waiting else ""
        # An invalid name never becomes valid; everything else may be a flake.
        never = reason == "InvalidImageName"
        return Symptom(reason, 0.0 if never else grace.image, hard=True)
    found = list(_of_containers(pod, grace, now))
    return max(found, key=lambda s: s.hard, default=None) or _of_pod(pod, grace)


def _failed(pod: Pod, grace: Grace, now: datetime) -> Symptom | None:
    if pod.status.phase != "Failed":
        return None
    ends = [s.last_end.finished_at for s in pod.all_statuses if s.last_end]
    ended = max((e for e in ends if e), default=pod.metadata.creation_timestamp)
    if ended is not None and now - ended > HISTORY:
        return None
    # Who controls it may make another; a pod that nobody made anew has simply failed.
    return Symptom("Failed", grace.crash, ended, hard=pod.metadata.controller is None)


def _of_containers(pod: Pod, grace: Grace, now: datetime) -> Iterator[Symptom]:
    for status in pod.all_statuses:
        waiting, ended = status.state.waiting, status.state.terminated
        if waiting is not None and waiting.reason == "CrashLoopBackOff":
            yield Symptom(waiting.reason, 0.0, hard=True)
        elif waiting is not None and waiting.reason not in _STARTING | WAITING_REASONS:
            yield Symptom(waiting.reason, grace.start, hard=True)
        elif _ends(status, pod) >= 2:
            yield Symptom("Crashing", grace.crash, hard=True)
        elif ended is not None and ended.exit_code and pod.spec.restart_policy != "Never":
            yield Symptom("Ended", grace.start, ended.finished_at, hard=True)
        elif _restarted_lately(status, now):
            yield Symptom("Restarted", 0.0)


def _ends(status: ContainerStatus, pod: Pod) -> int:
    """Return how often a container that is down, or not ready again, has ended so far."""
    if status.ready and status.state.running is not None:
        return 0
    ended = status.state.terminated
    if ended is not None and (not ended.exit_code and pod.spec.restart_policy != "Always"):
        return 0  # done
    if ended is not None and status.name in {c.name for c in pod.spec.init_containers}:
        return status.restart_count + 1 if ended.exit_code else 0
    return status.restart_count + (ended is not None)


def _restarted_lately(status: ContainerStatus, now: datetime) -> bool:
    before = status.last_state.terminated
    if before is None or before.finished_at is None or now - before.finished_at > RECENT:
        return False
    return before.reason == "OOMKilled" or status.restart_count >= _MANY_RESTARTS


def _of_pod(pod: Pod, grace: Grace) -> Symptom | None:
    if not pod.spec.node_name:
        # Nobody tried to place it, or a provisioner is at work and says nothing.
        waits = pod.status.phase == "Pending" and not pod.spec.scheduling_gates
        born = pod.metadata.creation_timestamp
        return Symptom("NotScheduled", grace.stuck, born) if waits else None
    scheduled, ready = pod.condition("PodScheduled"), pod.condition("Ready")
    states = [s.state for s in pod.status.container_statuses]
    if any(s.running for s in states) and any(s.terminated for s in states):
        return Symptom("HalfEnded", grace.stuck)
    if ready is not None and ready.status == "True":
        return None
    if states and all(s.running for s in states):
        return Symptom("NotReady", grace.not_ready, ready.last_transition_time if ready else None)
    since = scheduled.last_transition_time if scheduled else pod.status.start_time
    return Symptom("NotStarted", grace.stuck, since)
