import json
from typing import Any

import pytest

from podiatrist.actions.compiler import Proposal
from podiatrist.agent.consultation.offers import offers_for
from podiatrist.agent.consultation.report import Suggestion
from podiatrist.agent.consultation.suggestions import propose
from podiatrist.api.diagnosis import Risk
from podiatrist.cluster.kinds import SERVICE
from podiatrist.cluster.snapshot import Object, Snapshot
from tests.unit.builders import (
    World,
    container,
    copy_of,
    deployment,
    node,
    pod_of,
    revision,
    running,
    unscheduled,
    workload,
)

WEB = deployment(containers=[container(image="registry.example/shop/web:1.0")])


def shop(target: Object = WEB, **more: Any) -> Snapshot:
    return World(target, pods=[running(pod_of(target))], nodes=[node()], **more).snapshot()


def suggest(
    snapshot: Snapshot, *actions: dict[str, Any], why: str = "it helps"
) -> tuple[list[Proposal], list[str]]:
    suggestion = Suggestion(why=why, actions=list(actions))
    return propose([suggestion], snapshot, offers_for(snapshot))


def the_one(snapshot: Snapshot, *actions: dict[str, Any]) -> Proposal:
    proposals, dropped = suggest(snapshot, *actions)
    assert dropped == []
    return proposals[0]


def why_not(snapshot: Snapshot, *actions: dict[str, Any]) -> str:
    proposals, dropped = suggest(snapshot, *actions)
    assert proposals == []
    return dropped[0]


IMAGE = {"type": "SetImage", "container": "app", "image": "registry.example/shop/web:1.1"}


def test_a_suggestion_becomes_a_proposal_in_our_words() -> None:
    proposal = the_one(shop(), IMAGE)
    assert proposal.title == "Set image (container=app, image=registry.example/shop/web:1.1)"
    assert proposal.rationale == "The model suggests it: it helps"
    assert proposal.overall_risk == Risk.MEDIUM
    assert proposal.actions[0].object == shop().target


def test_the_models_reason_cannot_lead_anywhere() -> None:
    proposals, _ = suggest(shop(), IMAGE, why="![x](https://evil.example/?q=1) password=hunter2")
    assert proposals[0].rationale == "The model suggests it: x password=***"


@pytest.mark.parametrize(
    ("action", "why"),
    [
        ({"type": "DeleteNamespace", "name": "shop"}, "no such action"),
        ({"type": "UncordonNode", "node": "n1"}, "no such action"),
        ({"type": "LabelNode", "node": "n1", "key": "a", "value": "b"}, "no such action"),
        ({"type": "SetServicePort", "port": 80, "targetPort": 81}, "no such action"),
        ({"container": "app"}, "no such action"),
        ({}, "no such action"),
        (IMAGE | {"object": {"kind": "Deployment", "name": "other"}}, "no field 'object'"),
        (IMAGE | {"namespace": "kube-system"}, "no field 'namespace'"),
        (IMAGE | {"container": "other"}, "container must be one of app"),
        (IMAGE | {"image": "evil.example/shop/web:1.1"}, "another registry, evil.example"),
        (IMAGE | {"image": "web:1.1"}, "another registry, docker.io"),
        (IMAGE | {"image": "registry.example/Web Shop"}, "is no image reference"),
        (IMAGE | {"image": "registry.example/shop/w\u0435b:1.1"}, "other than plain ASCII"),
        (IMAGE | {"image": "registry.example/shop/web:1.1\n"}, "other than plain ASCII"),
        (IMAGE | {"image": "registry.example/shop/web:1.0"}, "is already as the option"),
        (IMAGE | {"image": 7}, "image: Input should be a valid string"),
        ({"type": "Scale", "replicas": 10**9}, "less than or equal to 1000"),
        ({"type": "Scale", "replicas": -1}, "greater than or equal to 0"),
        ({"type": "SetEnv", "container": "app", "name": "A", "value": "***"}, "holds a secret"),
        ({"type": "SetEnv", "container": "app", "name": "DB_PASSWORD", "value": "x"}, "a secret"),
        ({"type": "SetEnv", "container": "app", "name": "A", "value": "x" * 2000}, "longer than"),
        ({"type": "SetEnv", "container": "app", "name": "A", "like": "B"}, "no field 'like'"),
        ({"type": "SetCommand", "container": "app", "run": ["sh\u202e"]}, "plain ASCII"),
        (
            {"type": "SetReference", "to": "Secret", "name": "a", "new": "b"},
            "nothing uses Secret 'a'",
        ),
        ({"type": "RolloutUndo", "revision": 1}, "no such action"),
    ],
)
def test_what_was_not_offered_like_this_is_dropped_with_a_reason(
    action: dict[str, Any], why: str
) -> None:
    assert why in why_not(shop(), action)


def test_half_of_a_fix_is_none() -> None:
    assert "no such action" in why_not(shop(), IMAGE, {"type": "DeletePod", "pod": "web-1"})


@pytest.mark.parametrize("namespace", ["kube-system", "podiatrist"])
def test_for_the_clusters_own_workloads_nothing_is_offered(namespace: str) -> None:
    target = copy_of(WEB)
    target["metadata"]["namespace"] = namespace
    assert offers_for(shop(target)) == []
    assert "there are: none" in why_not(shop(target), IMAGE)


def test_another_repository_of_the_same_registry_is_a_high_risk() -> None:
    proposal = the_one(shop(), IMAGE | {"image": "registry.example/else/web:1.1"})
    assert proposal.overall_risk == Risk.HIGH


def test_a_new_command_is_a_high_risk() -> None:
    command = {"type": "SetCommand", "container": "app", "run": ["nginx"]}
    assert the_one(shop(), command).overall_risk == Risk.HIGH


def test_the_way_back_names_a_revision_and_code_finds_its_replica_set() -> None:
    revisions = [revision(WEB, 2), revision(WEB, 1, ready=1, image="registry.example/shop/web:0.9")]
    snapshot = shop(revisions=revisions)
    proposal = the_one(snapshot, {"type": "RolloutUndo", "revision": 1})
    assert proposal.title == "Rollout undo (revision=1)"
    assert "revision must be one of 1" in why_not(snapshot, {"type": "RolloutUndo", "revision": 7})


def test_a_node_gets_a_label_only_where_the_workload_waits_for_it() -> None:
    wants = deployment(nodeSelector={"disk": "ssd"})
    world = World(wants, pods=[unscheduled(pod_of(wants))], nodes=[node("n1")])
    snapshot = world.snapshot()
    label = {"type": "LabelNode", "node": "n1", "key": "disk", "value": "ssd"}
    assert the_one(snapshot, label).title == "Label node n1 (key=disk, value=ssd)"
    assert "key must be one of disk" in why_not(snapshot, label | {"key": "admin"})
    assert "node must be one of n1" in why_not(snapshot, label | {"node": "n9"})


def test_a_service_gets_its_own_actions() -> None:
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "web", "namespace": "shop", "uid": "uid-web"},
        "spec": {"selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": 80}]},
    }
    snapshot = World(service).snapshot()
    assert snapshot.kind == SERVICE
    assert [o.name for o in offers_for(snapshot)] == ["SetServiceSelector", "SetServicePort"]
    port = {"type": "SetServicePort", "port": 80, "targetPort": 8080}
    assert the_one(snapshot, port).title == "Set service port (port=80, targetPort=8080)"


@pytest.mark.parametrize(
    "kind", ["Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "CronJob", "Job", "Pod"]
)
def test_a_handful_is_offered_in_a_small_schema(kind: str) -> None:
    snapshot = World(workload(kind)).snapshot()
    offers = offers_for(snapshot)
    assert len(offers) <= 10
    assert len(json.dumps([o.schema(snapshot) for o in offers])) < 4000
