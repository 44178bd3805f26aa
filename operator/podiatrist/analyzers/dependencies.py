"""What a workload needs from others: names that do not resolve, backends scaled to zero."""

from podiatrist.analyzers.result import Result
from podiatrist.cluster.snapshot import Snapshot


def analyze(snapshot: Snapshot) -> list[Result]:
    """Return one result for each thing that is wrong."""
    return []


def blames_peer(snapshot: Snapshot, container_name: str) -> bool:
    """Say whether a finding of this family explains why that container fails."""
    return False
