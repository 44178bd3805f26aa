"""Nodes that are not ready, under pressure or cordoned, and who suffers."""

from podiatrist.analyzers.result import Result
from podiatrist.cluster.snapshot import Snapshot


def analyze(snapshot: Snapshot) -> list[Result]:
    """Return one result for each thing that is wrong."""
    return []
