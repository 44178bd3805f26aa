"""The parts of the image registry that need no cluster: names, packing, failures on purpose."""

import json
from pathlib import Path

import pytest

from tests.cluster import faults
from tests.cluster.errors import ClusterError
from tests.cluster.store import Name, Runs, Store

REALM = "http://127.0.0.1:5000/token"


@pytest.mark.parametrize(
    ("text", "full"),
    [
        ("nginx", "docker.io/library/nginx:latest"),
        ("nginx:1.22", "docker.io/library/nginx:1.22"),
        ("rancher/local-path-provisioner:v1", "docker.io/rancher/local-path-provisioner:v1"),
        ("ghcr.io/acme/app", "ghcr.io/acme/app:latest"),
        ("localhost/app:v1", "localhost/app:v1"),
        ("registry:5000/app:v1", "registry:5000/app:v1"),
    ],
)
def test_a_short_name_means_what_it_means_to_docker(text: str, full: str) -> None:
    assert str(Name.parse(text)) == full


def test_equal_folders_make_equal_layers(tmp_path: Path) -> None:
    digests = set()
    for copy in ("one", "two"):
        root = tmp_path / copy
        (root / "bin").mkdir(parents=True)
        (root / "bin/program").write_text("#!/bin/sh\n")
        (root / "bin/link").symlink_to("program")
        digests.add(Store(tmp_path / f"store-{copy}").add_layer(root).digest)
    assert len(digests) == 1


def test_an_image_on_top_of_another_has_the_layers_of_both(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    (tmp_path / "base").mkdir()
    (tmp_path / "top").mkdir()
    (tmp_path / "top/file").write_text("x")
    base = Name.parse("base")
    store.add_image([base], [store.add_layer(tmp_path / "base")], Runs())
    layers = [*store.layers(base), store.add_layer(tmp_path / "top")]
    digest = store.add_image([Name.parse("top")], layers, Runs(cmd=("sh",)))
    manifest = json.loads(store.blob(digest).read_bytes())
    assert [layer["digest"] for layer in manifest["layers"]] == [one.digest for one in layers]


def test_an_unknown_base_names_what_there_is(tmp_path: Path) -> None:
    with pytest.raises(ClusterError, match=r"no image docker\.io/library/absent:latest"):
        Store(tmp_path).layers(Name.parse("absent"))


@pytest.mark.parametrize(
    ("repository", "method", "status"),
    [
        ("private/app", "HEAD", 401),
        ("fault-401/app", "HEAD", 401),
        ("fault-403/app", "HEAD", 403),
        ("fault-429/app", "GET", 429),
        ("fault-500/app", "HEAD", 500),
    ],
)
def test_a_repository_fails_as_its_first_part_says(
    repository: str, method: str, status: int
) -> None:
    answer = faults.of_request(repository, method, False, REALM)
    assert answer is not None
    assert answer.status == status


@pytest.mark.parametrize("repository", ["library/nginx", "acme/fault-403", "fault-4031/app"])
def test_other_repositories_are_served(repository: str) -> None:
    assert faults.of_request(repository, "GET", False, REALM) is None


def test_the_rate_limit_lets_head_pass_as_docker_hub_does() -> None:
    assert faults.of_request("fault-429/app", "HEAD", False, REALM) is None


def test_a_hanging_repository_is_never_answered() -> None:
    with pytest.raises(faults.HangError):
        faults.of_request("fault-hang/app", "HEAD", False, REALM)
