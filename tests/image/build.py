"""Builds the image once for each state of the sources, and puts it into a cluster's registry."""

import json
import shutil
import ssl
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tests.cluster import build as programs
from tests.cluster import paths, processes
from tests.cluster.locks import locked
from tests.cluster.node import CONTAINERD_SOCKET
from tests.cluster.progress import Say
from tests.cluster.settings import Settings
from tests.cluster.store import Name, Store
from tests.image import standins
from tests.image.buildah import Buildah

ROOT = paths.CHECKOUT
_SOURCES = ("Dockerfile", ".dockerignore", "requirements.lock", "requirements-image.lock",
            "pyproject.toml", "README.md", "LICENSE", "operator", "deploy")  # fmt: skip
_LOCAL = "localhost/podiatrist:test"
_MOST_LAYERS = 30
"""Images and unfinished ones in the builder's store, about 0.3 GB each; then it begins anew."""


@dataclass(frozen=True)
class Image:
    """A built image: a folder of manifest.json and blobs, as `skopeo copy dir:` has them."""

    folder: Path

    @property
    def manifest(self) -> dict[str, object]:
        """The manifest."""
        return json.loads((self.folder / "manifest.json").read_text())  # type: ignore[no-any-return]

    def layers(self) -> list[int]:
        """Return the size of each layer as it travels, in bytes."""
        layers = self.manifest["layers"]
        assert isinstance(layers, list)
        return [layer["size"] for layer in layers]

    def config(self) -> dict[str, object]:
        """Return the image's configuration."""
        config = self.manifest["config"]
        assert isinstance(config, dict)
        blob = self.folder / str(config["digest"]).removeprefix("sha256:")
        return json.loads(blob.read_text())  # type: ignore[no-any-return]


def built(say: Say) -> Image:
    """Return the image of the sources as they are, built if it is not there yet."""
    binaries = programs.ensure(say, node=True)
    key = paths.digest(binaries.name, *(ROOT / source for source in _SOURCES))
    target = paths.cache() / "images" / f"podiatrist-{key}"
    if target.exists():
        return Image(target)
    with locked(paths.cache() / "image.lock", lambda: say("waiting for another image ...")):
        if target.exists():
            return Image(target)
        buildah = Buildah(say)
        standins.ensure(buildah, binaries, say)
        say("building the image (a minute)")
        for old in target.parent.glob("podiatrist-*"):
            shutil.rmtree(old)
        if len(buildah.run("images", "--all", "--quiet").splitlines()) > _MOST_LAYERS:
            buildah.run("rmi", "--prune", "--force")
        _build(buildah)
        unfinished = target.with_name(f".{target.name}")
        shutil.rmtree(unfinished, ignore_errors=True)
        buildah.run("push", "--quiet", "--format", "v2s2", _LOCAL, f"dir:{unfinished}")
        unfinished.rename(target)
    return Image(target)


def _build(buildah: Buildah) -> None:
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder, "pip.conf")
        config.write_text(_pip())
        authorities = Path(ssl.get_default_verify_paths().cafile or "/etc/ssl/cert.pem")
        buildah.run(
            "build", "--quiet", "--isolation", "chroot", "--network", "host", "--pull-never",
            "--layers", "--timestamp", "0",
            "--build-arg", f"PYTHON={standins.PYTHON}",
            "--build-arg", f"KUBECTL={standins.KUBECTL}",
            # where this machine gets its packages from is no part of the image
            "--volume", f"{config}:/etc/pip.conf:ro",
            "--volume", f"{authorities.resolve()}:/etc/ssl/certs/ca-certificates.crt:ro",
            "--tag", _LOCAL, str(ROOT),
        )  # fmt: skip


def _pip() -> str:
    """Return this machine's settings of pip that say where packages come from."""
    told = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=True
    ).stdout
    lines = ["[global]", "cert = /etc/ssl/certs/ca-certificates.crt"]
    for line in told.splitlines():
        name, _, value = line.partition("=")
        option = name.rpartition(".")[2]
        if option in ("index-url", "extra-index-url", "trusted-host"):
            lines.append(f"{option} = {value.strip(chr(39))}")
    return "\n".join(lines) + "\n"


def put(image: Image, cluster: Settings, name: str) -> str:
    """Put the image into the registry of a cluster; returns its digest.

    The node forgets what it had under that name: it would not ask again for a tag that it knows.
    """
    store = Store(cluster.state / "pushed")
    (store.folder / "blobs").mkdir(parents=True, exist_ok=True)
    for blob in image.folder.iterdir():
        if len(blob.name) == 64 and not store.blob(f"sha256:{blob.name}").exists():
            shutil.copy(blob, store.blob(f"sha256:{blob.name}"))
    _forget(cluster, name)
    return store.add_manifest(Name.parse(name), (image.folder / "manifest.json").read_bytes())


def _forget(cluster: Settings, name: str) -> None:
    inside = processes.first(cluster.state)
    assert inside is not None, "the cluster is not running"
    ctr = next(cluster.debian.glob("**/bin/ctr"))
    command = [*processes.enter(inside), str(ctr), "--address", str(CONTAINERD_SOCKET),
               "--namespace", "k8s.io", "images", "rm", name]  # fmt: skip
    subprocess.run(command, capture_output=True, check=False)  # it may never have had it
