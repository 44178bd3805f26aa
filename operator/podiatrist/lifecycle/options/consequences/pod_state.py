"""Whether a pod serves, and whether its controller still counts on it."""

from collections.abc import Iterable

from podiatrist.cluster.objects import Pod


def is_there(pod: Pod) -> bool:
    """Say whether its controller counts a pod: it has not ended and is not on its way out."""
    return not pod.ended and pod.metadata.deletion_timestamp is None


def is_ready(pod: Pod) -> bool:
    """Say whether a pod serves now."""
    ready = pod.condition("Ready")
    return is_there(pod) and ready is not None and ready.status == "True"


def ready_of(pods: Iterable[Pod]) -> int:
    """Return how many of these pods serve now."""
    return sum(map(is_ready, pods))
