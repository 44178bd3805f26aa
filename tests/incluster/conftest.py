"""The cluster, with Podiatrist in it; no process of ours runs outside."""

import secrets
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.attacks.people import People, gathered
from tests.cluster import Cluster, current, ensure_up
from tests.cluster.progress import to_stderr
from tests.e2e.kube import Kube
from tests.harness.only import only_one
from tests.incluster.installation import SHORT, Installation

_session = ExitStack()


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    if session.config.option.collectonly:
        return
    _session.enter_context(only_one())
    ensure_up()


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    _session.close()


_ORDER = ("story", "image", "network", "takeover", "model", "doctor", "upgrade", "uninstall")
"""What needs a fresh installation comes first, what takes it away last."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: _ORDER.index(item.path.stem.removeprefix("test_")))


def pytest_runtest_setup(item: pytest.Item) -> None:
    cluster = current()
    if cluster is not None and not cluster.containers:
        pytest.skip(f"needs real containers: {cluster.why_no_containers}")


@pytest.fixture(scope="session")
def cluster() -> Cluster:
    found = current()
    assert found is not None
    return found


@pytest.fixture(scope="session")
def fresh(cluster: Cluster) -> Iterator[Installation]:
    """The image at hand, and nothing installed."""
    found = Installation.of(cluster)
    found.remove()
    found.provide_image(to_stderr)
    yield found
    found.remove()


@pytest.fixture(scope="session")
def installation(fresh: Installation) -> Installation:
    """Installed, with what is waited for shortened."""
    fresh.apply()
    fresh.set(dict(SHORT))
    return fresh


@pytest.fixture
def kube(cluster: Cluster, request: pytest.FixtureRequest) -> Iterator[Kube]:
    """kubectl in a namespace that lives as long as the test."""
    kube = Kube(cluster, f"t-incluster-{secrets.token_hex(3)}")
    kube.admin("create", "namespace", kube.namespace)
    yield kube
    kube.admin("delete", "namespace", kube.namespace, "--wait=false")


@pytest.fixture
def people(
    cluster: Cluster, kube: Kube, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[People]:
    """Users with real certificates and Roles in the namespace of the test."""
    with gathered(cluster, kube, tmp_path_factory.mktemp("people"), secrets.token_hex(3)) as people:
        yield people
