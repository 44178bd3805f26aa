"""Waits, a bounded time, for what a change was meant to bring about, and says what happened."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from podiatrist.analyzers import analyze
from podiatrist.analyzers.common.rollout import unfinished
from podiatrist.api.diagnosis import ObjectRef
from podiatrist.chat.look import health, read
from podiatrist.cluster.errors import ClusterError
from podiatrist.cluster.kinds import WORKLOADS, find_kind
from podiatrist.lifecycle.context import Context

PATIENCE = 60.0
"""Seconds that a rollout is waited for; it goes on without us."""


@dataclass(frozen=True)
class Effect:
    """What was seen in the end: `well` when the rollout is complete and no rule complains."""

    well: bool
    text: str


async def wait_for(
    context: Context,
    target: ObjectRef,
    *,
    seconds: float = PATIENCE,
    tell: Callable[[str], None] = lambda _: None,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> Effect:
    """Look at a workload until it is well or the time is over; never raises ClusterError."""
    started = context.clock()
    last = ""
    while True:
        try:
            snapshot = await read(context.reader, target, context.clock)
            results = analyze(snapshot)
            waits = unfinished(snapshot)
            last = health(snapshot)
            trouble = results[0].finding.message if results else waits
        except ClusterError as error:
            trouble = str(error)
        passed = (context.clock() - started).total_seconds()
        if trouble is None:
            return Effect(True, f"{target}: {last or 'well'} ({passed:.0f} s)")
        tell(f"{target}: {last}")
        if passed >= seconds:
            return Effect(False, f"{target} after {passed:.0f} s: {last}. {trouble}")
        await sleep(1.0)


def worth_waiting(target: ObjectRef) -> bool:
    """Say whether an object has pods that a change may bring up."""
    return find_kind(target.api_version, target.kind) in WORKLOADS
