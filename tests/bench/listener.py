"""One listening process: `python -m tests.bench.listener NAME URL KUBECONFIG PODS FLOOD PACED`.

Prints a line of JSON after each phase; the process that serves waits for it before the next.
"""

import asyncio
import gc
import json
import logging
import os
import sys
import time
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import kopf

from podiatrist.cluster.connect import connect
from podiatrist.handlers import doors
from podiatrist.handlers.feed import Audience
from podiatrist.handlers.kopf_feed import watch_pods
from podiatrist.handlers.kopf_settings import operator_options
from podiatrist.handlers.stream_feed import stream
from tests.bench import bare
from tests.bench.measure import Judge, Stalls, forget_peak, memory, peak_memory


async def _by_kopf(audience: Audience, **options: Any) -> None:
    registry = kopf.OperatorRegistry()
    watch_pods(registry, audience)
    doors.login_by(registry)
    await kopf.operator(registry=registry, **options)


async def _by_stream(kubeconfig: Path, audience: Audience) -> None:
    async with connect(kubeconfig, "bench") as client:
        await stream(client, audience)


def _feed(name: str, url: str, kubeconfig: Path, audience: Audience) -> Coroutine[Any, Any, None]:
    match name:
        case "bare":
            return bare.listen(url, audience)
        case "stream":
            return _by_stream(kubeconfig, audience)
        case "kopf":
            return _by_kopf(audience, **operator_options())
        case "untuned":
            return _by_kopf(audience, clusterwide=True, standalone=True)
    raise LookupError(name)


async def _listen(name: str, url: str, kubeconfig: Path, pods: int, flood: int, paced: int) -> None:
    judge, stalls = Judge(), Stalls()
    watching = asyncio.create_task(stalls.run())
    await asyncio.sleep(0.2)
    gc.collect()
    gc.freeze()  # as `handlers/run.py` does; and the bare loop would not have our modules at all
    forget_peak()
    before, stalls.longest = memory(), 0.0
    begun, worked = time.monotonic(), time.process_time()
    feed = asyncio.create_task(_feed(name, url, kubeconfig, judge))
    feed.add_done_callback(_give_up)
    seconds = await judge.judged(pods) - begun
    cpu = time.process_time() - worked
    _report(seconds=seconds, cpu=cpu, memory=(peak_memory() - before) / pods)
    if flood:
        worked = time.process_time()
        at = await judge.judged(pods + flood)
        _report(at=at, cpu=time.process_time() - worked)
    if paced:
        await judge.judged(pods + flood + paced)
        _report(delays=judge.delays)
    _report(stall=stalls.longest, sick=judge.sick)
    watching.cancel()


def _give_up(feed: asyncio.Task[None]) -> None:
    logging.error("the feed ended: %r", feed)
    os._exit(1)


def _report(**measured: Any) -> None:
    sys.stdout.write(json.dumps(measured) + "\n")
    sys.stdout.flush()


def main() -> None:
    """Listen until everything was heard, and go without ceremony."""
    name, url, kubeconfig, *counts = sys.argv[1:]
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    os.environ["KUBECONFIG"] = kubeconfig  # Kopf knows nothing else
    pods, flood, paced = map(int, counts)
    asyncio.run(_listen_and_go(name, url, Path(kubeconfig), pods, flood, paced))


async def _listen_and_go(*arguments: Any) -> None:
    await _listen(*arguments)
    os._exit(0)  # how feeds end is not measured here


if __name__ == "__main__":
    main()
