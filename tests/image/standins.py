"""What the Dockerfile starts from: Debian with its Python, and kubectl at the official place."""

import shutil
import subprocess
from pathlib import Path

from tests.cluster import paths
from tests.cluster.locks import locked
from tests.cluster.progress import Say
from tests.image.buildah import Buildah

PYTHON = "localhost/standin/python:1"
KUBECTL = "localhost/standin/kubectl:1"

_SUITE = "bookworm"
_PACKAGES = "python3,python3-venv,python3-pip,ca-certificates"


def ensure(buildah: Buildah, programs: Path, say: Say) -> None:
    """Have both images in the builder's store."""
    if not buildah.has(PYTHON):
        _import(buildah, _debian(say), "/", PYTHON)
    if not buildah.has(KUBECTL):
        _import(buildah, programs / "kubectl", "/bin/kubectl", KUBECTL)


def _debian(say: Say) -> Path:
    """Return a tar of a small Debian with Python, made once per cache."""
    target = paths.cache() / "images" / f"debian-{paths.digest(_SUITE, _PACKAGES)}.tar"
    if target.exists():
        return target
    with locked(paths.cache() / "debian-image.lock", lambda: say("waiting for another image ...")):
        if target.exists():
            return target
        say("making a small Debian to build on (a minute, once)")
        target.parent.mkdir(parents=True, exist_ok=True)
        unfinished = target.with_name(f".{target.name}")
        subprocess.run(
            ["mmdebstrap", "--quiet", "--variant=apt", f"--include={_PACKAGES}", "--format=tar",
             _SUITE, str(unfinished)],
            check=True,
        )  # fmt: skip
        unfinished.rename(target)
    return target


def _import(buildah: Buildah, source: Path, place: str, name: str) -> None:
    container = buildah.run("from", "scratch").strip()
    try:
        if place == "/":
            buildah.run("add", "--quiet", container, str(source), place)
        else:
            # `add` would take a program for what it is only by its name
            mounted = Path(buildah.run("mount", container).strip())
            (mounted / place.lstrip("/")).parent.mkdir(parents=True)
            shutil.copy(source, mounted / place.lstrip("/"))
            buildah.run("umount", container)
        buildah.run("commit", "--quiet", "--disable-compression", container, name)
    finally:
        buildah.run("rm", container)
