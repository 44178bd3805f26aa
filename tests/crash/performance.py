"""Plays all plans, several at a time, and holds each ending against the one without faults."""

import asyncio
import fnmatch
import os
import random
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from podiatrist.cluster.connect import connect
from tests.cluster import Cluster
from tests.cluster.progress import to_stderr
from tests.crash.audit import sent
from tests.crash.plans import Plan, calm_plans, point_plans, race_plans, refusal_plans
from tests.crash.play import Played, Stage
from tests.harness.install import identity

AT_ONCE = int(os.environ.get("CRASH_AT_ONCE") or 8)
_ROUNDS = 3


@dataclass(frozen=True)
class Performance:
    """What was played: without faults by story, and with them by plan."""

    calm: Mapping[str, Played]
    at_points: Mapping[str, Played]
    refused: Mapping[str, Played]
    raced: Mapping[str, Played]


def perform(
    cluster: Cluster, folder: Path, dice: random.Random, *, sample: int, only: str
) -> Performance:
    """Play what there is, or a sample of so many points and one of each other kind.

    `only` is a pattern of plans' names.
    """
    return asyncio.run(_perform(cluster, folder, dice, sample, only))


async def _perform(
    cluster: Cluster, folder: Path, dice: random.Random, sample: int, only: str
) -> Performance:
    async with connect(cluster.kubeconfig, "crash-test") as client:
        stage = Stage(client, identity(cluster, "executor", folder), folder)
        calm = await _play_all(stage, cluster, calm_plans())
        chosen = [point_plans(calm), refusal_plans(), race_plans(dice, _ROUNDS)]
        if only:
            chosen = [[p for p in plans if fnmatch.fnmatchcase(p.name, only)] for plans in chosen]
        elif sample:
            numbers = (sample, 1, 1)
            chosen = [_some(dice, *few) for few in zip(chosen, numbers, strict=True)]
        played = await _play_all(stage, cluster, [plan for plans in chosen for plan in plans])
    by_kind = [{plan.name: played[plan.name] for plan in plans} for plans in chosen]
    return Performance(calm, *by_kind)


def _some(dice: random.Random, plans: Sequence[Plan], number: int) -> list[Plan]:
    return dice.sample(plans, min(number, len(plans)))


async def _play_all(stage: Stage, cluster: Cluster, plans: Iterable[Plan]) -> dict[str, Played]:
    """Play the plans side by side, and then ask the audit log about all of them."""
    room = asyncio.Semaphore(AT_ONCE)
    plans, begun, done = list(plans), time.monotonic(), 0

    async def one(plan: Plan) -> Played:
        nonlocal done
        async with room:
            played = await stage.play(plan.story, plan.faults())
        done += 1
        to_stderr(
            f"{done}/{len(plans)} {time.monotonic() - begun:.0f}s: {plan.name}: "
            f"{played.ending.state} after {played.seconds:.0f}s"
        )
        return played

    played = await asyncio.gather(*(one(plan) for plan in plans))
    assert cluster.audit_log is not None
    changes = sent(cluster.audit_log, {p.namespace for p in played})
    for one_played in played:
        one_played.audited(changes[one_played.namespace])
    return {plan.name: p for plan, p in zip(plans, played, strict=True)}
