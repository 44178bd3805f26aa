"""Services that reach nobody: selector, ports, endpoints, and whose fault it is."""

from podiatrist.analyzers.result import Result
from podiatrist.cluster.snapshot import Snapshot


def analyze(snapshot: Snapshot) -> list[Result]:
    """Return one result for each thing that is wrong."""
    return []
