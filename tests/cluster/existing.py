"""CLUSTER=current: the cluster of kubectl's current context, after asking. Never changed by `down`.

The context is copied to a kubeconfig of its own, so that a later `kubectl config use-context`
does not move the tests to a cluster that nobody agreed to.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.cluster import paths
from tests.cluster.cluster import Cluster
from tests.cluster.errors import ClusterError
from tests.cluster.progress import Say


def up(say: Say) -> Cluster:
    """The cluster, once a person has agreed to it."""
    if (agreed := current()) is not None:
        return agreed
    told = _kubectl("config", "view", "--minify", "--flatten", "--raw", "--output=json")
    config = json.loads(told)
    context, server = config["current-context"], config["clusters"][0]["cluster"]["server"]
    _ask(f"use the context {context} at {server}?")
    kubeconfig = _kubeconfig()
    kubeconfig.parent.mkdir(parents=True, exist_ok=True)
    kubeconfig.touch(mode=0o600)
    kubeconfig.write_text(told)
    say(f"using {context} at {server}; `down` will leave it as it is")
    return _described(kubeconfig)


def current() -> Cluster | None:
    """The cluster that was agreed to."""
    kubeconfig = _kubeconfig()
    return _described(kubeconfig) if kubeconfig.exists() else None


def down(say: Say) -> None:
    """Forget the agreement; the cluster itself is somebody's."""
    _kubeconfig().unlink(missing_ok=True)
    say("the cluster stays as it is; only the agreement to use it is forgotten")


def _ask(question: str) -> None:
    if os.environ.get("YES") == "1":
        return
    if not sys.stdin.isatty():
        raise ClusterError(f"nobody here to answer: {question}", "agree with YES=1 or --yes")
    print(f"{question} [y/N] ", end="", file=sys.stderr, flush=True)
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise ClusterError("not agreed", "choose another context with kubectl config use-context")


def _kubeconfig() -> Path:
    return paths.cache() / "clusters" / f"{paths.name()}-current.kubeconfig"


def _described(kubeconfig: Path) -> Cluster:
    context = json.loads(kubeconfig.read_text())["current-context"]
    return Cluster(context, kubeconfig, _path(), True, "", None)


def _kubectl(*arguments: str) -> str:
    done = subprocess.run([_path(), *arguments], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise ClusterError(
            f"kubectl has no current context: {done.stderr.strip()}",
            "set KUBECONFIG, or choose one with kubectl config use-context",
        )
    return done.stdout


def _path() -> Path:
    found = shutil.which("kubectl")
    if found is None:
        raise ClusterError("kubectl is not installed", "install it, or use CLUSTER=own")
    return Path(found)
