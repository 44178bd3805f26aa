"""What the kubelet says of pods that it cannot start: in their status, and in events about them."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta

from podiatrist.actions.compiler import Proposal
from podiatrist.api.diagnosis import Evidence, ObjectRef
from podiatrist.cluster.objects import ContainerStatus, Event, Pod, PodSpec
from podiatrist.cluster.snapshot import Snapshot

CREATE_REASONS = frozenset(
    {"CreateContainerConfigError", "CreateContainerError", "CreatePodSandboxError"}
)
"""Reasons of a waiting container that was never made (kubelet, pkg/kubelet/kuberuntime)."""

_START_REASONS = frozenset({"RunContainerError", "StartError", "ContainerCannotRun"})
"""The runtime made the container and could not start it; here only for the sake of its mounts."""

_NOT_BEGUN = frozenset({"ContainerCreating", "PodInitializing"})
_SANDBOX = frozenset({"FailedCreatePodSandBox", "FailedPodSandBoxStatus"})
_RECENT = timedelta(minutes=5)
"""The kubelet tries again at least every 2 minutes: a failure not seen for longer is over."""

_LONGEST = 4096
"""Characters of a message that are looked into; runtimes put the cause at the end, but early."""

_PASSING = re.compile(
    r"failed to sync (?:configmap|secret) cache|object \"[^\"]{0,300}\" not registered|"
    r"is reserved for|operation with name .{0,300} already exists"
)
"""What the kubelet says in passing, when it is only slow."""

_PASSING_FOR = timedelta(minutes=2)


@dataclass(frozen=True)
class Complaint:
    """One thing that keeps one pod, or one container of it, from starting.

    `event` and `logged` say where the words stand; else in the pod's status.
    """

    pod: Pod
    container: str
    reason: str
    message: str
    event: bool
    logged: bool = False

    @property
    def text(self) -> str:
        """The part of the message that is worth parsing."""
        if len(self.message) <= 2 * _LONGEST:
            return self.message
        return self.message[:_LONGEST] + " " + self.message[-_LONGEST:]

    def evidence(self, snapshot: Snapshot) -> Evidence:
        """Return the kubelet's words, from where the telling part begins."""
        name = self.pod.metadata.name
        verb = "get events --field-selector involvedObject.name=" if self.event else "describe pod "
        if self.logged:
            verb, name = "logs ", f"{name} -c {self.container}"
        message = self.message.strip() or self.reason
        if len(message) > 512:
            # Runtimes wrap the cause five times over; the quote has room for 512 characters.
            message = message[-512:]
        return Evidence(source=f"kubectl -n {snapshot.namespace} {verb}{name}", quote=message)


@dataclass(frozen=True)
class Explanation:
    """Why a pod cannot start. Complaints with one `key` are one trouble.

    `fixes` mend it, the best first. `absent_from` says whether an older revision's pod spec is
    without the trouble, so that going back would help.
    """

    key: tuple[str, ...]
    reason: str
    text: str
    fixes: tuple[Proposal, ...] = ()
    absent_from: Callable[[PodSpec], bool] = lambda _: False
    cause: ObjectRef | None = None
    evidence: tuple[Evidence, ...] = ()


def about_mounts(message: str) -> bool:
    """Say whether a failed start is about what is mounted, not about what is to be run."""
    return "error mounting" in message[:_LONGEST]


def never_ended(pod: Pod) -> bool:
    """Say whether a pod still has something to start."""
    return not pod.ended and pod.metadata.deletion_timestamp is None


def complaints(snapshot: Snapshot, pod: Pod) -> list[Complaint]:
    """Return what keeps a pod from starting, as the kubelet says it now; empty where nothing."""
    if not never_ended(pod):
        return []
    return [*_of_containers(pod), *_of_pod(snapshot, pod)]


def _of_containers(pod: Pod) -> Iterator[Complaint]:
    for status in pod.all_statuses:
        for reason, message in _said(status):
            if reason in CREATE_REASONS or (reason in _START_REASONS and about_mounts(message)):
                yield Complaint(pod, status.name, reason, message, event=False)
                break


def _said(status: ContainerStatus) -> Iterator[tuple[str, str]]:
    if status.state.running is not None:
        return
    if waiting := status.state.waiting:
        yield waiting.reason, waiting.message
    if ended := status.last_end:
        yield ended.reason, ended.message


def _of_pod(snapshot: Snapshot, pod: Pod) -> Iterator[Complaint]:
    if _has_sandbox(pod) or not _waits_for_sandbox(pod):
        return
    recent = [e for e in _events(snapshot, pod) if _is_recent(snapshot, e)]
    sandbox = next((e for e in recent if e.reason in _SANDBOX), None)
    mounts = [e for e in recent if e.reason in ("FailedMount", "FailedMapVolume")]
    if sandbox and (not mounts or _later(sandbox, mounts[0])):
        yield Complaint(pod, "", sandbox.reason, sandbox.message, event=True)
        return
    told: set[str] = set()
    for event in mounts:  # the newest first
        volume = volume_in(event.message)
        if volume not in told:
            told.add(volume)
            yield Complaint(pod, "", event.reason, event.message, event=True)


def _has_sandbox(pod: Pod) -> bool:
    condition = pod.condition("PodReadyToStartContainers")
    return condition.status == "True" if condition else bool(pod.status.pod_ip)


def _waits_for_sandbox(pod: Pod) -> bool:
    states = [s.state for s in pod.all_statuses]
    return all(s.waiting is not None and s.waiting.reason in _NOT_BEGUN for s in states)


def _events(snapshot: Snapshot, pod: Pod) -> list[Event]:
    return [
        e
        for e in snapshot.events_about(pod.metadata.name)
        if e.involved_object.uid in ("", pod.metadata.uid)
    ]


def _is_recent(snapshot: Snapshot, event: Event) -> bool:
    seen = event.seen_at
    if seen is None or snapshot.taken_at - seen > _RECENT:
        return False
    first = event.first_timestamp or seen
    passing = _PASSING.search(event.message[:_LONGEST]) is not None
    return not passing or snapshot.taken_at - first > _PASSING_FOR


def _later(one: Event, other: Event) -> bool:
    return str(one.seen_at or "") >= str(other.seen_at or "")


_VOLUME = re.compile(r'(?:for volume|volumeMount) "([^"]{1,253})"')
_UNMOUNTED = re.compile(r"(?:failed to process volumes|unmounted volumes)=\[([^\] ,]{1,253})")


def volume_in(message: str) -> str:
    """Return the volume that a message of the kubelet is about, "" where it names none."""
    head = message[:_LONGEST]
    found = _VOLUME.search(head) or _UNMOUNTED.search(head)
    return found[1] if found else ""
