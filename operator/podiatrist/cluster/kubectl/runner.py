"""Runs kubectl: no shell, an environment of its own, bounded time and output."""

import asyncio
import copy
import os
import shutil
import signal
import tempfile
import weakref
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from podiatrist.cluster.errors import ClusterError
from podiatrist.cluster.kubectl.command import Command
from podiatrist.cluster.kubectl.grammar import parse
from podiatrist.cluster.kubectl.output import Output, presented

_MOST_BYTES = 2 * 1024 * 1024
"""Bytes that are read of what a command says; then it is ended."""

_CHUNK = 64 * 1024
_GOODBYE = 2.0
"""Seconds that a killed process may take to be gone."""


class _Home:
    """A folder of our own for kubectl's HOME, an empty PATH and the discovery cache."""

    def __init__(self) -> None:
        self.path = Path(tempfile.mkdtemp(prefix="podiatrist-kubectl-"))
        self.bin = self.path / "bin"
        self.bin.mkdir()
        weakref.finalize(self, shutil.rmtree, self.path, ignore_errors=True)


@dataclass
class _Said:
    """What a process has said so far."""

    out: bytes = b""
    err: bytes = b""
    cut: bool = False
    late: bool = False
    code: int | None = None


class Kubectl:
    """kubectl with one identity, for reading only.

    `kubeconfig` is the identity, `context` which one of it; `seconds` bounds one command, `most`
    the characters of its output. `namespace` is where commands look that name none.
    `environment` is added to the otherwise empty one: the credential helpers of a person's own
    kubeconfig need PATH and HOME. Plugins are not run either way: every verb is kubectl's own.
    """

    def __init__(
        self,
        binary: Path,
        kubeconfig: Path,
        *,
        seconds: float = 20.0,
        most: int = 6000,
        namespace: str | None = None,
        context: str | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.binary = binary.absolute()
        self.kubeconfig = kubeconfig.absolute()
        self.seconds = seconds
        self.most = most
        self.namespace = namespace
        self.confined = False
        self.namespaced_only = False
        self.context = context
        self.environment = dict(environment or {})
        self._home = _Home()

    def within(
        self, namespace: str | None, *, confined: bool = False, namespaced_only: bool = False
    ) -> "Kubectl":
        """Return the same kubectl, looking into this namespace where a command names none.

        `confined`: and into no other one. What belongs to no namespace can be read all the same,
        unless `namespaced_only`.
        """
        other = copy.copy(self)
        other.namespace = namespace
        other.confined = confined
        other.namespaced_only = namespaced_only
        return other

    async def run(self, line: str) -> Output:
        """Run one line and return what it said.

        Raises RefusedCommandError for what may not be run, ClusterError where kubectl does not
        start.
        """
        command = parse(
            line,
            self.namespace,
            confined=self.confined,
            namespaced_only=self.namespaced_only,
        )
        said = await self._run(command)
        if said.late:
            text = f"no answer within {self.seconds:g} seconds: ask for less at once"
            return Output(command.line, text, ok=False)
        # In a thread: of an object of a megabyte that takes a second, and others do not wait.
        return await asyncio.to_thread(
            presented, command, said.out, said.err, said.code == 0, said.cut, self.most
        )

    def argv(self, command: Command) -> list[str]:
        """Return all that is executed for a command."""
        head = [
            str(self.binary),
            f"--kubeconfig={self.kubeconfig}",
            f"--cache-dir={self._home.path / 'cache'}",
            f"--request-timeout={max(1, int(self.seconds * 3 / 4))}s",
        ]
        if self.context:
            head.append(f"--context={self.context}")
        return [*head, *command.arguments]

    def _environment(self) -> dict[str, str]:
        return {
            "HOME": str(self._home.path),
            "PATH": str(self._home.bin),
            **self.environment,
            "KUBECONFIG": str(self.kubeconfig),
            "KUBECTL_KUBERC": "false",  # aliases and default flags of whoever started us
            "GOMEMLIMIT": "256MiB",
        }

    async def _run(self, command: Command) -> _Said:
        try:
            process = await asyncio.create_subprocess_exec(
                *self.argv(command),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                cwd=self._home.path,
                env=self._environment(),
                start_new_session=True,
            )
        except OSError as error:
            raise ClusterError(f"{self.binary} does not start: {error.strerror}") from None
        said = _Said()
        try:
            async with asyncio.timeout(self.seconds):
                async with asyncio.TaskGroup() as both:
                    both.create_task(_read(process, said, error=False))
                    both.create_task(_read(process, said, error=True))
                said.code = await process.wait()
        except TimeoutError:
            said.late = True
        finally:
            if process.returncode is None or said.late:
                _end(process)
                with suppress(TimeoutError):  # a helper that left the group may keep a pipe open
                    await asyncio.wait_for(process.communicate(), _GOODBYE)
        return said


async def _read(process: asyncio.subprocess.Process, said: _Said, *, error: bool) -> None:
    """Collect one stream up to a bound; past it the process is ended."""
    stream = process.stderr if error else process.stdout
    assert stream is not None
    while chunk := await stream.read(_CHUNK):
        if error:
            said.err = (said.err + chunk)[-_CHUNK:]
        elif len(said.out) < _MOST_BYTES:
            said.out += chunk
        else:
            said.cut = True
            _end(process)


def _end(process: asyncio.subprocess.Process) -> None:
    """Kill a process and all it started, such as credential helpers."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
