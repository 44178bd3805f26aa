"""One cluster and one pair of real processes for all stories; a namespace for each.

The controlling pytest process starts what is missing before any worker does; workers only talk
to the cluster. `--collect-only` starts nothing.
"""

import os
import re
import secrets
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cluster import Cluster, current, ensure_up
from tests.e2e.kube import Kube
from tests.harness.install import install
from tests.harness.processes import Podiatrist

SETTINGS = {
    "PODIATRIST_GRACE_UNSCHEDULABLE": "5",
    "PODIATRIST_GRACE_IMAGE": "4",
    "PODIATRIST_RECHECK": "2",
    "PODIATRIST_HEAL": "4",
    "PODIATRIST_SOAK": "4",
    "PODIATRIST_VERIFY": "60",
    "PODIATRIST_GIVE_UP": "15",
    "PODIATRIST_LOG_LEVEL": "DEBUG",
}
"""Everything the stories wait for, in seconds, is shortened; nothing is left out."""

_LOGS = "PODIATRIST_TEST_LOGS"
_running: list[Podiatrist] = []


def _is_worker(config: pytest.Config) -> bool:
    return hasattr(config, "workerinput")


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    if _is_worker(session.config) or session.config.option.collectonly:
        return
    cluster = ensure_up()
    install(cluster)
    folder = Path(tempfile.mkdtemp(prefix="podiatrist-e2e-"))
    os.environ[_LOGS] = str(folder)
    podiatrist = Podiatrist(cluster, folder, SETTINGS)
    podiatrist.__enter__()
    _running.append(podiatrist)


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    while _running:
        _running.pop().__exit__(None, None, None)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, exitstatus: int) -> None:
    if exitstatus and (folder := os.environ.get(_LOGS)):
        terminalreporter.write_line(f"logs of operator and executor: {folder}")


def pytest_runtest_setup(item: pytest.Item) -> None:
    cluster = current()
    if item.get_closest_marker("containers") and cluster is not None and not cluster.containers:
        pytest.skip(f"needs real containers: {cluster.why_no_containers}")


@pytest.fixture(scope="session")
def cluster() -> Cluster:
    found = current()
    assert found is not None, "the cluster went away under the tests"
    return found


@pytest.fixture
def kube(cluster: Cluster, request: pytest.FixtureRequest) -> Iterator[Kube]:
    """kubectl in a namespace that lives as long as the test."""
    words = re.sub(r"[^a-z0-9]+", "-", request.node.name.removeprefix("test_").lower())
    kube = Kube(cluster, f"t-{words[:40].strip('-')}-{secrets.token_hex(2)}")
    kube.admin("create", "namespace", kube.namespace)
    yield kube
    kube.admin("delete", "namespace", kube.namespace, "--wait=false")


@pytest.fixture
def podiatrist(request: pytest.FixtureRequest) -> Podiatrist:
    """The running processes, for stories that kill them: marked serial, never in a worker."""
    assert not _is_worker(request.config), "mark the test serial"
    return _running[0]
