"""Who the user is to which cluster: their kubeconfig, context and namespace."""

import os
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from podiatrist.cluster.errors import ClusterError

_HELPERS = ("PATH", "HOME", "USER", "HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy",
            "SSL_CERT_FILE", "AWS_PROFILE", "AWS_REGION", "AWS_CONFIG_FILE",
            "CLOUDSDK_CONFIG", "GOOGLE_APPLICATION_CREDENTIALS", "AZURE_CONFIG_DIR")  # fmt: skip
"""What credential helpers of a person's own kubeconfig need; nothing else gets to kubectl."""

NAMESPACE = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
"""What a namespace may be called."""


@dataclass(frozen=True)
class Identity:
    """One context of a kubeconfig, and where commands look that name no namespace."""

    kubeconfig: Path
    context: str
    namespace: str
    server: str

    @property
    def told(self) -> str:
        """Return who and where, in a few words."""
        return f"context {self.context}, namespace {self.namespace}"


def identity(
    given: str, context: str | None, namespace: str | None, kubectl: Path, folder: Path
) -> Identity:
    """Return the user's identity.

    `given` is what KUBECONFIG holds; empty: ~/.kube/config. Several files are put together by
    kubectl itself, into `folder`, which nobody else may read. Raises ClusterError with what to do.
    """
    files = [part for part in given.split(os.pathsep) if part]
    path = Path(files[0]) if files else Path("~/.kube/config").expanduser()
    if len(files) > 1:
        path = _together(given, kubectl, folder)
    config = _read(path)
    name = context or str(config.get("current-context") or "")
    contexts = _named(config, "contexts", "context")
    if name not in contexts:
        known = ", ".join(sorted(contexts)) or "none"
        said = f"no context named {name!r}" if name else "no current context"
        raise ClusterError(f"{path}: {said}; there are: {known}. Name one with --context")
    chosen = contexts[name]
    clusters = _named(config, "clusters", "cluster")
    server = str(clusters.get(str(chosen.get("cluster")), {}).get("server") or "")
    if not server:
        raise ClusterError(
            f"{path}: context {name!r} names no cluster with a server; name another with --context"
        )
    where = namespace or str(chosen.get("namespace") or "default")
    if not NAMESPACE.fullmatch(where):
        raise ClusterError(f"{where!r} cannot be a namespace's name; name one with -n")
    return Identity(path.absolute(), name, where, server)


def helpers(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the part of the environment that credential helpers get."""
    return {name: environment[name] for name in _HELPERS if name in environment}


def _together(given: str, kubectl: Path, folder: Path) -> Path:
    done = subprocess.run(  # noqa: S603 - the user's own kubectl with fixed arguments
        [str(kubectl), "config", "view", "--raw", "--flatten"],
        env={**helpers(os.environ), "KUBECONFIG": given},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        timeout=30,
    )
    if done.returncode:
        raise ClusterError(f"kubectl cannot read KUBECONFIG={given}: check the files it names")
    path = folder / "kubeconfig"
    path.touch(mode=0o600)
    path.write_bytes(done.stdout)
    return path


def _read(path: Path) -> dict[str, Any]:
    try:
        config = yaml.safe_load(path.read_text("utf-8"))
    except FileNotFoundError:
        raise ClusterError(
            f"there is no kubeconfig {path}: set KUBECONFIG, or name one with --kubeconfig"
        ) from None
    except (OSError, ValueError, yaml.YAMLError):
        raise ClusterError(f"{path} cannot be read as a kubeconfig") from None
    if not isinstance(config, dict):
        raise ClusterError(f"{path} is no kubeconfig")
    return config


def _named(config: dict[str, Any], field: str, content: str) -> dict[str, dict[str, Any]]:
    found = config.get(field)
    items = [i for i in found if isinstance(i, dict)] if isinstance(found, list) else []
    held = {str(item.get("name")): item.get(content) for item in items}
    return {name: value if isinstance(value, dict) else {} for name, value in held.items()}
