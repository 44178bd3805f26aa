"""Stories of pods that no node takes because of labels, taints and cordons."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from podiatrist.api.diagnosis import Risk
from tests.unit.builders import (
    World,
    container,
    deployment,
    node,
    pod_of,
    revision,
    running,
    unscheduled,
    workload,
)

SCENARIO = Path(__file__).parents[1] / "demo" / "scenario.yaml"


def stuck(owner: Any, *nodes: Any, pods: int = 1, **more: Any) -> World:
    """Return a world in which no node takes the workload's pods."""
    waiting = [unscheduled(pod_of(owner, i + 1)) for i in range(pods)]
    return World(owner, pods=waiting, nodes=list(nodes), **more)


def required(*rules: dict[str, Any]) -> dict[str, Any]:
    terms = {"nodeSelectorTerms": [{"matchExpressions": list(rules)}]}
    return {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": terms}}


def test_the_demos_app_asks_for_a_label_that_no_node_has() -> None:
    app, _ = yaml.safe_load_all(SCENARIO.read_text("utf-8"))
    app["metadata"] |= {"namespace": "shop", "uid": "uid-app"}
    said = stuck(app, node("n1"), pods=3).diagnose()
    assert said.reasons == ["NodeLabelMismatch"]
    (message,) = said.messages
    assert message == (
        "3 pods of Deployment shop/some-app have no node: node n1 has no label no-such-node=true"
    )
    assert said.offers == [
        ("Label node n1 with no-such-node=true", Risk.MEDIUM),
        ("No longer require the node label no-such-node", Risk.MEDIUM),
    ]
    label, drop = said.options
    assert label.commands == ["kubectl label node n1 no-such-node=true"]
    assert [(w.group, w.resource, w.name) for w in label.writes] == [("", "nodes", "n1")]
    assert [(w.group, w.resource, w.namespace) for w in drop.writes] == [
        ("apps", "deployments", "shop")
    ]
    assert "-      affinity:" in drop.diff


def test_each_node_is_named_with_its_own_obstacle() -> None:
    web = deployment(containers=[container(cpu="2")], nodeSelector={"disk": "ssd"})
    said = stuck(
        web,
        node("plain"),
        node("tainted", labels={"disk": "ssd"}, taints=["team=red:NoSchedule"]),
        node("small", labels={"disk": "ssd"}, cpu="1"),
        node("resting", labels={"disk": "ssd"}, cordoned=True),
    ).diagnose()
    found = dict(zip(said.reasons, said.messages, strict=True))
    assert "1 of 4 nodes: plain has no label disk=ssd" in found["NodeLabelMismatch"]
    assert "1 of 4 nodes: tainted has the taint team=red:NoSchedule" in found["UntoleratedTaint"]
    assert (
        "1 of 4 nodes: small has 1 of 1 cpu free, 2 is requested" in found["InsufficientResources"]
    )
    assert "1 of 4 nodes: resting is cordoned" in found["NodeCordoned"]
    assert all("1 of 4 nodes" in message for message in said.messages)
    # Four options at most, the best of each finding before the second best of any.
    assert [title.split(" node ")[0].split(" to")[0] for title, _ in said.offers] == [
        "Label", "Tolerate team=red:NoSchedule", "Uncordon", "Lower the cpu request of app from 2",
    ]  # fmt: skip


def test_the_obstacle_that_keeps_most_nodes_away_comes_first() -> None:
    web = deployment(nodeSelector={"disk": "ssd"})
    tainted = [node(f"t{i}", labels={"disk": "ssd"}, taints=["a:NoSchedule"]) for i in range(5)]
    said = stuck(web, node("plain"), *tainted).diagnose()
    assert said.reasons == ["UntoleratedTaint", "NodeLabelMismatch"]
    assert "5 of 6 nodes: t0, t1, t2 and 2 more have the taint" in said.messages[0]


def test_a_label_with_another_value_is_never_overwritten() -> None:
    web = deployment(nodeSelector={"disk": "ssd"})
    said = stuck(web, node(labels={"disk": "hdd"})).diagnose()
    assert [title for title, _ in said.offers] == ["No longer require the node label disk"]


@pytest.mark.parametrize(
    "key", ["kubernetes.io/arch", "topology.kubernetes.io/zone", "node-role.kubernetes.io/db"]
)
def test_a_label_of_kubernetes_is_never_set_and_not_lightly_dropped(key: str) -> None:
    said = stuck(deployment(nodeSelector={key: "arm64"}), node()).diagnose()
    assert said.offers == [(f"No longer require the node label {key}", Risk.HIGH)]


def test_two_rules_about_one_label_get_the_value_that_meets_both() -> None:
    rule = {"key": "disk", "operator": "In", "values": ["hdd", "ssd"]}
    web = deployment(nodeSelector={"disk": "ssd"}, affinity=required(rule))
    said = stuck(web, node()).diagnose()
    assert said.offers[0] == ("Label node n1 with disk=ssd", Risk.MEDIUM)


def test_rules_that_exclude_each_other_get_no_label() -> None:
    rule = {"key": "disk", "operator": "In", "values": ["hdd"]}
    web = deployment(nodeSelector={"disk": "ssd"}, affinity=required(rule))
    said = stuck(web, node()).diagnose()
    assert [title for title, _ in said.offers] == ["No longer require the node label disk"]


def test_a_node_that_must_not_have_a_label_is_not_relabelled() -> None:
    rule = {"key": "spot", "operator": "DoesNotExist"}
    said = stuck(deployment(affinity=required(rule)), node(labels={"spot": "yes"})).diagnose()
    assert "node n1 does not match no label spot" in said.messages[0]
    assert [title for title, _ in said.offers] == ["No longer require the node label spot"]


def test_the_roomiest_of_several_nodes_is_labelled() -> None:
    web = deployment(nodeSelector={"disk": "ssd"})
    said = stuck(web, node("small", cpu="2"), node("large", cpu="16")).diagnose()
    assert said.offers[0][0] == "Label node large with disk=ssd"


def test_where_the_roomiest_has_another_value_the_next_one_is_labelled() -> None:
    web = deployment(nodeSelector={"disk": "ssd"})
    large = node("large", cpu="16", labels={"disk": "hdd"})
    said = stuck(web, node("small", cpu="2"), large).diagnose()
    assert said.offers[0][0] == "Label node small with disk=ssd"


def test_a_bare_pod_gets_the_node_label_and_nothing_else() -> None:
    pod = workload("Pod", nodeSelector={"disk": "ssd"})
    said = stuck(pod, node()).diagnose()
    assert said.offers == [("Label node n1 with disk=ssd", Risk.MEDIUM)]


def test_a_daemon_pod_is_judged_by_its_own_node_alone() -> None:
    agent = workload("DaemonSet", "agent", containers=[container(cpu="2")])
    mine = {"key": "metadata.name", "operator": "In", "values": ["n2"]}
    terms = {"nodeSelectorTerms": [{"matchFields": [mine]}]}
    tied = {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": terms}}
    pod = unscheduled(pod_of(agent, affinity=tied))
    said = World(agent, [pod], [node("n1"), node("n2", cpu="1"), node("n3")]).diagnose()
    assert said.reasons == ["InsufficientResources"]
    assert "node: node n2 has 1 of 1 cpu free" in said.messages[0]


def test_a_taint_that_somebody_set_may_be_tolerated() -> None:
    said = stuck(deployment(), node(taints=["team=red:NoExecute"])).diagnose()
    assert said.reasons == ["UntoleratedTaint"]
    assert said.offers == [("Tolerate team=red:NoExecute", Risk.MEDIUM)]
    parameters = said.options[0].actions[0].parameters
    assert parameters == {"key": "team", "value": "red", "effect": "NoExecute"}


def test_the_control_planes_taint_is_a_high_risk() -> None:
    cp = "node-role.kubernetes.io/control-plane:NoSchedule"
    said = stuck(deployment(), node("cp", taints=[cp])).diagnose()
    assert f"node cp has the taint {cp}" in said.messages[0]
    assert said.offers == [(f"Tolerate {cp}", Risk.HIGH)]


@pytest.mark.parametrize(
    "taint",
    [
        "node.kubernetes.io/not-ready:NoSchedule",
        "node.kubernetes.io/unreachable:NoExecute",
        "node.kubernetes.io/disk-pressure:NoSchedule",
        "node.kubernetes.io/network-unavailable:NoSchedule",
        "node.cloudprovider.kubernetes.io/uninitialized=true:NoSchedule",
        "ToBeDeletedByClusterAutoscaler=1700000000:NoSchedule",
        "karpenter.sh/disrupted:NoSchedule",
        "node.cilium.io/agent-not-ready:NoExecute",
    ],
)
def test_a_node_in_trouble_is_named_and_never_tolerated(taint: str) -> None:
    said = stuck(deployment(), node(taints=[taint])).diagnose()
    assert said.reasons == ["UntoleratedTaint"]
    assert f"node n1 has the taint {taint}" in said.messages[0]
    assert said.options == []


def test_what_waits_for_a_cordoned_node_points_to_the_node() -> None:
    said = stuck(deployment(), node(cordoned=True)).diagnose()
    assert said.reasons == ["NodeCordoned"]
    assert str(said.results[0].cause) == "Node n1"
    assert said.offers == []


def test_where_the_older_revision_runs_going_back_is_the_best_and_least_risky() -> None:
    web = deployment(replicas=2, nodeSelector={"disk": "ssd"})
    old = running(pod_of(web, 1))
    revisions = [revision(web, 1, ready=1, image="nginx:1.26"), revision(web, 2)]
    del revisions[0]["spec"]["template"]["spec"]["nodeSelector"]
    pods = [old, unscheduled(pod_of(web, 2))]
    said = World(web, pods=pods, nodes=[node()], revisions=revisions).diagnose()
    assert said.offers[0] == ("Roll back to revision 1", Risk.LOW)


def test_going_back_to_the_same_demands_is_not_offered() -> None:
    """A pod that finds no room beside the old ones is not the newest revision's fault."""
    web = deployment(replicas=2, nodeSelector={"disk": "ssd"})
    revisions = [revision(web, 1, ready=1, image="nginx:1.26"), revision(web, 2)]
    pods = [running(pod_of(web, 1)), unscheduled(pod_of(web, 2))]
    said = World(web, pods=pods, nodes=[node()], revisions=revisions).diagnose()
    assert "Roll back to revision 1" not in [title for title, _ in said.offers]
