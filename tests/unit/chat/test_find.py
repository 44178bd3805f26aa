import pytest

from podiatrist.agent.tool import ToolError
from podiatrist.chat.find import Finder, wanted
from podiatrist.cluster.kinds import DEPLOYMENT, NODE, POD
from tests.unit.chat.memory_cluster import MemoryCluster, deployment, node


def finder(cluster: MemoryCluster, namespace: str = "shop") -> Finder:
    return Finder(cluster, namespace)


def test_words_are_taken_apart() -> None:
    assert wanted("the some-app pods").name == "some-app"
    assert wanted("the some-app pods").kind is POD
    assert wanted("deployment/web").kind is DEPLOYMENT
    assert (wanted("shop/web").namespace, wanted("shop/web").name) == ("shop", "web")
    assert wanted("our control plane node").kind is NODE
    assert wanted("our control plane node").name == "control plane"


@pytest.mark.parametrize(
    "words",
    ["our control plane node", "control-plane", "the master node", "node/node1", "the node"],
)
async def test_a_node_is_found_by_its_role(words: str) -> None:
    found = await finder(MemoryCluster(nodes=[node("node1", "control-plane")])).find(words)
    assert found.target.name == "node1"


async def test_several_nodes_of_a_role_are_named_and_none_is_guessed() -> None:
    cluster = MemoryCluster(nodes=[node("a", "control-plane"), node("b", "control-plane")])
    with pytest.raises(ToolError, match=r"2 such nodes: a \(control-plane\), b"):
        await finder(cluster).find("control plane", "node")


async def test_a_role_that_no_node_has_lists_the_nodes() -> None:
    with pytest.raises(ToolError, match="the nodes are: node1"):
        await finder(MemoryCluster(nodes=[node("node1")])).find("gpu node")


async def test_a_workload_of_our_namespace_comes_before_others() -> None:
    cluster = MemoryCluster(deployments=[deployment("web", "test"), deployment("web", "shop")])
    assert (await finder(cluster).find("web")).target.namespace == "shop"


async def test_a_workload_is_found_in_any_namespace() -> None:
    cluster = MemoryCluster(deployments=[deployment("some-app", "test")])
    found = await finder(cluster).find("the some-app pods")
    assert str(found.target) == "Deployment test/some-app"


async def test_two_workloads_elsewhere_are_named_and_none_is_guessed() -> None:
    cluster = MemoryCluster(deployments=[deployment("web", "a"), deployment("web", "b")])
    with pytest.raises(ToolError, match="may mean Deployment a/web, Deployment b/web; say which"):
        await finder(cluster).find("web")


async def test_who_may_not_look_everywhere_is_told_to_name_the_namespace() -> None:
    cluster = MemoryCluster(deployments=[deployment("web", "test")])
    cluster.forbids_all_namespaces = True
    with pytest.raises(ToolError, match="name the namespace"):
        await finder(cluster).find("web")


async def test_part_of_a_name_is_enough_where_only_one_has_it() -> None:
    cluster = MemoryCluster(deployments=[deployment("web-frontend")])
    found = await finder(cluster).find("frontend")
    assert found.target.name == "web-frontend"
    assert "is taken for" in found.how


async def test_a_pod_whose_name_was_made_up_is_taken_for_its_workload() -> None:
    cluster = MemoryCluster(deployments=[deployment("web"), deployment("webshop")])
    found = await finder(cluster).find("web-1")
    assert found.target.name == "web"
    assert found.how == "web-1 is taken for Deployment shop/web"


async def test_nothing_of_that_name_is_said_so() -> None:
    with pytest.raises(ToolError, match="nothing called 'ghost' in any namespace"):
        await finder(MemoryCluster()).find("ghost")


async def test_a_name_in_the_wrong_namespace_is_told_where_it_is() -> None:
    cluster = MemoryCluster(deployments=[deployment("web", "test")])
    with pytest.raises(ToolError, match="in namespace nowhere; there is Deployment test/web"):
        await finder(cluster).find("web", namespace="nowhere")
