"""The images that every cluster's registry has: made once from our programs and Debian packages."""

import shutil
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

from tests.cluster import build, packages, paths, rootfs
from tests.cluster.locks import locked
from tests.cluster.progress import Say
from tests.cluster.settings import Settings
from tests.cluster.store import Layer, Name, Runs, Store

PAUSE = "registry.k8s.io/pause:3.9"
BUSYBOX = ("busybox:latest", "busybox:1.35")
NGINX = ("nginx:latest", "nginx:1.22", "nginx:1.22.1")


def ensure(programs: Path, say: Say) -> Path:
    """The folder of the image store, made if it is not there."""
    sources = [paths.PACKAGE / f"{module}.py" for module in ("images", "rootfs", "store")]
    key = paths.digest(programs.name, *sources)
    target = paths.cache() / "images" / key
    if target.exists():
        return target
    debian = packages.ensure_unpacked(say)
    with locked(paths.cache() / "images.lock", lambda: say("waiting for other images ...")):
        if target.exists():
            return target
        say("packing the container images")
        unfinished = target.with_name(f".{key}")
        shutil.rmtree(unfinished, ignore_errors=True)
        _pack_all(Store(unfinished), programs, debian)
        unfinished.rename(target)
    return target


def _pack_all(store: Store, programs: Path, debian: Path) -> None:
    shell = _layer(store, partial(rootfs.shell, debian=debian))
    nginx = _layer(store, partial(rootfs.nginx, debian=debian))
    _image(store, BUSYBOX, [shell], Runs(cmd=("sh",)))
    # SIGQUIT and port 80, as the official image says.
    official: dict[str, object] = {"StopSignal": "SIGQUIT", "ExposedPorts": {"80/tcp": {}}}
    _image(store, NGINX, [shell, nginx], Runs(cmd=("nginx", "-g", "daemon off;"), extra=official))
    coredns = f"registry.k8s.io/coredns/coredns:{build.version('github.com/coredns/coredns')}"
    provisioner = build.version("github.com/rancher/local-path-provisioner")
    for name, binary in (
        (PAUSE, "pause"),
        (coredns, "coredns"),
        (f"rancher/local-path-provisioner:{provisioner}", "local-path-provisioner"),
    ):
        layer = _layer(store, partial(rootfs.static, binary=programs / binary))
        _image(store, (name,), [layer], Runs(entrypoint=(f"/{binary}",)))


def push(cluster: Settings, name: str, folder: Path, runs: Runs, base: str | None) -> str:
    """Make one more image for one cluster: a folder's files, on top of `base`'s if one is named.

    Returns the digest. The registry has it at once; no tag in use by a running pod is replaced
    there, since the node keeps what it has pulled unless `imagePullPolicy` is Always.
    """
    ours = Store(cluster.state / "pushed")
    below = Store(cluster.images).layers(Name.parse(base)) if base else []
    return ours.add_image([Name.parse(name)], [*below, ours.add_layer(folder)], runs)


def _layer(store: Store, fill: Callable[[Path], None]) -> Layer:
    with tempfile.TemporaryDirectory(prefix="podiatrist-image-") as folder:
        root = Path(folder) / "root"
        root.mkdir()
        fill(root)
        return store.add_layer(root)


def _image(store: Store, names: tuple[str, ...], layers: list[Layer], runs: Runs) -> None:
    store.add_image([Name.parse(name) for name in names], layers, runs)
