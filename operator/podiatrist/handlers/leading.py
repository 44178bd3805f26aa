"""Lets one of several processes of a role work: the others wait, ready to take over.

A process that cannot renew its Lease in time ends its work by an error and waits anew; one that
is told to end gives the Lease back, so that the next begins within seconds.
"""

import asyncio
import logging
import os
import signal
import socket
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager, contextmanager
from typing import Any

from podiatrist.cluster.client import Client
from podiatrist.cluster.errors import ClusterError
from podiatrist.cluster.lease import Lease, LeaseTimes
from podiatrist.handlers.pulse import Pulse
from podiatrist.handlers.serve import wait_for
from podiatrist.handlers.vitals import Vitals, beat

log = logging.getLogger(__name__)


class LeaseLostError(ClusterError):
    """The Lease could not be renewed in time: somebody else may be working by now."""


def identity() -> str:
    """Return this process' name as a candidate: the pod's name, and what tells its lives apart."""
    return f"{socket.gethostname()}_{os.urandom(4).hex()}"


@asynccontextmanager
async def leading(
    client: Client, name: str, vitals: Vitals, *, elect: bool, times: LeaseTimes | None = None
) -> AsyncIterator[list[Coroutine[Any, Any, None]]]:
    """Wait until this process is to work; inside, run what is given beside the work.

    With `elect` that is when the Lease of that name is ours; what is given renews it, and raises
    LeaseLostError where that fails for too long. Without, there is no Lease. Either way the
    cluster has to know Diagnoses: raises ClusterError where it does not. Raises SystemExit for a
    SIGTERM while waiting.
    """
    vitals.begin()
    if not elect:
        await wait_for(client)
        vitals.pulse.leads()
        yield []
        return
    lease = Lease(client, name, identity(), times or LeaseTimes())
    with _ended_by_sigterm():
        pulse = asyncio.create_task(beat(vitals))
        try:
            await _until_ours(lease, vitals.pulse)
        finally:
            pulse.cancel()
    try:
        # Asked by who begins to work, however long ago it began to wait: Kopf looks for the kinds
        # that it watches only once.
        await wait_for(client)
        log.info("leading as %s", lease.identity)
        vitals.pulse.leads()
        yield [keep(lease)]
    finally:
        vitals.pulse.leading = False
        await lease.release()


@contextmanager
def _ended_by_sigterm() -> Any:
    """End the process at a SIGTERM: nothing is begun yet. (Process 1 of a container has to ask.)"""
    loop, waiting, ended = asyncio.get_running_loop(), asyncio.current_task(), []
    assert waiting is not None

    def end() -> None:
        ended.append(True)
        waiting.cancel()

    loop.add_signal_handler(signal.SIGTERM, end)
    try:
        yield
    except asyncio.CancelledError:
        if ended:
            raise SystemExit(0) from None
        raise
    finally:
        loop.remove_signal_handler(signal.SIGTERM)


async def _until_ours(lease: Lease, pulse: Pulse) -> None:
    """Ask for the Lease again and again."""
    told = complaint = ""
    while True:
        try:
            if await lease.hold():
                return
            complaint = ""
            pulse.trouble = None
            if lease.holder != told:
                told = lease.holder
                log.info("standing by: %s leads", told)
        except ClusterError as error:
            if str(error) != complaint:  # once, not every two seconds of an outage
                complaint = str(error)
                log.warning("cannot ask for Lease %s: %s", lease.name, error)
        await asyncio.sleep(lease.times.retry)


async def keep(lease: Lease) -> None:
    """Renew the Lease for as long as it can be. Raises LeaseLostError."""
    loop = asyncio.get_running_loop()
    renewed = loop.time()
    while True:
        await asyncio.sleep(lease.times.retry)
        why = "no answer in time"
        try:
            async with asyncio.timeout_at(renewed + lease.times.deadline):
                if await lease.hold():
                    renewed = loop.time()
                    continue
            why = f"{lease.holder or 'somebody else'} has it"
        except ClusterError as error:
            why = str(error)
        except TimeoutError:
            pass
        if lease.holder != lease.identity or loop.time() - renewed >= lease.times.deadline:
            raise LeaseLostError(f"Lease {lease.name} is lost: {why}")
        log.warning("Lease %s is not renewed yet: %s", lease.name, why)
