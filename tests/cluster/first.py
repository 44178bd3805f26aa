"""The first process of a cluster: starts the components, starts again what dies, reaps orphans.

Run as `python3 -m tests.cluster.first STATE [FD]` by up.py, with containers as process 1 of its own
namespaces. Killing it ends everything: the kernel takes a pid namespace down with its process 1.
"""

import contextlib
import ctypes
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from tests.cluster import components, namespaces, packages, settings
from tests.cluster.components import Component

TICK_SECONDS = 0.1
RESTART_SECONDS = 0.5
PR_SET_PDEATHSIG = 1


class Supervisor:
    """Keeps running what `STATE/stopped/NAME` does not forbid; tells pids in `running.json`."""

    def __init__(self, cluster: settings.Settings, parts: list[Component]) -> None:
        self.cluster = cluster
        self.parts = parts
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        self.starts: dict[str, int] = {}
        self.not_before: dict[str, float] = {}
        self.libc = ctypes.CDLL(None)

    def run(self) -> None:
        """Never returns."""
        # SIGCHLD only has to wake us; process 1 must reap whatever is re-parented to it.
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})
        while True:
            changed = self._reap()
            for part in self.parts:
                changed = self._reconcile(part) or changed
            if changed:
                self._tell()
            signal.sigtimedwait({signal.SIGCHLD}, TICK_SECONDS)

    def _reap(self) -> bool:
        changed = False
        with contextlib.suppress(ChildProcessError):
            while (ended := os.waitpid(-1, os.WNOHANG))[0]:
                for name, process in list(self.running.items()):
                    if process.pid == ended[0]:
                        # Popen would wait for it again otherwise.
                        process.returncode = os.waitstatus_to_exitcode(ended[1])
                        del self.running[name]
                        self.not_before[name] = time.monotonic() + RESTART_SECONDS
                        changed = True
        return changed

    def _reconcile(self, part: Component) -> bool:
        """Bring one component to where it should be; True when it was started."""
        process = self.running.get(part.name)
        if (self.cluster.state / "stopped" / part.name).exists():
            # An outage is sudden; and a SIGTERM to the API server takes 15 s with open watches.
            if process is not None:
                process.kill()
            return False
        if process is not None or time.monotonic() < self.not_before.get(part.name, 0.0):
            return False
        if not answers(part.after):
            return False
        self._start(part)
        return True

    def _start(self, part: Component) -> None:
        with (self.cluster.logs / f"{part.name}.log").open("ab") as log:
            self.running[part.name] = subprocess.Popen(
                part.command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=part.passes,
                env=self._environment(part),
                preexec_fn=self._die_with_parent,  # noqa: PLW1509 -- there are no threads here
            )
        self.starts[part.name] = self.starts.get(part.name, 0) + 1

    def _environment(self, part: Component) -> dict[str, str]:
        """Nothing of the caller's: a proxy set there would catch the pulls of images."""
        own = Path(part.command[0]).parent
        environment = {"PATH": f"{own}:{packages.SEARCH}", "HOME": str(self.cluster.state)}
        if self.cluster.containers:
            # The unpacked runtime: containerd finds its shim, and the shim runc, on the path.
            folders = {str(self.cluster.debian / "usr" / name) for name in ("bin", "sbin")}
            environment["PATH"] += ":" + ":".join(sorted(folders))
        return environment

    def _die_with_parent(self) -> None:
        # Without a pid namespace of our own nothing else would end the components with us.
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGCHLD})
        self.libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)

    def _tell(self) -> None:
        told = {}
        for part in self.parts:
            process = self.running.get(part.name)
            pid = process.pid if process else None
            told[part.name] = {"pid": pid, "starts": self.starts.get(part.name, 0)}
        unfinished = self.cluster.state / ".running.json"
        unfinished.write_text(json.dumps(told))
        unfinished.rename(self.cluster.state / "running.json")


def answers(place: int | Path | None) -> bool:
    """Whether something listens on a loopback port or a Unix socket (None: nothing to wait for)."""
    if place is None:
        return True
    family = socket.AF_UNIX if isinstance(place, Path) else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(str(place) if isinstance(place, Path) else ("127.0.0.1", place))
        except OSError:
            return False
    return True


def main() -> None:
    """Set up the namespaces, if there are any, and supervise."""
    cluster = settings.load(Path(sys.argv[1]))
    if cluster is None:
        sys.exit(f"no settings in {sys.argv[1]}")
    door = int(sys.argv[2]) if len(sys.argv) > 2 else None
    if cluster.containers:
        namespaces.set_up(cluster)
    Supervisor(cluster, components.all_of(cluster, door)).run()


if __name__ == "__main__":
    main()
