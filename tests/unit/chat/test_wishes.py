from typing import Any

import pytest

from podiatrist.actions.label_node import LabelNode
from podiatrist.actions.set_image import SetImage
from podiatrist.agent.tool import ToolError
from podiatrist.api.diagnosis import ObjectRef
from podiatrist.chat.find import Finder
from podiatrist.chat.look import Look
from podiatrist.chat.wishes import Wish, label_fields, signatures, typed
from podiatrist.cluster.reader import Reader
from tests.unit.chat.memory_cluster import MemoryCluster, deployment, node

WEB = ObjectRef(api_version="apps/v1", kind="Deployment", namespace="shop", name="web")
SICK = Look(WEB, wanted_labels={"pool": "fast"})


async def wish_for(cluster: MemoryCluster, wish: Wish, last: Look | None = None) -> tuple[Any, str]:
    return await typed(wish, Finder(cluster, "shop"), Reader(cluster), last)


@pytest.mark.parametrize(
    "fields",
    [
        {"key": "pool", "value": "fast"},
        {"key": "pool=fast"},
        {"label": "pool", "value": "fast"},
        {"pool": "fast"},
        {"key": "pool"},  # what the workload asks for
    ],
)
def test_a_label_is_understood_however_it_is_written(fields: dict[str, Any]) -> None:
    assert label_fields(fields, SICK)[0] == {"key": "pool", "value": "fast"}


def test_a_value_that_was_not_said_is_taken_from_the_workload_and_told() -> None:
    assert label_fields({"key": "pool"}, SICK)[1] == ["Deployment shop/web asks for pool=fast"]
    assert label_fields({"key": "pool"}, None) == ({"key": "pool", "value": ""}, [])
    assert label_fields({"key": "ready", "value": True}, None)[0]["value"] == "true"


async def test_the_label_of_our_control_plane_node_is_a_typed_action() -> None:
    cluster = MemoryCluster(nodes=[node("node1", "control-plane")])
    wish = Wish(action="LabelNode", object="our control plane node", fields={"key": "pool"})
    action, remark = await wish_for(cluster, wish, SICK)
    assert isinstance(action, LabelNode)
    assert (action.object.name, action.key, action.value) == ("node1", "pool", "fast")
    assert "only node with role control-plane" in remark


async def test_the_only_container_needs_no_name() -> None:
    cluster = MemoryCluster(deployments=[deployment("web")])
    action, _ = await wish_for(
        cluster, Wish(action="SetImage", object="web", fields={"image": "nginx:2"})
    )
    assert isinstance(action, SetImage)
    assert action.container == "app"


async def test_of_two_containers_none_is_guessed() -> None:
    cluster = MemoryCluster(deployments=[deployment("web", "shop", "app", "proxy")])
    with pytest.raises(ToolError, match="one of: app, proxy"):
        await wish_for(cluster, Wish(action="SetImage", object="web", fields={"image": "x"}))


async def test_a_wrong_field_teaches_the_right_ones() -> None:
    cluster = MemoryCluster(deployments=[deployment("web")])
    with pytest.raises(ToolError, match=r"it is Scale\(replicas\)"):
        await wish_for(cluster, Wish(action="Scale", object="web", fields={"count": 3}))


async def test_an_action_outside_of_the_closed_set_is_refused() -> None:
    with pytest.raises(ToolError, match="there is no action 'DeleteNamespace'"):
        await wish_for(MemoryCluster(), Wish(action="DeleteNamespace", object="shop"))


async def test_a_node_cannot_be_scaled() -> None:
    cluster = MemoryCluster(nodes=[node("node1")])
    with pytest.raises(ToolError, match="cannot change a Node"):
        await wish_for(cluster, Wish(action="Scale", object="node/node1", fields={"replicas": 1}))


def test_pods_are_not_deleted_on_a_wish() -> None:
    assert "DeletePod" not in signatures()
