"""Whether a pod serves, and whether its controller still counts on it."""

from collections.abc import Iterable

from podiatrist.cluster.objects import Pod


def is_there(pod: Pod) -> bool:
    """Say whether its controller counts a pod: it has not ended and is not on its way out."""
    return not pod.ended and pod.metadata.deletion_timestamp is None


def is_ready(pod: Pod) -> bool:
    """Say whether a pod serves now."""
    return is_there(pod) and pod.ready


def ready_of(pods: Iterable[Pod]) -> int:
    """Return how many of these pods serve now."""
    return sum(map(is_ready, pods))
