"""Lets one of several processes of a role work: the others wait, ready to take over.

A process that cannot renew its Lease in time ends its work by an error and waits anew; one that
is told to end gives the Lease back, so that the next begins within seconds.
"""

import asyncio
import logging
import os
import signal
import socket
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

from podiatrist.cluster.client import Client
from podiatrist.cluster.errors import ClusterError, RefusedError
from podiatrist.cluster.lease import Lease, LeaseTimes
from podiatrist.handlers.pulse import Pulse
from podiatrist.handlers.serve import wait_for
from podiatrist.handlers.vitals import Vitals, beat

log = logging.getLogger(__name__)

_ENDING = 30.0
"""Seconds after the loss of a Lease in which the work has to have ended; else the process does."""

Beside = list[Coroutine[Any, Any, None]]
"""What is to run beside the work: it raises where the work has to end."""


class LeaseLostError(ClusterError):
    """The Lease could not be renewed in time: somebody else may be working by now."""


def identity() -> str:
    """Return this process' name as a candidate: the pod's name, and what tells its lives apart."""
    return f"{socket.gethostname()}_{os.urandom(4).hex()}"


@asynccontextmanager
async def leading(
    client: Client,
    name: str,
    vitals: Vitals,
    *watches: str,
    elect: bool,
    times: LeaseTimes | None = None,
) -> AsyncIterator[Beside]:
    """Wait until this process is to work; inside, run what is given beside the work.

    `watches` are the plurals of what it will hear of. With `elect` its turn comes when the Lease of
    that name is ours. It is renewed from then on until the work has ended; what is given raises
    LeaseLostError where that fails for too long. Without, there is no Lease. Either way the
    cluster has to know Diagnoses: raises ClusterError where it does not. Raises SystemExit for a
    SIGTERM before the work has begun.
    """
    vitals.begin()
    beating = asyncio.create_task(beat(vitals))
    try:
        with _ended_by_sigterm():
            if elect:
                async with _elected(client, name, vitals, times or LeaseTimes()) as beside:
                    vitals.pulse.leads(*watches)
                    yield beside
            else:
                await wait_for(client)
                vitals.pulse.leads(*watches)
                yield []
    finally:
        vitals.pulse.leading = False
        beating.cancel()


@asynccontextmanager
async def _elected(
    client: Client, name: str, vitals: Vitals, times: LeaseTimes
) -> AsyncIterator[Beside]:
    lease = Lease(client, name, identity(), times)
    await wait_in_line(lease, vitals.pulse)
    keeping = asyncio.create_task(_keep_or_end(lease, vitals.pulse))
    try:
        # Asked by who begins to work, however long ago it began to wait: Kopf looks for the kinds
        # that it watches only once.
        await wait_for(client)
        if keeping.done():
            await keeping
        log.info("leading as %s", lease.identity)
        yield [_result(keeping)]
    finally:
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)
        await lease.release()


async def _result(task: asyncio.Task[None]) -> None:
    await asyncio.shield(task)


@contextmanager
def _ended_by_sigterm() -> Iterator[None]:
    """End the process at a SIGTERM until Kopf listens for one: nothing is begun before.

    Process 1 of a container has to ask for signals.
    """
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


async def wait_in_line(lease: Lease, pulse: Pulse) -> None:
    """Ask for the Lease again and again, until it is ours."""
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
            if isinstance(error, RefusedError):
                pulse.trouble = f"Lease {lease.name} is refused: {error}"
        await asyncio.sleep(lease.times.retry)


async def _keep_or_end(lease: Lease, pulse: Pulse) -> None:
    """Keep the Lease. Once it is lost the process ends where its work does not."""
    try:
        await keep(lease)
    except LeaseLostError:
        pulse.leading = False
        # Where the work ends in time, so does this event loop, and the call with it.
        asyncio.get_running_loop().call_later(_ENDING, os._exit, 1)
        raise


async def keep(lease: Lease) -> None:
    """Renew the Lease for as long as it can be. Raises LeaseLostError."""
    loop = asyncio.get_running_loop()
    renewed = loop.time()
    while True:
        await asyncio.sleep(lease.times.retry)
        why, asked = "no answer in time", loop.time()
        try:
            async with asyncio.timeout_at(renewed + lease.times.deadline):
                if await lease.hold():
                    renewed = asked  # the others count from before the answer, at the latest
                    continue
            why = f"{lease.holder or 'somebody else'} has it"
        except ClusterError as error:
            why = str(error)
        except TimeoutError:
            pass
        if lease.holder != lease.identity or loop.time() - renewed >= lease.times.deadline:
            raise LeaseLostError(f"Lease {lease.name} is lost: {why}")
        log.warning("Lease %s is not renewed yet: %s", lease.name, why)
