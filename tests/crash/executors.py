"""Executors as processes that start in a tenth of a second, since a crash test starts hundreds.

What `podiatrist executor` imports is imported once, by a server process that forks for each
start. From there on it is the same: the command itself, a process of its own, a real SIGKILL.
"""

import asyncio
import multiprocessing
import os
from pathlib import Path

from podiatrist.cli.main import main

_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(["__main__", __name__, "podiatrist.cli.executor"])

_RESTART = 0.3
"""Seconds until a killed executor is started again; a Deployment takes longer."""


def _run(settings: dict[str, str], kubeconfig: Path, log: Path) -> None:
    os.setsid()  # Ctrl-C is for whoever supervises
    written = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(written, 1)
    os.dup2(written, 2)
    own = {k: v for k, v in os.environ.items() if not k.startswith("PODIATRIST_")}
    os.environ.clear()
    os.environ.update({**own, **settings, "KUBECONFIG": str(kubeconfig)})
    main(["executor"])


class Executor:
    """One executor that is started again when it dies, as a Deployment would."""

    def __init__(self, kubeconfig: Path, log: Path, settings: dict[str, str]) -> None:
        self._start_with = (settings, kubeconfig, log)
        self._process = self._spawn()
        self._supervisor = asyncio.create_task(self._supervise())

    def _spawn(self) -> multiprocessing.context.ForkServerProcess:
        process = _FORKS.Process(target=_run, args=self._start_with, daemon=True)
        process.start()
        return process

    async def _supervise(self) -> None:
        while True:
            await asyncio.sleep(_RESTART)
            if not self._process.is_alive():
                self._process = self._spawn()

    def kill(self) -> None:
        """SIGKILL, as a node's end would; it is started again."""
        self._process.kill()
        self._process.join()

    async def stop(self) -> None:
        """End it and leave it ended."""
        self._supervisor.cancel()
        self._process.terminate()
        await asyncio.to_thread(self._process.join, 10)
        self.kill()
