"""Claims without a volume, volumes held elsewhere or full."""

from podiatrist.analyzers.result import Result
from podiatrist.cluster.objects import Pod
from podiatrist.cluster.snapshot import Snapshot


def analyze(snapshot: Snapshot) -> list[Result]:
    """Return one result for each thing that is wrong."""
    return []


def explains_full_disk(snapshot: Snapshot, pod: Pod, container: str) -> bool:
    """Say whether the disk that a container found full is a claim of its pod: then it is told here."""
    return False
