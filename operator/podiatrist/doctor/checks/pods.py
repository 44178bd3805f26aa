"""What keeps the pods of a role from running, in the words of kubelet and scheduler."""

from datetime import timedelta

from podiatrist.api import names
from podiatrist.cluster.objects import ContainerStatus, Pod, Workload
from podiatrist.doctor.installation import Installation
from podiatrist.doctor.verdict import Chart, Hidden, Verdict, word

_IMAGE = ("ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull")
_CANNOT_START = ("CreateContainerConfigError", "CreateContainerError", "RunContainerError")
_RESTARTS = 3
"""Restarts after which a container that runs is worth a word: once may be anything."""
_LATELY = timedelta(hours=1)


def judge_pods(
    installation: Installation, workload: Workload, role: str, chart: Chart, apply: str
) -> list[Verdict]:
    """Return what is wrong with the pods of a Deployment, each kind of trouble once.

    `apply` is the command that puts the Deployment back as it was shipped.
    """
    assert not isinstance(installation.pods, Hidden)
    selector = workload.spec.selector
    pods = [p for p in installation.pods if selector and selector.matches(p.metadata.labels)]
    found: dict[str, Verdict] = {}
    for pod in pods:
        if pod.metadata.deletion_timestamp is not None or pod.ended:
            continue
        for kind, verdict in _of_pod(installation, pod, role, chart, apply):
            found.setdefault(kind, verdict)
    return list(found.values())


def _of_pod(
    installation: Installation, pod: Pod, role: str, chart: Chart, apply: str
) -> list[tuple[str, Verdict]]:
    scheduled = pod.condition("PodScheduled")
    if scheduled is not None and scheduled.status == "False":
        said = f"pod {pod.metadata.name} has no node: {scheduled.message}"
        look = f"kubectl -n {names.NAMESPACE} describe pod {word(pod.metadata.name)}"
        return [("node", chart.broken(said, look))]
    return [
        found
        for status in pod.all_statuses
        if (found := _of_container(installation, pod, status, role, chart, apply)) is not None
    ]


def _of_container(
    installation: Installation,
    pod: Pod,
    status: ContainerStatus,
    role: str,
    chart: Chart,
    apply: str,
) -> tuple[str, Verdict] | None:
    waiting = status.state.waiting
    if waiting is not None and waiting.reason in _IMAGE:
        said = f"image {status.image} cannot be had ({waiting.reason}): {waiting.message}"
        return "image", chart.broken(said, apply)
    if waiting is not None and waiting.reason in _CANNOT_START:
        said = f"pod {pod.metadata.name} cannot start ({waiting.reason}): {waiting.message}"
        return "start", chart.broken(said, apply)
    words = installation.last_words.get(pod.metadata.name)
    last = f"; its last words: {words}" if words else ""
    logs = f"kubectl -n {names.NAMESPACE} logs {word(pod.metadata.name)}"
    count = status.restart_count
    if count and status.state.running is None and not _is_done(pod, status):
        said = f"pod {pod.metadata.name} crashes, {count} times so far{last}"
        return "crash", chart.broken(said, logs)  # nothing runs: the plain log is the crashed run's
    ended = status.last_end
    if count >= _RESTARTS and ended and installation.age(ended.finished_at) < _LATELY:
        said = (
            f"pod {pod.metadata.name} was restarted {count} times, within the last hour too{last}"
        )
        return "restarts", chart.warning(said, f"{logs} --previous")
    return None


def _is_done(pod: Pod, status: ContainerStatus) -> bool:
    """Whether it is an init container that came to its end, after however many attempts."""
    ended = status.state.terminated
    first = status in pod.status.init_container_statuses
    return first and ended is not None and ended.exit_code == 0
