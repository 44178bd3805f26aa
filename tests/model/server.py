"""The running server: started detached, found by its port, ended by its pid file."""

import json
import os
import signal
import subprocess
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.cluster.errors import ClusterError
from tests.cluster.progress import Say, spell, ticking

PORT = 18080
WINDOW = 16_384
"""Tokens of one conversation."""

_START_SECONDS = 180.0
_STOP_SECONDS = 15.0


@dataclass(frozen=True)
class Server:
    """A server on a port of the loopback address, and the folder that holds its pid and log."""

    folder: Path
    port: int = PORT

    @property
    def url(self) -> str:
        """What OpenAI's client takes as base URL."""
        return f"http://127.0.0.1:{self.port}/v1"

    @property
    def pid_file(self) -> Path:
        """Where the pid of the process is that `start` started."""
        return self.folder / f"server-{self.port}.pid"

    @property
    def log(self) -> Path:
        """What the server says."""
        return self.folder / f"server-{self.port}.log"

    def model(self) -> str | None:
        """Return the name of the model that is served; None where nothing answers."""
        listed = self._get("/v1/models")
        try:
            return None if listed is None else str(listed["data"][0]["id"])
        except (KeyError, IndexError, TypeError):
            raise ClusterError(
                f"on port {self.port} something answers that serves no model",
                "choose another port with --port",
            ) from None

    def pid(self) -> int | None:
        """Return the process that was started here; None once it ended."""
        try:
            pid = int(self.pid_file.read_text())
            words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except (OSError, ValueError):
            return None
        # A number is given away again: look whose it is before it is trusted.
        ours = words[0].endswith(b"llama-server") and str(self.port).encode() in words
        return pid if ours else None

    def start(self, program: Path, weights: Path, say: Say) -> None:
        """Start the server and wait until it answers. Raises ClusterError."""
        command = [
            str(program), "-m", str(weights), "--alias", weights.name, "--host", "127.0.0.1",
            "--port", str(self.port), "-c", str(WINDOW), "-np", "1", "-t", "2", "--jinja",
            "--metrics",
        ]  # fmt: skip
        environment = os.environ | {"LD_LIBRARY_PATH": str(program.parent)}
        with self.log.open("wb") as log:
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment,
                start_new_session=True, cwd=self.folder,
            )  # fmt: skip
        self.pid_file.write_text(f"{process.pid}\n")
        deadline = time.monotonic() + _START_SECONDS
        with ticking(say, lambda s: f"the model's server starts ({spell(s)})"):
            while self._get("/health") is None:
                if process.poll() is not None:
                    self._ended(f"ended with code {process.returncode}")
                if time.monotonic() > deadline:
                    self.stop()
                    self._ended(f"did not answer within {_START_SECONDS:.0f} s")
                time.sleep(0.5)

    def stop(self) -> bool:
        """End the process that was started here; returns whether there was one."""
        pid = self.pid()
        if pid is None:
            self.pid_file.unlink(missing_ok=True)
            return False
        os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + _STOP_SECONDS
        while self.pid() is not None:
            if time.monotonic() > deadline:
                os.kill(pid, signal.SIGKILL)
            time.sleep(0.1)
        self.pid_file.unlink(missing_ok=True)
        return True

    def _ended(self, how: str) -> None:
        self.pid_file.unlink(missing_ok=True)
        tail = "\n".join(self.log.read_text(errors="replace").splitlines()[-5:])
        raise ClusterError(f"the model's server {how}:\n{tail}", f"read {self.log}")

    def _get(self, path: str) -> Any:
        """Return what the server answers; None where it does not (yet)."""
        url = f"http://127.0.0.1:{self.port}{path}"
        try:
            # No proxy: the address is this machine's own.
            opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
            with opener.open(url, timeout=5) as answer:
                return json.load(answer)
        except (OSError, ValueError):
            return None
