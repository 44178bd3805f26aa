"""Runs operator and executor from the source, each with its own identity, and restarts them."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import TracebackType

from tests.cluster import Cluster
from tests.harness.install import identity


class Role:
    """One role as a supervised process: started again when it dies, as a Deployment would."""

    def __init__(
        self, name: str, kubeconfig: Path, log: Path, settings: dict[str, str] | None = None
    ) -> None:
        self.name = name
        self.log = log
        self._kubeconfig = kubeconfig
        self._settings = settings or {}
        self._process: subprocess.Popen[bytes] | None = None
        self._ended = False
        self._lock = threading.Lock()
        self.starts = 0

    def start(self) -> None:
        """Start the role and keep it running."""
        self._ended = False
        self._spawn()
        threading.Thread(target=self._supervise, daemon=True).start()

    def _spawn(self) -> None:
        own = {k: v for k, v in os.environ.items() if not k.startswith("PODIATRIST_")}
        environment = {**own, **self._settings, "KUBECONFIG": str(self._kubeconfig)}
        with self._lock, self.log.open("ab") as log:
            self.starts += 1
            self._process = subprocess.Popen(
                [sys.executable, "-m", "podiatrist", self.name],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C is for whoever supervises
            )

    def _supervise(self) -> None:
        while not self._ended:
            process = self._process
            if process is not None:
                process.wait()
            time.sleep(1)
            with self._lock:
                died = process is self._process
            if died and not self._ended:
                self._spawn()

    def kill(self) -> None:
        """SIGKILL, as a node's end would; the supervisor starts it again."""
        with self._lock:
            if self._process is not None and self._process.poll() is None:
                self._process.send_signal(signal.SIGKILL)
                self._process.wait()

    def stop(self) -> None:
        """End the role and leave it ended."""
        self._ended = True
        with self._lock:
            process = self._process
        if process is None or process.poll() is not None:
            return
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


class Podiatrist:
    """Operator and executor together; a context manager."""

    def __init__(
        self, cluster: Cluster, folder: Path, settings: dict[str, str] | None = None
    ) -> None:
        self.operator = self._role("operator", cluster, folder, settings)
        self.executor = self._role("executor", cluster, folder, settings)

    @staticmethod
    def _role(name: str, cluster: Cluster, folder: Path, settings: dict[str, str] | None) -> Role:
        return Role(name, identity(cluster, name, folder), folder / f"{name}.log", settings)

    def __enter__(self) -> "Podiatrist":
        """Start both."""
        self.operator.start()
        self.executor.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop both."""
        self.operator.stop()
        self.executor.stop()
