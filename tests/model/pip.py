"""Downloads packages with this Python's own pip, wherever that is set up to get them from."""

import subprocess
import sys
import tempfile
from pathlib import Path

from tests.cluster.errors import ClusterError

_TRIES = 3


def download(requirement: str, folder: Path, sha256: str = "") -> Path:
    """Download one package's file into a folder; returns its path. Raises ClusterError.

    With `sha256` nothing of the package is looked at, let alone run, unless its hash is that.
    """
    hashed = f" --hash=sha256:{sha256}" if sha256 else ""
    for left in reversed(range(_TRIES)):
        with tempfile.TemporaryDirectory(dir=folder) as new:
            wanted = Path(new, "requirements.txt")
            wanted.write_text(f"{requirement}{hashed}\n")
            command = [
                sys.executable, "-m", "pip", "download", "--disable-pip-version-check", "--quiet",
                "--no-deps", "--no-cache-dir", "--dest", new, "--requirement", str(wanted),
            ]  # fmt: skip
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            files = [file for file in Path(new).iterdir() if file != wanted]
            if done.returncode == 0 and len(files) == 1:
                return files[0].rename(folder / files[0].name)
        if not left:
            last = (done.stderr.strip().splitlines() or ["it printed nothing"])[-1]
            raise ClusterError(
                f"pip cannot download {requirement}: {last}",
                "see that pip reaches its index, then run the same command again: it goes on "
                "with what is missing",
            )
    raise AssertionError("the last try returns or raises")
