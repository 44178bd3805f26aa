"""Blast radius of a plan: how many pods it replaces, how many it takes away at once, what else."""

from collections.abc import Mapping

from podiatrist.actions.compiler import Plan
from podiatrist.api.diagnosis import BlastRadius, ObjectRef
from podiatrist.cluster.snapshot import Object, Snapshot
from podiatrist.lifecycle.options.consequences.pods_warned_of import about_pods
from podiatrist.lifecycle.options.consequences.surroundings_warned_of import about_surroundings
from podiatrist.lifecycle.options.consequences.turnover import turnover

_MOST_WARNINGS = 8


def blast_radius(
    snapshot: Snapshot, plan: Plan, after: Mapping[ObjectRef, Object], also: list[str] | None = None
) -> BlastRadius:
    """Return what else happens when a plan runs; `after` are the objects as the dry run answered.

    `also` are warnings of others, which come after ours. Nothing is guessed: what the snapshot
    does not show is not told.
    """
    gone = turnover(snapshot, plan, after)
    said = [
        *about_pods(snapshot, plan, after, gone),
        *about_surroundings(snapshot, after),
        *(also or []),
    ]
    return BlastRadius(
        restarts=len(gone.leaving),
        unavailable=gone.down,
        warnings=list(dict.fromkeys(said))[:_MOST_WARNINGS],
    )
