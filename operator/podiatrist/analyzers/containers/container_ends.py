"""Which containers end when they should run, and which of these ends are worth a word.

A container that failed once and runs again is a healthy cluster at work. Since Kubernetes 1.37
the state through a back-off is mostly `terminated` instead of `waiting: CrashLoopBackOff`, so the
number of restarts decides, not the waiting reason.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from podiatrist.analyzers.containers.exit_codes import OOM_KILLED
from podiatrist.analyzers.containers.log_errors import LogError, last_error
from podiatrist.analyzers.containers.probe_events import killed_by_probe
from podiatrist.cluster.kinds import CRON_JOB, JOB
from podiatrist.cluster.logs import ContainerLog
from podiatrist.cluster.objects import Container, ContainerStatus, Pod, Terminated
from podiatrist.cluster.snapshot import Snapshot

RECENT = timedelta(minutes=10)
"""How long an end counts after the container runs again."""

MANY = 3
"""Restarts from which a container that runs again is still worth a word."""

CERTAIN = frozenset(
    {
        "CommandNotFound",
        "EnvVarMissing",
        "ExecFormatError",
        "ModuleNotFound",
        "ReadOnlyFileSystem",
        "UnknownFlag",
    }
)
"""What a log says that stays so however often the container is restarted."""

START_REASONS = frozenset({"RunContainerError", "StartError", "ContainerCannotRun"})


@dataclass(frozen=True)
class Crash:
    """A container that ends again and again (or ended for good), and the pods in which it does.

    `ended` is its last end; `running` says that it runs again at the moment.
    """

    pod: Pod
    status: ContainerStatus
    spec: Container
    ended: Terminated
    pods: tuple[Pod, ...]
    running: bool = False

    @property
    def name(self) -> str:
        """Name of the container."""
        return self.status.name

    @property
    def seconds(self) -> float | None:
        """How long its last run took."""
        start, end = self.ended.started_at, self.ended.finished_at
        return max(0.0, (end - start).total_seconds()) if start and end else None

    @property
    def is_init(self) -> bool:
        """Whether it is an init container that has to end before the others start."""
        return self.spec.restart_policy != "Always" and any(
            c.name == self.name for c in self.pod.spec.init_containers
        )


def crashes(snapshot: Snapshot) -> list[Crash]:
    """Return one crash for each container name; the witness is the pod that failed last."""
    found: dict[str, list[tuple[Pod, ContainerStatus, Terminated]]] = {}
    for pod in snapshot.pods:
        if pod.metadata.deletion_timestamp is not None:
            continue
        for status in pod.all_statuses:
            ended = _end_worth_a_word(snapshot, pod, status)
            if ended is not None and killed_by_probe(snapshot, pod, status.name, ended) is None:
                found.setdefault(status.name, []).append((pod, status, ended))
    return [_crash(ends) for ends in found.values()]


def _crash(ends: list[tuple[Pod, ContainerStatus, Terminated]]) -> Crash:
    pod, status, ended = max(
        ends,
        key=lambda end: (
            end[0].metadata.creation_timestamp is not None,
            str(end[0].metadata.creation_timestamp or ""),
            end[1].restart_count,
        ),
    )
    return Crash(
        pod=pod,
        status=status,
        spec=pod.spec.container(status.name) or Container(name=status.name),
        ended=ended,
        pods=tuple(p for p, _, _ in ends),
        running=status.state.running is not None,
    )


def _end_worth_a_word(snapshot: Snapshot, pod: Pod, status: ContainerStatus) -> Terminated | None:
    ended, state = status.last_end, status.state
    if state.waiting is not None and state.waiting.reason in START_REASONS:
        if status.restart_count < 1:
            return None
        return ended or Terminated(
            exit_code=128, reason=state.waiting.reason, message=state.waiting.message
        )
    if ended is None:
        return None
    if pod.ended or _never_restarts(pod, status):
        return ended if _ended_for_good(snapshot, pod, status) else None
    if state.running is not None:
        return ended if _still_matters(snapshot.taken_at, status, ended) else None
    if ended.reason == OOM_KILLED:
        return ended
    if ended.reason in START_REASONS:
        return ended if status.restart_count >= 1 else None
    # Three failures in a row; one or two are a race at the start that restarts are there for,
    # except where the log says what no restart mends.
    enough = 1 if _certain(snapshot, pod, status) else 2
    return ended if status.restart_count >= enough and _failed(pod, status, ended) else None


def _certain(snapshot: Snapshot, pod: Pod, status: ContainerStatus) -> bool:
    for log in snapshot.logs_of(pod.metadata.name, status.name):
        error = last_error(log.text)
        if error is not None:
            return error.reason in CERTAIN
    return False


def _failed(pod: Pod, status: ContainerStatus, ended: Terminated) -> bool:
    """Whether that end is a failure: success is one where the container shall always run."""
    if ended.exit_code or ended.reason not in ("", "Completed"):
        return True
    spec = pod.spec.container(status.name)
    if any(c.name == status.name for c in pod.spec.init_containers):
        return spec is not None and spec.restart_policy == "Always"
    return pod.spec.restart_policy == "Always"


def _never_restarts(pod: Pod, status: ContainerStatus) -> bool:
    if pod.spec.restart_policy != "Never":
        return False
    spec = pod.spec.container(status.name)
    return spec is None or spec.restart_policy != "Always"


def _ended_for_good(snapshot: Snapshot, pod: Pod, status: ContainerStatus) -> bool:
    """Whether a container that is not restarted failed; attempts of Jobs are the Job's affair."""
    ended = status.state.terminated
    told_elsewhere = pod.status.reason in ("Evicted", "DeadlineExceeded", "NodeShutdown")
    if ended is None or pod.status.phase == "Succeeded" or told_elsewhere:
        return False
    if snapshot.kind in (JOB, CRON_JOB):
        return False
    return bool(ended.exit_code) or ended.reason not in ("", "Completed")


def _still_matters(now: datetime, status: ContainerStatus, ended: Terminated) -> bool:
    """Whether the end before the present run still tells something.

    Running out of memory does for a while: what grew once grows again. Other ends do until the
    present run is clearly longer than the one that failed.
    """
    if ended.finished_at is not None and now - ended.finished_at > RECENT:
        return False
    if ended.reason == OOM_KILLED:
        return True
    if status.restart_count < MANY:
        return False
    running = status.state.running
    if running is None or running.started_at is None or ended.started_at is None:
        return not status.ready
    ran = (ended.finished_at or ended.started_at) - ended.started_at
    return now - running.started_at < max(timedelta(seconds=20), 3 * ran)


def last_words(snapshot: Snapshot, crash: Crash) -> tuple[LogError, ContainerLog | None] | None:
    """Return the error that a container told before it ended: its termination message, its log.

    The log is that of the run that failed; None in its place stands for the termination message.
    """
    if crash.ended.message.strip() and crash.ended.reason not in START_REASONS:
        error = last_error(crash.ended.message)
        if error is not None:
            return error, None
    logs = [
        log
        for pod in (crash.pod, *(p for p in crash.pods if p is not crash.pod))
        for log in snapshot.logs_of(pod.metadata.name, crash.name)
    ]
    wanted = [log for log in logs if log.previous or not crash.running]
    for log in wanted:
        error = last_error(log.text)
        if error is not None:
            return error, log
    return None


def waiting_sidecars(crash: Crash) -> Iterator[str]:
    """Yield the names of containers that cannot start before this one is done or has started."""
    inits = [c.name for c in crash.pod.spec.init_containers]
    if crash.name in inits:
        after = inits[inits.index(crash.name) + 1 :]
        yield from (*after, *(c.name for c in crash.pod.spec.containers))
