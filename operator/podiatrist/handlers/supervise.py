"""Starts a role again when watching failed, in a fresh event loop, as often as it takes.

Kopf ends on most errors of a watch, and when it ends it takes every task of its event loop along.
So all starts anew: nothing we hold in memory is needed, the cluster has it.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine
from typing import Any

from podiatrist.cluster.doubling import doubled
from podiatrist.cluster.errors import ClusterError

log = logging.getLogger(__name__)

_LONG = 60.0
"""Seconds after which a run counts as a good one, and the longest pause between two runs."""


class WatchEndedError(ClusterError):
    """Watching the cluster failed in a way that Kopf does not survive."""


def supervise(
    role: Callable[[], Coroutine[Any, Any, None]],
    *,
    patient: bool = False,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """Run a role until it ends well.

    Raises the ClusterError of a first start that failed: then something is wrong that a human
    should see at once (credentials, a missing CRD). Later the same errors are an outage. Who is
    `patient` takes them for one from the start: in a cluster nobody sits before the screen, and
    ending would only make the kubelet wait longer each time.
    """
    failures = 0
    while True:
        begun = clock()
        try:
            asyncio.run(role())
        except ClusterError as error:
            if not patient and not failures and not isinstance(error, WatchEndedError):
                raise
            failures = 1 if clock() - begun > _LONG else failures + 1
            pause = doubled(1.0, failures - 1, _LONG)
            log.warning("%s; starting again in %.0fs", error, pause)
            sleep(pause)
        else:
            return
