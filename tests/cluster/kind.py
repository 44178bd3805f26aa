"""CLUSTER=kind: a cluster in Docker or Podman, made by the `kind` program if it is installed."""

import shutil
import subprocess
from pathlib import Path

from tests.cluster import paths
from tests.cluster.cluster import Cluster
from tests.cluster.errors import ClusterError
from tests.cluster.progress import Say


def up(say: Say) -> Cluster:
    """Make the cluster of this checkout, if it is not there."""
    if (there := current()) is not None:
        return there
    kubeconfig = _kubeconfig()
    kubeconfig.parent.mkdir(parents=True, exist_ok=True)
    say(f"kind makes the cluster {paths.name()}")
    _kind("create", "cluster", "--name", paths.name(), "--kubeconfig", str(kubeconfig), "--wait=3m")
    return Cluster(paths.name(), kubeconfig, _path("kubectl"), True, "", None)


def current() -> Cluster | None:
    """The cluster of this checkout, if kind has it."""
    if not _kubeconfig().exists() or paths.name() not in _kind("get", "clusters").split():
        return None
    return Cluster(paths.name(), _kubeconfig(), _path("kubectl"), True, "", None)


def down(say: Say) -> None:
    """Delete the cluster of this checkout, and only that."""
    _kind("delete", "cluster", "--name", paths.name(), "--kubeconfig", str(_kubeconfig()))
    _kubeconfig().unlink(missing_ok=True)
    say(f"nothing of {paths.name()} is left")


def _kubeconfig() -> Path:
    return paths.cache() / "clusters" / f"{paths.name()}-kind.kubeconfig"


def _kind(*arguments: str) -> str:
    command = [str(_path("kind")), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise ClusterError(
            f"kind {' '.join(arguments[:2])} failed:\n{done.stderr.strip()}",
            "see that Docker or Podman is running, or use CLUSTER=own",
        )
    return done.stdout


def _path(program: str) -> Path:
    found = shutil.which(program)
    if found is None:
        raise ClusterError(
            f"{program} is not installed", "install it and Docker or Podman, or use CLUSTER=own"
        )
    return Path(found)
