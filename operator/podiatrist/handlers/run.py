"""Runs a role until it is told to stop: Kopf for watching, our worker for doing."""

import asyncio
import gc
import os
from collections.abc import Coroutine
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import kopf

from podiatrist.api import names
from podiatrist.cluster.client import Client, connect
from podiatrist.cluster.errors import ClusterError, NotFoundError, UnreachableError
from podiatrist.cluster.kinds import DIAGNOSIS
from podiatrist.cluster.reader import Reader
from podiatrist.cluster.store import Store
from podiatrist.handlers import doors
from podiatrist.handlers.kopf_feed import watch_pods
from podiatrist.handlers.kopf_settings import operator_options
from podiatrist.handlers.settings import Settings
from podiatrist.handlers.stream_feed import stream
from podiatrist.handlers.supervise import WatchEndedError
from podiatrist.lifecycle.context import Context
from podiatrist.lifecycle.worker import Worker, executor_worker, operator_worker
from podiatrist.notice.diagnoser import Diagnoser
from podiatrist.notice.housekeeping import Housekeeping
from podiatrist.notice.limits import Gate
from podiatrist.notice.noticer import Noticer
from podiatrist.notice.owners import Owners
from podiatrist.notice.sweep import Sweep
from podiatrist.notice.watchlist import Watchlist

_PATIENCE = (0.5, 1.0, 2.0, 4.0)
"""Seconds between attempts to reach the cluster at start."""


class NotInstalledError(ClusterError):
    """The cluster does not know Diagnoses."""


def _now() -> datetime:
    return datetime.now(UTC)


async def run_operator(kubeconfig: Path | None, settings: Settings) -> None:
    """Notice, investigate and propose, until a signal. Raises ClusterError."""
    _share(kubeconfig)
    async with connect(kubeconfig, "podiatrist-operator") as client:
        context = await _context(client, settings)
        worker = operator_worker(context)
        noticer, sweep = noticing(context, settings)
        registry = kopf.OperatorRegistry()
        if settings.feed == "stream":
            await _serve(registry, worker, noticer.run(), sweep.run(), stream(client, noticer))
        else:
            watch_pods(registry, noticer)
            await _serve(registry, worker, noticer.run(), sweep.run())


def noticing(context: Context, settings: Settings) -> tuple[Noticer, Sweep]:
    """Put together what notices: what the feeds talk to, and the sweep."""
    client, reader = context.client, context.reader
    watchlist = Watchlist(settings.grace)
    diagnoser = Diagnoser(
        client, reader, context.store, watchlist, Gate(settings.limits), context.clock
    )
    noticer = Noticer(Owners(client, context.clock), diagnoser, watchlist, context.clock)
    sweep = Sweep(
        client,
        reader.surroundings,
        noticer,
        Housekeeping(client, settings.keeping, context.clock),
        context.clock,
        every=settings.sweep,
        grace=settings.grace.silent,
    )
    return noticer, sweep


async def run_executor(kubeconfig: Path | None, settings: Settings) -> None:
    """Preview, execute, verify and roll back, until a signal. Raises ClusterError."""
    _share(kubeconfig)
    async with connect(kubeconfig, "podiatrist-executor") as client:
        await _serve(kopf.OperatorRegistry(), executor_worker(await _context(client, settings)))


def _share(kubeconfig: Path | None) -> None:
    """Let Kopf read the same file as our client; it knows only the environment variable."""
    if kubeconfig is not None:
        os.environ["KUBECONFIG"] = str(kubeconfig)


async def _context(client: Client, settings: Settings) -> Context:
    """Wait until the cluster answers and knows Diagnoses.

    Both may take a moment: an API server that restarts, a CRD that was applied just before us.
    """
    for pause in (*_PATIENCE, None):
        try:
            await client.list_all(DIAGNOSIS, fields="metadata.name=none")
        except (NotFoundError, UnreachableError) as error:
            if pause is not None:
                await asyncio.sleep(pause)
            elif isinstance(error, UnreachableError):
                raise
        else:
            return Context(client, Reader(client), Store(client), _now, settings.timing)
    raise NotInstalledError(
        f"the cluster does not know {names.PLURAL}.{names.GROUP}; "
        "install it first with: kubectl apply -f crds"
    )


async def _serve(
    registry: kopf.OperatorRegistry, worker: Worker, *feeds: Coroutine[Any, Any, None]
) -> None:
    """Run until a signal. Raises WatchEndedError when Kopf did not survive an error."""
    gc.collect()
    gc.freeze()  # a full collection would look at every module each time, and stall the feed
    doors.login_by(registry)
    doors.watch_diagnoses(registry, worker)
    ended = asyncio.Event()
    ours = [asyncio.create_task(work) for work in (worker.run(), *feeds)]
    for task in ours:  # they end by an error of ours only, and then nothing shall go on
        task.add_done_callback(lambda _: ended.set())
    doors.stop_with(registry, ours)
    try:
        await kopf.operator(registry=registry, stop_flag=ended, **operator_options())
    except Exception as error:
        raise WatchEndedError(f"watching the cluster failed: {error!r}") from error
    finally:
        for task in ours:
            task.cancel()
        results = await asyncio.gather(*ours, return_exceptions=True)
    for result in results:
        if isinstance(result, Exception):
            raise result
