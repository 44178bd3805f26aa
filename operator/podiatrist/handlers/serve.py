"""What both roles share: waiting for the cluster, and running until a signal.

Kopf for watching, our workers for doing.
"""

import asyncio
import gc
import os
from collections.abc import Coroutine, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import kopf

from podiatrist.api import names
from podiatrist.cluster.client import Client
from podiatrist.cluster.errors import ClusterError, NotFoundError, UnreachableError
from podiatrist.cluster.reader import Reader
from podiatrist.cluster.store import Store
from podiatrist.handlers import doors
from podiatrist.handlers.kopf_settings import operator_options
from podiatrist.handlers.open_namespaces import open_to
from podiatrist.handlers.supervise import WatchEndedError
from podiatrist.handlers.vitals import Vitals
from podiatrist.handlers.ward import Ward, recount
from podiatrist.lifecycle.context import Consulting, Context, Timing

_PATIENCE = (0.5, 1.0, 2.0, 4.0)
"""Seconds between attempts to reach the cluster at start."""


class NotInstalledError(ClusterError):
    """The cluster does not know Diagnoses."""


def now() -> datetime:
    """Return the time."""
    return datetime.now(UTC)


def share(kubeconfig: Path | None) -> None:
    """Let Kopf read the same file as our client; it knows only the environment variable."""
    if kubeconfig is not None:
        os.environ["KUBECONFIG"] = str(kubeconfig)


async def wait_for(client: Client) -> None:
    """Wait until the cluster answers and knows Diagnoses. Raises ClusterError.

    Both may take a moment: an API server that restarts, a CRD that was applied just before us.
    A client that is confined to namespaces leaves out those that are closed to it.
    """
    for pause in (*_PATIENCE, None):
        try:
            client.confines = await open_to(client)
        except (NotFoundError, UnreachableError) as error:
            if pause is not None:
                await asyncio.sleep(pause)
            elif isinstance(error, UnreachableError):
                raise
        else:
            return
    raise NotInstalledError(
        f"the cluster does not know {names.PLURAL}.{names.GROUP}; "
        "install it first with: kubectl apply -f deploy"
    )


def context_of(
    client: Client,
    timing: Timing,
    consulting: Consulting | None = None,
    *,
    patch_managed: bool = False,
) -> Context:
    """Return the world of a role's steps."""
    return Context(
        client,
        Reader(client),
        Store(client),
        now,
        timing,
        consulting or Consulting(),
        patch_managed,
    )


def settle() -> None:
    """Let no collection look at what lives as long as the process, which would stall the feed.

    What an earlier run settled with is let go first: in its cycles hangs all that it knew.
    """
    gc.unfreeze()
    gc.collect()
    gc.freeze()


async def serve(
    registry: kopf.OperatorRegistry,
    vitals: Vitals,
    client: Client,
    listeners: Sequence[doors.Listener],
    *tasks: Coroutine[Any, Any, None],
) -> None:
    """Run until a signal: the tasks, with Diagnoses for the listeners, the workers among them.

    Kopf watches where the client may look.

    Raises WatchEndedError when Kopf did not survive an error.
    """
    settle()
    doors.login_by(registry, client.configuration.host, vitals.traffic)
    ward = Ward(vitals.metrics, now)
    doors.watch_diagnoses(registry, (*listeners, ward))
    ended = asyncio.Event()
    ours = [asyncio.create_task(work) for work in (*tasks, recount(ward, client))]

    def end(_: asyncio.Task[None]) -> None:
        # At once: Kopf takes its time to end, and somebody else may lead by now.
        ended.set()
        for task in ours:
            task.cancel()

    for task in ours:  # they end by an error of ours only, and then nothing shall go on
        task.add_done_callback(end)
    doors.stop_with(registry, ours)
    try:
        await kopf.operator(registry=registry, stop_flag=ended, **operator_options(client.confines))
    except Exception as error:
        raise WatchEndedError(f"watching the cluster failed: {error!r}") from error
    finally:
        for task in ours:
            task.cancel()
        results = await asyncio.gather(*ours, return_exceptions=True)
    for result in results:
        if isinstance(result, Exception):
            raise result
