"""Containers that cannot be started: missing configuration, security context, mounts, sandbox."""

from podiatrist.analyzers.result import Result
from podiatrist.cluster.snapshot import Snapshot


def analyze(snapshot: Snapshot) -> list[Result]:
    """Return one result for each thing that is wrong."""
    return []
