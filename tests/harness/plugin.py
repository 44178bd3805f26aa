"""pytest plugin: one cluster and one pair of real processes for all tests, a namespace for each.

The controlling pytest process starts what is missing before any worker does; workers only talk
to the cluster. With $CLUSTER_PER_WORKER each worker starts a cluster and processes of its own
instead, and ends them. `--collect-only` starts nothing.
"""

import fcntl
import os
import re
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.cluster import Cluster, current, down, ensure_up
from tests.e2e.kube import Kube
from tests.harness.install import install
from tests.harness.only import only_one
from tests.harness.processes import Podiatrist
from tests.harness.settings import SHORTENED

_LOGS = "PODIATRIST_TEST_LOGS"
_APART = "CLUSTER_PER_WORKER"
_session = ExitStack()
_running: list[Podiatrist] = []


def _is_worker(config: pytest.Config) -> bool:
    return hasattr(config, "workerinput")


def _has_its_own(config: pytest.Config) -> bool:
    """Whether this process starts a cluster and Podiatrist, and does not use another's."""
    workers = _is_worker(config) or getattr(config.option, "numprocesses", None)
    apart = bool(os.environ.get(_APART)) and bool(workers)
    return _is_worker(config) == apart


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    if session.config.option.collectonly:
        return
    if not _is_worker(session.config):
        os.environ[_LOGS] = tempfile.mkdtemp(prefix="podiatrist-e2e-")
    if not _has_its_own(session.config):
        return
    if _is_worker(session.config):
        worker = session.config.workerinput["workerid"]  # type: ignore[attr-defined]
        os.environ["CLUSTER_COPY"] = worker
        os.environ[_LOGS] = str(Path(os.environ[_LOGS], worker))
    folder = Path(os.environ[_LOGS])
    folder.mkdir(exist_ok=True)
    _session.enter_context(only_one())
    if _is_worker(session.config) and current() is None:
        _session.callback(down)
    cluster = ensure_up()
    install(cluster)
    _running.append(_session.enter_context(Podiatrist(cluster, folder, SHORTENED)))


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    _running.clear()
    _session.close()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, exitstatus: int) -> None:
    if exitstatus and (folder := os.environ.get(_LOGS)):
        terminalreporter.write_line(f"logs of operator and executor: {folder}")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Serial tests come last: until then all workers are busy."""
    items.sort(key=lambda item: item.get_closest_marker("serial") is not None)


def pytest_runtest_setup(item: pytest.Item) -> None:
    cluster = current()
    if item.get_closest_marker("containers") and cluster is not None and not cluster.containers:
        pytest.skip(f"needs real containers: {cluster.why_no_containers}")


@pytest.fixture(autouse=True)
def _serial_runs_alone(request: pytest.FixtureRequest) -> Iterator[None]:
    """A test that is marked serial runs while no other does, whichever worker has it."""
    folder = os.environ.get(_LOGS)
    if folder is None:
        yield
        return
    serial = request.node.get_closest_marker("serial") is not None
    with Path(folder, "serial.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX if serial else fcntl.LOCK_SH)
        yield


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


@pytest.fixture(scope="session")
def podiatrist(request: pytest.FixtureRequest) -> Podiatrist:
    """The running processes, for stories that kill them: marked serial, and not others' too."""
    assert _running, f"run it without workers, or with ${_APART}"
    return _running[0]
