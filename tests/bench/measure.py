"""What is measured inside a listening process: counts, delays, memory, stalls."""

import asyncio
import time
from datetime import UTC, datetime
from pathlib import Path

from podiatrist.cluster.objects import Event, Pod
from podiatrist.notice.symptoms import Grace, symptom_of

SENT = "bench/sent"
"""Annotation with the server's CLOCK_MONOTONIC at the send, in seconds."""

_TICK = 0.002


class Judge:
    """An Audience that decides on each pod and takes the time."""

    def __init__(self) -> None:
        self.seen = 0
        self.sick = 0
        self.delays: list[float] = []
        self._grace = Grace()
        self._awaited = 0
        self._arrived = asyncio.Event()

    def pod_seen(self, pod: Pod, *, deleted: bool = False) -> None:
        """Decide on a pod."""
        if not deleted and symptom_of(pod, self._grace, datetime.now(UTC)) is not None:
            self.sick += 1
        sent = pod.metadata.annotations.get(SENT)
        if sent is not None:
            self.delays.append(time.monotonic() - float(sent))
        self.seen += 1
        if self.seen >= self._awaited:
            self._arrived.set()

    def event_seen(self, event: Event) -> None:
        """Pods only."""

    async def judged(self, count: int) -> float:
        """Wait until `count` pods in all were judged; returns the time of the last, monotonic."""
        self._awaited = count
        if self.seen < count:
            self._arrived.clear()
            await self._arrived.wait()
        return time.monotonic()


class Stalls:
    """Watches for how long the event loop is not given back; `longest` in seconds.

    Counted is the time that we computed, not the time that somebody else had the processor.
    """

    def __init__(self) -> None:
        self.longest = 0.0

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            before = time.thread_time()
            await asyncio.sleep(_TICK)
            self.longest = max(self.longest, time.thread_time() - before)


def memory() -> int:
    """Return what the process holds now, in bytes."""
    return _status("VmRSS")


def peak_memory() -> int:
    """Return the most it held since `forget_peak`, in bytes."""
    return _status("VmHWM")


def forget_peak() -> None:
    """Let the peak begin at what is held now (see proc(5), clear_refs)."""
    Path("/proc/self/clear_refs").write_text("5")


def _status(name: str) -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) * 1024
    raise LookupError(name)
