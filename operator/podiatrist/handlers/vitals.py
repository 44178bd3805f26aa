"""The vital signs of a process: what probes and metrics are answered from."""

import asyncio
import signal
import sys
import time

from podiatrist.cluster.traffic import Traffic
from podiatrist.handlers.metrics import Metrics
from podiatrist.handlers.pulse import Pulse


class Vitals:
    """Made once a process; the runs of a role, one after the other, write into it."""

    def __init__(self) -> None:
        self.pulse = Pulse()
        self.traffic = Traffic(self.pulse.heard, self.pulse.reached)
        self.metrics = Metrics(self.pulse, self.traffic)

    def begin(self) -> None:
        """Begin a run: what a run before heard and counted is gone with it."""
        self.pulse.begin()
        self.metrics = Metrics(self.pulse, self.traffic)

    def rest(self, seconds: float) -> None:
        """Sleep between two runs, without being taken for stuck. Raises SystemExit at a SIGTERM.

        Nothing is under way then; and process 1 of a container, unless it asks, hears no signal.
        """
        before = signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        try:
            ends = time.monotonic() + seconds
            while (left := ends - time.monotonic()) > 0:
                self.pulse.turned()
                time.sleep(min(left, 1.0))
        finally:
            signal.signal(signal.SIGTERM, before)


async def beat(vitals: Vitals) -> None:
    """Show once a second that the event loop turns, until cancelled."""
    while True:
        vitals.pulse.turned()
        await asyncio.sleep(1)
