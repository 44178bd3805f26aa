"""Pods that ended, or cannot: refused by a node, evicted, being deleted for ever."""

from podiatrist.analyzers.common.result import Result
from podiatrist.analyzers.ending import evictions, rejections, terminations
from podiatrist.cluster.snapshot import Snapshot


def analyze(snapshot: Snapshot) -> list[Result]:
    """Return one result for each way in which the target's pods ended badly or do not end."""
    return [
        *rejections.analyze(snapshot),
        *evictions.analyze(snapshot),
        *terminations.analyze(snapshot),
    ]
