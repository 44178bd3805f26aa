"""Deletion of a pod: only of the target's own, named by its UID, and never undone."""

import json
from typing import Any

import pytest

from podiatrist.actions.base import ActionError
from podiatrist.actions.compiler import Plan, compile_plan
from podiatrist.actions.delete_pod import DeletePod
from podiatrist.actions.scope import check_scope
from podiatrist.actions.set_image import SetImage
from podiatrist.api.diagnosis import ObjectRef
from podiatrist.cluster.objects import PodSpec
from tests.unit.builders import deployment, pod_of, workload

DB = ObjectRef(api_version="apps/v1", kind="StatefulSet", namespace="shop", name="db")
DB_1 = ObjectRef(api_version="v1", kind="Pod", namespace="shop", name="db-1")
WEB = ObjectRef(api_version="apps/v1", kind="Deployment", namespace="shop", name="web")
WEB_1 = ObjectRef(api_version="v1", kind="Pod", namespace="shop", name="web-1")
WEB_RS = ObjectRef(api_version="apps/v1", kind="ReplicaSet", namespace="shop", name="web-h1")


def owned(raw: Any, uid: str, *, controller: bool = True) -> Any:
    raw["metadata"]["ownerReferences"] = [{"uid": uid, "controller": controller}]
    return raw


def db() -> tuple[Any, Any]:
    made = workload("StatefulSet", "db")
    return made, owned(pod_of(made), "uid-db")


def plan(*actions: Any, live: dict[ObjectRef, Any]) -> Plan:
    return compile_plan(actions, live, target_uid="u", target_spec_hash="h", checks=[])


def test_a_deletion_names_the_uid_and_has_no_inverse() -> None:
    stateful, pod = db()
    made = plan(DeletePod(object=DB_1, owner=DB), live={DB: stateful, DB_1: pod})
    (deletion,) = made.patches
    assert deletion.verb == "delete"
    assert json.loads(deletion.patch)["preconditions"] == {"uid": "uid-db-1"}
    assert made.inverse == []
    (write,) = made.writes
    assert (write.verb, write.group, write.resource, write.name) == ("delete", "", "pods", "db-1")
    assert made.diff == ["- Pod shop/db-1 (deleted; its controller makes it anew)"]


def test_deletions_come_after_the_patches_and_their_inverse_stays_parallel() -> None:
    stateful, pod = db()
    actions = (
        DeletePod(object=DB_1, owner=DB),
        SetImage(object=DB, container="app", image="nginx:1.28"),
    )
    made = plan(*actions, live={DB: stateful, DB_1: pod})
    assert [(p.object.kind, p.verb) for p in made.patches] == [
        ("StatefulSet", "patch"),
        ("Pod", "delete"),
    ]
    assert [p.object for p in made.inverse] == [DB]


def test_another_pod_under_the_same_name_is_another_digest() -> None:
    stateful, pod = db()
    one = plan(DeletePod(object=DB_1, owner=DB), live={DB: stateful, DB_1: pod})
    pod["metadata"]["uid"] = "anew"
    other = plan(DeletePod(object=DB_1, owner=DB), live={DB: stateful, DB_1: pod})
    assert one.digest != other.digest


@pytest.mark.parametrize(
    "owners",
    [
        [],
        [{"uid": "uid-other", "controller": True}],
        [{"uid": "uid-db", "controller": False}],
        [{"uid": "", "controller": True}],
        [None, 7],
        "nonsense",
    ],
)
def test_a_pod_that_nobody_would_make_anew_is_not_deleted(owners: Any) -> None:
    stateful, pod = db()
    pod["metadata"]["ownerReferences"] = owners
    with pytest.raises(ActionError):
        plan(DeletePod(object=DB_1, owner=DB), live={DB: stateful, DB_1: pod})


def test_a_pod_without_uid_is_not_deleted() -> None:
    stateful, pod = db()
    del pod["metadata"]["uid"]
    with pytest.raises(ActionError, match="no UID"):
        plan(DeletePod(object=DB_1, owner=DB), live={DB: stateful, DB_1: pod})


def test_a_deployments_pod_is_reached_through_its_replica_set() -> None:
    web = deployment()
    pod = owned(pod_of(web), "uid-rs")
    rs = owned({"metadata": {"name": "web-h1", "uid": "uid-rs"}}, "uid-web")
    action = DeletePod(object=WEB_1, owner=WEB, replica_set="web-h1")
    assert plan(action, live={WEB: web, WEB_1: pod, WEB_RS: rs}).patches
    foreign = owned({"metadata": {"name": "web-h1", "uid": "uid-rs"}}, "uid-somebody")
    with pytest.raises(ActionError):
        plan(action, live={WEB: web, WEB_1: pod, WEB_RS: foreign})
    with pytest.raises(ActionError):
        plan(action, live={WEB: web, WEB_1: pod})


@pytest.mark.parametrize(
    ("pod", "target"),
    [
        (DB_1, WEB),
        (DB_1.model_copy(update={"namespace": "other"}), DB),
        (DB_1, DB.model_copy(update={"namespace": "kube-system"})),
    ],
)
def test_pods_of_others_are_out_of_scope(pod: ObjectRef, target: ObjectRef) -> None:
    with pytest.raises(ActionError):
        check_scope(DeletePod(object=pod, owner=DB), target, PodSpec())
    check_scope(DeletePod(object=DB_1, owner=DB), DB, PodSpec())


def test_only_pods_are_deleted() -> None:
    stateful, _ = db()
    with pytest.raises(ActionError):
        plan(DeletePod(object=DB, owner=DB), live={DB: stateful})
