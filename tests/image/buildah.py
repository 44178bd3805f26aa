"""The builder: buildah without a daemon, with a store of its own in the cache."""

import os
import subprocess

from tests.cluster import packages, paths
from tests.cluster.errors import ClusterError
from tests.cluster.node import on_overlayfs
from tests.cluster.progress import Say

COMMANDS = {"buildah": "buildah", "mmdebstrap": "mmdebstrap"}


class Buildah:
    """Runs buildah as root. Raises ClusterError with its own words where it fails."""

    def __init__(self, say: Say) -> None:
        if os.geteuid() != 0:
            raise ClusterError("building the image needs root", "run it as root")
        packages.ensure_commands(COMMANDS, say)
        folder = paths.cache() / "buildah"
        driver = "vfs" if on_overlayfs(paths.cache()) else "overlay"
        self._command = ["buildah", "--root", str(folder / "root"), "--runroot",
                         str(folder / "run"), "--storage-driver", driver]  # fmt: skip

    def run(self, *arguments: str) -> str:
        """Run it; returns what it printed."""
        done = subprocess.run(
            [*self._command, *arguments], capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise ClusterError(
                f"buildah {arguments[0]} failed:\n{(done.stdout + done.stderr)[-4000:]}",
                "see what it says; its store is under the cache folder",
            )
        return done.stdout

    def has(self, image: str) -> bool:
        """Whether an image is in the store."""
        command = [*self._command, "inspect", "--type", "image", image]
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
