"""A folder of container images, packed from folders of files; registry.py serves it."""

import gzip
import hashlib
import json
import os
import platform
import shutil
import tarfile
from dataclasses import dataclass, field
from pathlib import Path

from tests.cluster.errors import ClusterError

MANIFEST_TYPE = "application/vnd.docker.distribution.manifest.v2+json"
CONFIG_TYPE = "application/vnd.docker.container.image.v1+json"
LAYER_TYPE = "application/vnd.docker.image.rootfs.diff.tar.gzip"
ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
SEARCH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
DEFAULT_HOST = "docker.io"


@dataclass(frozen=True)
class Name:
    """An image's full name: `nginx` is host docker.io, repository library/nginx, tag latest."""

    host: str
    repository: str
    tag: str

    @classmethod
    def parse(cls, text: str) -> "Name":
        """Read a name as `docker pull` does."""
        first, _, rest = text.partition("/")
        if rest and ("." in first or ":" in first or first == "localhost"):
            host, path = first, rest
        else:
            host, path = DEFAULT_HOST, text
        repository, _, tag = path.partition(":")
        if host == DEFAULT_HOST and "/" not in repository:
            repository = f"library/{repository}"
        return cls(host, repository, tag or "latest")

    def __str__(self) -> str:
        return f"{self.host}/{self.repository}:{self.tag}"


@dataclass(frozen=True)
class Layer:
    """A packed layer: the digest of its bytes, their number, and the digest of the bare tar."""

    digest: str
    size: int
    diff_id: str


@dataclass(frozen=True)
class Runs:
    """What a container of the image runs, in the words of an image config."""

    cmd: tuple[str, ...] = ()
    entrypoint: tuple[str, ...] = ()
    env: tuple[str, ...] = ()
    user: str = ""
    workdir: str = "/"
    extra: dict[str, object] = field(default_factory=dict)


class Store:
    """Images on disk: `blobs/HEX`, and `tags/HOST/REPOSITORY/TAG` holding a manifest's digest."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def blob(self, digest: str) -> Path:
        """Where the blob of this digest lies, there or not."""
        return self.folder / "blobs" / digest.removeprefix("sha256:")

    def manifest(self, name: Name) -> str | None:
        """The digest of the manifest that the name's tag (or digest) stands for."""
        if name.tag.startswith("sha256:"):
            return name.tag if self.blob(name.tag).is_file() else None
        file = self._tag(name)
        return file.read_text() if file.is_file() else None

    def layers(self, name: Name) -> list[Layer]:
        """The layers of a stored image, to build another on top of."""
        digest = self.manifest(name)
        if digest is None:
            raise ClusterError(f"no image {name}", f"one of those under {self.folder / 'tags'}")
        manifest = json.loads(self.blob(digest).read_bytes())
        config = json.loads(self.blob(manifest["config"]["digest"]).read_bytes())
        return [
            Layer(layer["digest"], layer["size"], diff_id)
            for layer, diff_id in zip(manifest["layers"], config["rootfs"]["diff_ids"], strict=True)
        ]

    def add_layer(self, root: Path) -> Layer:
        """Pack a folder: owner 0 and times 0, so that equal folders make equal layers."""
        blobs = self.folder / "blobs"
        blobs.mkdir(parents=True, exist_ok=True)
        bare, packed = (blobs / f".{end}.{os.getpid()}" for end in ("tar", "gz"))
        try:
            with tarfile.open(bare, "w") as tar:
                for entry in sorted(root.rglob("*")):
                    tar.add(entry, str(entry.relative_to(root)), recursive=False, filter=_owned)
            # Level 1: the layers travel over loopback, and time counts more than size.
            with (
                bare.open("rb") as source,
                packed.open("wb") as target,
                gzip.GzipFile("", "wb", 1, target, mtime=0) as zipped,
            ):
                shutil.copyfileobj(source, zipped)
            layer = Layer(_digest(packed), packed.stat().st_size, _digest(bare))
            packed.rename(self.blob(layer.digest))
        finally:
            bare.unlink(missing_ok=True)
            packed.unlink(missing_ok=True)
        return layer

    def add_image(self, names: list[Name], layers: list[Layer], runs: Runs) -> str:
        """Write config, manifest and tags of one image; returns the manifest's digest."""
        config = {
            "architecture": ARCHITECTURES.get(platform.machine(), platform.machine()),
            "os": "linux",
            "config": {
                "Cmd": list(runs.cmd),
                "Entrypoint": list(runs.entrypoint),
                "Env": [f"PATH={SEARCH}", *runs.env],
                "User": runs.user,
                "WorkingDir": runs.workdir,
                **runs.extra,
            },
            "rootfs": {"type": "layers", "diff_ids": [layer.diff_id for layer in layers]},
            "history": [{"created_by": "tests/cluster"} for _ in layers],
        }
        config_digest, config_size = self._add_json(config)
        manifest = {
            "schemaVersion": 2,
            "mediaType": MANIFEST_TYPE,
            "config": {"mediaType": CONFIG_TYPE, "size": config_size, "digest": config_digest},
            "layers": [
                {"mediaType": LAYER_TYPE, "size": layer.size, "digest": layer.digest}
                for layer in layers
            ],
        }
        digest, _ = self._add_json(manifest)
        for name in names:
            self._tag_as(name, digest)
        return digest

    def add_manifest(self, name: Name, manifest: bytes) -> str:
        """Tag an image whose blobs are here already; returns the manifest's digest."""
        digest = f"sha256:{hashlib.sha256(manifest).hexdigest()}"
        self.blob(digest).write_bytes(manifest)
        self._tag_as(name, digest)
        return digest

    def _tag_as(self, name: Name, digest: str) -> None:
        file = self._tag(name)
        file.parent.mkdir(parents=True, exist_ok=True)
        unfinished = file.with_name(f".{file.name}")
        unfinished.write_text(digest)
        unfinished.rename(file)

    def _tag(self, name: Name) -> Path:
        return self.folder / "tags" / name.host / name.repository / name.tag

    def _add_json(self, value: object) -> tuple[str, int]:
        data = json.dumps(value, sort_keys=True).encode()
        digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
        self.blob(digest).write_bytes(data)
        return digest, len(data)


def _owned(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.uid = entry.gid = entry.mtime = 0
    entry.uname = entry.gname = ""
    return entry


def _digest(file: Path) -> str:
    with file.open("rb") as content:
        return f"sha256:{hashlib.file_digest(content, 'sha256').hexdigest()}"
