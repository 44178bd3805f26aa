"""Which namespaces of its confines are open to a process: those whose Roles let it in.

A team may go and take its Roles along, and come back. Kopf ends on a watch that is refused, and
takes the watches of all other teams along: so what is closed is left out, and looked after here.
"""

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

from podiatrist.cluster.client import Client
from podiatrist.cluster.confines import Confines
from podiatrist.cluster.errors import ClusterError, NotFoundError, RefusedError
from podiatrist.cluster.kinds import DIAGNOSIS
from podiatrist.handlers.supervise import WatchEndedError

log = logging.getLogger(__name__)

_EVERY = 20.0
"""Seconds between two looks. A watch that is open outlives its right by up to two minutes, so
Kopf does not notice first, as a rule."""


class ConfinesChangedError(WatchEndedError):
    """A namespace was closed or opened to us: all begins anew."""


async def open_to(client: Client, level: int = logging.WARNING) -> Confines:
    """Return what a client may look into; what is left out is logged at that level.

    Raises RefusedError where that is nothing at all, NotFoundError where the cluster does not know
    Diagnoses, UnreachableError.
    """
    refused: RefusedError | None = None
    kept: list[str] = []
    for place in client.confines.namespaces or (None,):
        try:
            await client.list_all(DIAGNOSIS, place, fields="metadata.name=none")
        except RefusedError as error:
            refused = error
            if place:
                log.log(level, "namespace %s is left out while it is closed: %s", place, error)
        else:
            kept += [place] if place else []
    if refused and not kept:
        raise refused
    return Confines(tuple(kept))


def looking_after(client: Client, wanted: Confines) -> list[Coroutine[Any, Any, None]]:
    """Return what is to run beside the work; nothing where everything is looked at."""
    return [] if wanted.everywhere else [until_changed(client, wanted)]


async def until_changed(client: Client, wanted: Confines, every: float = _EVERY) -> None:
    """Wait until another part of what is wanted is open. Raises ConfinesChangedError then."""
    looking = client.within(wanted)
    while True:
        await asyncio.sleep(every)
        try:
            now = await open_to(looking, logging.DEBUG)
        except (NotFoundError, RefusedError):
            now = Confines()
        except ClusterError as error:
            log.debug("cannot tell which namespaces are open: %s", error)
            continue
        if now != client.confines:
            told = ", ".join(now.namespaces) or "none"
            raise ConfinesChangedError(f"other namespaces are open to us now: {told}")
