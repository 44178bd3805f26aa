"""What an option may touch, whoever suggested it."""

import pytest

from podiatrist.actions.base import Action, ActionError
from podiatrist.actions.label_node import LabelNode
from podiatrist.actions.scale import Scale
from podiatrist.actions.scope import check_scope
from podiatrist.actions.set_image import SetImage
from podiatrist.actions.uncordon_node import UncordonNode
from podiatrist.api.diagnosis import ObjectRef
from podiatrist.cluster.objects import (
    Affinity,
    NodeAffinity,
    NodeSelector,
    NodeSelectorTerm,
    PodSpec,
    Requirement,
)


def ref(kind: str = "Deployment", name: str = "web", namespace: str | None = "shop") -> ObjectRef:
    version = {"Deployment": "apps/v1", "ClusterRole": "rbac.authorization.k8s.io/v1"}
    return ObjectRef(api_version=version.get(kind, "v1"), kind=kind, namespace=namespace, name=name)


WEB = ref()
N1 = ref("Node", "n1", None)
TEMPLATE = PodSpec(
    node_selector={"disk": "ssd"},
    affinity=Affinity(
        node_affinity=NodeAffinity(
            required=NodeSelector(
                node_selector_terms=[
                    NodeSelectorTerm(match_expressions=[Requirement(key="gpu", operator="Exists")])
                ]
            )
        )
    ),
)


@pytest.mark.parametrize(
    "action",
    [
        Scale(object=WEB, replicas=1),
        SetImage(object=WEB, container="app", image="x"),
        LabelNode(object=N1, key="disk", value="ssd"),
        LabelNode(object=N1, key="gpu", value="true"),
        UncordonNode(object=N1),
    ],
)
def test_the_workload_and_the_nodes_it_asks_for_may_be_changed(action: Action) -> None:
    check_scope(action, WEB, TEMPLATE)


@pytest.mark.parametrize(
    ("action", "why"),
    [
        (Scale(object=ref(name="other"), replicas=1), "Deployment shop/other is not"),
        (Scale(object=ref(namespace="elsewhere"), replicas=1), "Deployment elsewhere/web is not"),
        (Scale(object=ref("Secret", "web"), replicas=1), "Secret shop/web is not"),
        (SetImage(object=ref("ClusterRole", "web"), container="a", image="b"), "is not"),
        (SetImage(object=N1, container="a", image="b"), "Node n1 is not"),
        (LabelNode(object=N1, key="team", value="red"), "does not ask for the node label team"),
        (LabelNode(object=N1, key="disk/x", value="ssd"), "does not ask for"),
    ],
)
def test_anything_else_is_out_of_reach(action: Action, why: str) -> None:
    with pytest.raises(ActionError, match=why):
        check_scope(action, WEB, TEMPLATE)


@pytest.mark.parametrize("namespace", ["kube-system", "kube-public", "podiatrist"])
def test_the_clusters_own_workloads_are_diagnosed_and_never_changed(namespace: str) -> None:
    target = ref(namespace=namespace)
    for action in (
        Scale(object=target, replicas=1),
        LabelNode(object=N1, key="disk", value="ssd"),
        UncordonNode(object=N1),
    ):
        with pytest.raises(ActionError, match=f"in {namespace} are diagnosed, never changed"):
            check_scope(action, target, TEMPLATE)
