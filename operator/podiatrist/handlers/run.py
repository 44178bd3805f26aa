"""Runs a role until it is told to stop: Kopf for watching, our worker for doing."""

import asyncio
import os
from datetime import UTC, datetime
from pathlib import Path

import kopf

from podiatrist.api import names
from podiatrist.cluster.client import Client, connect
from podiatrist.cluster.errors import ClusterError, NotFoundError, UnreachableError
from podiatrist.cluster.kinds import DIAGNOSIS
from podiatrist.cluster.reader import Reader
from podiatrist.cluster.store import Store
from podiatrist.handlers import doors
from podiatrist.handlers.settings import Settings
from podiatrist.lifecycle.context import Context
from podiatrist.lifecycle.worker import Worker, executor_worker, operator_worker
from podiatrist.notice.noticer import Noticer
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
        noticer = Noticer(client, context.store, Watchlist(settings.grace), _now)
        registry = kopf.OperatorRegistry()
        doors.watch_pods(registry, noticer)
        await _serve(registry, worker)


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


async def _serve(registry: kopf.OperatorRegistry, worker: Worker) -> None:
    """Run until Kopf stops (by a signal, or by an error that it does not survive)."""
    doors.login_by(registry)
    doors.watch_diagnoses(registry, worker)
    working = asyncio.create_task(worker.run())
    doors.stop_with(registry, working.cancel)
    watching = asyncio.create_task(
        kopf.operator(
            registry=registry, settings=doors.kopf_settings(), clusterwide=True, standalone=True
        )
    )
    await asyncio.wait({watching, working}, return_when=asyncio.FIRST_COMPLETED)
    for task in (watching, working):
        task.cancel()
    results = await asyncio.gather(watching, working, return_exceptions=True)
    for result in results:
        if isinstance(result, Exception):
            raise result
