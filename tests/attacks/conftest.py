"""Cluster, processes and fixtures are those of `tests/harness/plugin.py`; here is the scene."""

import secrets
from collections.abc import Iterator

import pytest

from tests.attacks.people import People, gathered
from tests.attacks.scene import Scene, prepare
from tests.cluster import Cluster
from tests.e2e.kube import Kube


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.import_plugin("tests.harness.plugin")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """One worker does all that happens on the scene: making one takes as long as thirty attacks."""
    for item in items:
        if "scene" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.xdist_group("scene"))


@pytest.fixture(scope="session")
def scene(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """One namespace for all requests that are refused: they leave nothing behind."""
    suffix = secrets.token_hex(3)
    kube = Kube(cluster, f"t-attacks-{suffix}")
    kube.admin("create", "namespace", kube.namespace)
    with gathered(cluster, kube, tmp_path_factory.mktemp("people"), suffix) as people:
        scene = prepare(kube, people)
        yield scene
        assert scene.untouched(), "an attack changed a Deployment"
    kube.admin("delete", "namespace", kube.namespace, "--wait=false")


@pytest.fixture
def people(
    cluster: Cluster, kube: Kube, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[People]:
    """Everybody, in the namespace of one test."""
    folder = tmp_path_factory.mktemp("people")
    with gathered(cluster, kube, folder, secrets.token_hex(3)) as people:
        yield people
