"""Updates that stand still on purpose or by their own rules, whatever the pods say."""

from podiatrist.analyzers.common.result import Result
from podiatrist.analyzers.workloads import (
    daemon_placement,
    paused_rollouts,
    stateful_updates,
    surge_room,
)
from podiatrist.cluster.snapshot import Snapshot

_RULES = (
    paused_rollouts.analyze,
    surge_room.analyze,
    stateful_updates.analyze,
    daemon_placement.analyze,
)


def analyze(snapshot: Snapshot) -> list[Result]:
    """Return one result for each thing that is wrong."""
    return [result for rule in _RULES for result in rule(snapshot)]
