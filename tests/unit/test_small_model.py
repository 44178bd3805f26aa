"""The small model's files and server: nothing half-done is taken for whole."""

import hashlib
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cluster.errors import ClusterError
from tests.cluster.progress import silent
from tests.model import weights
from tests.model.build import ensure_server
from tests.model.server import Server


def parts(folder: Path) -> None:
    (folder / "parts").mkdir()
    for number in range(1, weights.PARTS + 1):
        (folder / "parts" / f"part{number:02}.bin").write_bytes(bytes([number]) * 1000)


def test_parts_that_make_another_file_are_thrown_away(tmp_path: Path) -> None:
    parts(tmp_path)
    content = b"".join(bytes([n]) * 1000 for n in range(1, weights.PARTS + 1))
    with pytest.raises(ClusterError, match=hashlib.sha256(content).hexdigest()):
        weights.ensure_weights(tmp_path, silent)
    assert list(tmp_path.iterdir()) == []


def test_what_is_there_is_not_downloaded_again(tmp_path: Path) -> None:
    with (tmp_path / weights.NAME).open("wb") as file:
        file.truncate(weights.SIZE)
    program = tmp_path / "bin" / "llama-server"
    program.parent.mkdir()
    program.touch()
    assert weights.ensure_weights(tmp_path, silent) == tmp_path / weights.NAME
    assert ensure_server(tmp_path, silent) == program


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def test_a_server_that_is_not_there_serves_no_model(tmp_path: Path) -> None:
    server = Server(tmp_path, free_port())
    assert server.model() is None
    assert not server.stop()


def test_a_pid_that_was_given_to_another_process_is_left_alone(tmp_path: Path) -> None:
    server = Server(tmp_path, 18099)
    command = [sys.executable, "-c", "input()", "llama-server", "18099"]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as other:
        server.pid_file.write_text(str(other.pid))
        assert not server.stop()
        assert other.poll() is None
        assert other.stdin is not None
        other.stdin.write(b"\n")
    assert not server.pid_file.exists()


def test_a_server_that_ends_at_once_says_why(tmp_path: Path) -> None:
    program = tmp_path / "llama-server"
    program.write_text("#!/bin/sh\necho 'cannot read the model' >&2\nexit 3\n")
    program.chmod(0o755)
    server = Server(tmp_path, free_port())
    with pytest.raises(ClusterError, match="ended with code 3:\ncannot read the model"):
        server.start(program, tmp_path / "model", silent)
