"""Stops and starts one component of our own cluster, so that tests can see what an outage does."""

import json
import time
from pathlib import Path

from tests.cluster import addons
from tests.cluster.errors import ClusterError
from tests.cluster.progress import silent
from tests.cluster.settings import Settings

SECONDS = 60.0


def pids(state: Path) -> dict[str, int | None]:
    """Every component and its pid inside; None while it does not run."""
    told = json.loads((state / "running.json").read_text())
    return {name: one["pid"] for name, one in told.items()}


def stopped(state: Path, component: str) -> bool:
    """Whether the component was stopped on purpose."""
    return (state / "stopped" / component).exists()


def stop(cluster: Settings, component: str) -> None:
    """Kill the component at once and keep it down; returns when it has ended."""
    _known(cluster, component)
    (cluster.state / "stopped" / component).touch()
    _wait(cluster, component, running=False)


def start(cluster: Settings, component: str) -> None:
    """Start it again; for the API server and etcd, returns when the API server is ready."""
    _known(cluster, component)
    (cluster.state / "stopped" / component).unlink(missing_ok=True)
    _wait(cluster, component, running=True)
    if component in ("etcd", "kube-apiserver") and not stopped(cluster.state, "kube-apiserver"):
        addons.wait_api(cluster, silent)


def _known(cluster: Settings, component: str) -> None:
    names = pids(cluster.state)
    if component not in names:
        raise ClusterError(f"no component {component}", f"one of: {', '.join(sorted(names))}")


def _wait(cluster: Settings, component: str, *, running: bool) -> None:
    deadline = time.monotonic() + SECONDS
    while (pids(cluster.state)[component] is not None) != running:
        if time.monotonic() > deadline:
            raise ClusterError(
                f"{component} did not {'start' if running else 'end'} within {SECONDS:.0f}s",
                f"read {cluster.logs / component}.log",
            )
        time.sleep(0.05)
