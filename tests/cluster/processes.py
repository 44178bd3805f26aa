"""Finds, enters and kills a cluster's first process.

There is no pid file: the process table itself is asked, so nothing can be stale after a crash.
"""

import contextlib
import os
import signal
import time
from pathlib import Path

FIRST = "tests.cluster.first"


def of(state: Path) -> list[int]:
    """The pids of the cluster's first process and of the `unshare` that holds it."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            words = (entry / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue  # it has just ended, or is another user's
        if FIRST.encode() in words and str(state).encode() in words and not _ended(entry):
            found.append(int(entry.name))
    return found


def first(state: Path) -> int | None:
    """The pid, as seen from here, of the cluster's first process; None when there is none."""
    for pid in of(state):
        with contextlib.suppress(OSError):
            if b"unshare" not in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[0]:
                return pid
    return None


def kill(state: Path, seconds: float = 30.0) -> None:
    """SIGKILL to the first process, and wait until it (and so all its children) is gone."""
    deadline = time.monotonic() + seconds
    while pids := of(state):
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if time.monotonic() > deadline:
            raise TimeoutError(f"processes {pids} do not end")
        time.sleep(0.02)


def enter(pid: int) -> list[str]:
    """The command that runs another command in the network, mounts and pids of `pid`."""
    return ["nsenter", "--target", str(pid), "--net", "--mount", "--pid", "--"]


def _ended(entry: Path) -> bool:
    """A zombie has ended; only its parent has not asked yet."""
    with contextlib.suppress(OSError):
        return (entry / "stat").read_text().rpartition(")")[2].split()[0] in "ZX"
    return True
