"""Installs CRD and RBAC into a cluster and makes a kubeconfig for each of our ServiceAccounts."""

import json
import subprocess
from pathlib import Path
from typing import Any

import yaml

from tests.cluster import Cluster

ROOT = Path(__file__).resolve().parents[2]
_TOKEN_LIFE = "24h"  # noqa: S105 - a duration


class InstallError(Exception):
    """Podiatrist could not be installed; `str()` holds kubectl's own words."""


def kubectl(cluster: Cluster, *arguments: str, stdin: str | None = None) -> str:
    """Run kubectl as the cluster's admin and return what it printed. Raises InstallError."""
    command = [str(cluster.kubectl), "--kubeconfig", str(cluster.kubeconfig), *arguments]
    done = subprocess.run(command, input=stdin, capture_output=True, text=True, check=False)
    if done.returncode:
        raise InstallError(f"kubectl {' '.join(arguments)}: {done.stderr.strip()}")
    return done.stdout


def install(cluster: Cluster) -> None:
    """Apply `deploy/` without its pods, and wait until the API server serves Diagnoses."""
    kubectl(cluster, "apply", "-f", "-", stdin=yaml.safe_dump_all(_without_pods()))
    kubectl(cluster, "wait", "--for=condition=Established", "--timeout=60s",
            "crd/diagnoses.podiatrist.dev")  # fmt: skip


def _without_pods() -> list[Any]:
    """Return what `deploy/` holds with nothing to run: the roles are processes here."""
    found = []
    for file in sorted((ROOT / "deploy").glob("*.yaml")):
        for manifest in yaml.safe_load_all(file.read_text()):
            if manifest["kind"] == "Deployment":
                manifest["spec"]["replicas"] = 0
            found.append(manifest)
    return found


def identity(cluster: Cluster, account: str, folder: Path) -> Path:
    """Write a kubeconfig for one of our ServiceAccounts and return its path."""
    token = kubectl(
        cluster, "-n", "podiatrist", "create", "token", account, f"--duration={_TOKEN_LIFE}"
    ).strip()
    view = json.loads(kubectl(cluster, "config", "view", "--raw", "--minify", "-o", "json"))
    where = view["clusters"][0]["cluster"]
    context = {"cluster": "c", "user": account, "namespace": "default"}
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "c", "cluster": where}],
        "users": [{"name": account, "user": {"token": token}}],
        "contexts": [{"name": account, "context": context}],
        "current-context": account,
    }
    path = folder / f"{account}.kubeconfig"
    path.touch(mode=0o600)
    path.write_text(json.dumps(config))
    return path
