"""Serves the churn to one listening process at a time, and collects what each measured."""

import asyncio
import json
import statistics
import sys
import tempfile
import time
from asyncio.subprocess import PIPE, Process
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.bench.churn import Churn
from tests.fakeapi.server import FakeApi

_PATIENCE = 600.0
"""Seconds for one phase."""

RATE = 100
"""Changes a second while delays are taken."""


@dataclass(frozen=True)
class Load:
    """How much is played; `paced` changes at 100 a second."""

    small: int = 10_000
    large: int = 30_000
    flood: int = 20_000
    paced: int = 2_000


Measured = dict[str, float]


async def play(listener: str, load: Load) -> Measured:
    """Play everything to one listener; returns its measures, times in seconds, memory in bytes."""
    small = await _play(listener, load.small, 0, 0)
    large = await _play(listener, load.large, load.flood, load.paced)
    return {
        f"sync of {load.small:,} pods": small["sync"],
        f"sync of {load.small:,} pods, CPU": small["sync, CPU"],
        f"sync of {load.large:,} pods": large["sync"],
        f"sync of {load.large:,} pods, CPU": large["sync, CPU"],
        f"flood of {load.flood:,} changes": large["flood"],
        f"flood of {load.flood:,} changes, CPU": large["flood, CPU"],
        f"latency at {RATE}/s, p50": large["p50"],
        f"latency at {RATE}/s, p99": large["p99"],
        "memory per pod": large["memory"],
        "longest stall": max(small["stall"], large["stall"]),
    }


async def _play(listener: str, pods: int, flood: int, paced: int) -> Measured:
    churn = Churn(pods)
    async with FakeApi().serve() as api:
        api.store.put_all("pods", churn.pods)
        with tempfile.TemporaryDirectory() as folder:
            process = await _start(listener, api, Path(folder), (pods, flood, paced))
            try:
                return await _phases(process, api, churn, flood, paced)
            finally:
                if process.returncode is None:
                    process.kill()
                await process.wait()


async def _phases(process: Process, api: FakeApi, churn: Churn, flood: int, paced: int) -> Measured:
    report = await _report(process)
    measured = {
        "sync": report["seconds"],
        "sync, CPU": report["cpu"],
        "memory": report["memory"],
    }
    if flood:
        lines = churn.flood(api, flood)
        begun = time.monotonic()
        for line in lines:
            api.send_raw("pods", line)
        del lines
        report = await _report(process)
        measured |= {"flood": report["at"] - begun, "flood, CPU": report["cpu"]}
    if paced:
        await _pace(api, churn, paced)
        ranks = statistics.quantiles((await _report(process))["delays"], n=100)
        measured |= {"p50": ranks[49], "p99": ranks[98]}
    return {**measured, "stall": (await _report(process))["stall"]}


async def _start(listener: str, api: FakeApi, folder: Path, counts: tuple[int, ...]) -> Process:
    module = ["-m", "tests.bench.listener", listener, api.url, str(api.kubeconfig(folder))]
    return await asyncio.create_subprocess_exec(
        sys.executable, *module, *map(str, counts), stdout=PIPE, limit=2**24
    )


async def _report(process: Process) -> dict[str, Any]:
    if process.stdout is None:
        raise RuntimeError("the listener's output is not read")
    async with asyncio.timeout(_PATIENCE):
        line = await process.stdout.readline()
    if not line:
        raise RuntimeError(f"the listener ended early, exit code {await process.wait()}")
    report: dict[str, Any] = json.loads(line)
    return report


async def _pace(api: FakeApi, churn: Churn, count: int) -> None:
    """Send changes at an even pace; one that is late does not delay the next."""
    begun = time.monotonic()
    for number in range(count):
        await asyncio.sleep(max(0.0, begun + number / RATE - time.monotonic()))
        churn.send_stamped(api)
