"""Where the test cluster keeps things: a cache shared by all checkouts, a state folder for each."""

import hashlib
import os
from pathlib import Path

from tests.cluster.errors import ClusterError

CHECKOUT = Path(__file__).resolve().parents[2]
PACKAGE = Path(__file__).resolve().parent


def cache() -> Path:
    """The cache of built programs and images: `$PODIATRIST_CACHE`, or under `$XDG_CACHE_HOME`."""
    base = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser()
    folder = Path(os.environ.get("PODIATRIST_CACHE") or base / "podiatrist").absolute()
    # The first process binds folders of its own over /var and /run: what lies there is hidden.
    if any(folder.is_relative_to(hidden) for hidden in ("/var", "/run")):
        raise ClusterError(
            f"the cache may not lie in {folder}: the cluster hides /var and /run from itself",
            "set PODIATRIST_CACHE to a folder elsewhere, for example /opt/podiatrist",
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ClusterError(
            f"cannot make the cache folder {folder}: {error.strerror}",
            "set PODIATRIST_CACHE to a folder you may write to",
        ) from error
    return folder


def name() -> str:
    """The cluster's name, made from the checkout's path: two checkouts are two clusters.

    A checkout may have more of them: `$CLUSTER_COPY` is what their names end with.
    """
    # The user counts too: root's cluster and another user's from one checkout are different ones.
    key = f"{CHECKOUT}\0{os.geteuid()}"
    copy = os.environ.get("CLUSTER_COPY", "")
    return "podiatrist-" + hashlib.sha256(key.encode()).hexdigest()[:8] + (copy and f"-{copy}")


def copies() -> list[str]:
    """The names of further clusters of this checkout that were started and not taken down."""
    return sorted(p.name for p in (cache() / "clusters").glob(f"{name()}-*") if p.is_dir())


def state(cluster: str = "") -> Path:
    """The state folder of a cluster (`name()`); it exists only while the cluster is up."""
    return cache() / "clusters" / (cluster or name())


def digest(*parts: Path | str) -> str:
    """A short key over texts and the contents of files and folders, for names in the cache."""
    total = hashlib.sha256()
    for part in parts:
        if isinstance(part, str):
            total.update(part.encode() + b"\0")
            continue
        files = sorted(part.rglob("*")) if part.is_dir() else [part]
        for file in files:
            if file.is_file() and "__pycache__" not in file.parts:
                total.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
    return total.hexdigest()[:16]
