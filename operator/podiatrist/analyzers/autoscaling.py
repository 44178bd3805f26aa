"""HorizontalPodAutoscalers that see nothing or can do no more."""

from podiatrist.analyzers.result import Result
from podiatrist.cluster.snapshot import Snapshot


def analyze(snapshot: Snapshot) -> list[Result]:
    """Return one result for each thing that is wrong."""
    return []
