from pathlib import Path

import pytest

from podiatrist.chat.identity import identity
from podiatrist.cluster.errors import ClusterError

CLUSTERS = "clusters: [{name: c, cluster: {server: 'https://one'}}]"
CURRENT = "current-context: a"


def who(folder: Path, *lines: str, namespace: str | None = None) -> tuple[str, str]:
    path = folder / "config"
    path.write_text("\n".join(lines))
    found = identity(str(path), None, namespace, Path("/nonexistent/kubectl"), folder)
    return found.server, found.namespace


def test_the_contexts_cluster_and_namespace_are_the_users(tmp_path: Path) -> None:
    context = "contexts: [{name: a, context: {cluster: c, user: u, namespace: shop}}]"
    assert who(tmp_path, context, CLUSTERS, CURRENT) == ("https://one", "shop")
    assert who(tmp_path, context, CLUSTERS, CURRENT, namespace="x") == ("https://one", "x")


@pytest.mark.parametrize(
    "lines",
    [
        ("contexts: [{name: a, context: a string}]", CLUSTERS, CURRENT),
        ("contexts: [{name: a, context: {cluster: c}}]", "clusters: [{name: c, cluster: x}]",
         CURRENT),
        ("contexts: [{name: a, context: {cluster: gone}}]", CLUSTERS, CURRENT),
        ("contexts: nothing", CLUSTERS, CURRENT),
        ("- a list",),
        ("not: [yaml",),
    ],
)  # fmt: skip
def test_a_broken_kubeconfig_is_named(tmp_path: Path, lines: tuple[str, ...]) -> None:
    with pytest.raises(ClusterError, match="config"):
        who(tmp_path, *lines)


@pytest.mark.parametrize("name", ["Shop", "a b", "../kube-system", "a" * 64])
def test_a_namespace_that_cannot_be_is_refused(tmp_path: Path, name: str) -> None:
    context = "contexts: [{name: a, context: {cluster: c}}]"
    with pytest.raises(ClusterError, match="-n"):
        who(tmp_path, context, CLUSTERS, CURRENT, namespace=name)
