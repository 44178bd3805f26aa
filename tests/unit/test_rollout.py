"""When a workload is as its spec wants it, as `kubectl rollout status` says it."""

from typing import Any

import pytest

from podiatrist.actions.compiler import Proposal
from podiatrist.actions.scale import Scale
from podiatrist.actions.set_image import SetImage
from podiatrist.actions.uncordon_node import UncordonNode
from podiatrist.analyzers.common.rollout import delete_sick_pods, reaching, unfinished
from podiatrist.api.diagnosis import ObjectRef
from tests.unit.builders import World, not_found, pod_of, running, workload


def waits(kind: str, spec: dict[str, Any], pods: Any = (), **status: Any) -> str | None:
    owner = workload(kind, replicas=3)
    owner["spec"] |= spec
    owner["status"] = {"observedGeneration": 1, **status}
    return unfinished(World(owner, pods=[make(pod_of(owner)) for make in pods]).snapshot())


DONE = {"replicas": 3, "updatedReplicas": 3, "availableReplicas": 3}
SAME = {"currentRevision": "a", "updateRevision": "a"}
NEXT = {"currentRevision": "a", "updateRevision": "b"}
PARTITION = {"updateStrategy": {"rollingUpdate": {"partition": 2}}}


@pytest.mark.parametrize(
    ("kind", "spec", "status", "what"),
    [
        ("Deployment", {}, DONE, None),
        ("Deployment", {}, {**DONE, "observedGeneration": 0}, "its controller has not seen"),
        ("Deployment", {}, {**DONE, "replicas": 4}, "1 pod(s) of an older revision"),
        ("Deployment", {}, {**DONE, "availableReplicas": 1}, "availableReplicas is 1 of 3"),
        ("Deployment", {}, {}, "updatedReplicas is 0 of 3"),
        ("Deployment", {"replicas": 0}, {}, None),
        ("Deployment", {"replicas": None}, {}, "updatedReplicas is 0 of 1"),
        ("ReplicaSet", {}, {"readyReplicas": 3}, None),
        ("ReplicaSet", {}, {"readyReplicas": 2}, "readyReplicas is 2 of 3"),
        ("StatefulSet", {}, {**SAME, "readyReplicas": 3}, None),
        ("StatefulSet", {}, {**SAME, "readyReplicas": 2}, "readyReplicas is 2 of 3"),
        ("StatefulSet", {}, {**NEXT, "readyReplicas": 3, "updatedReplicas": 1}, "updatedReplicas"),
        # A partition holds the lower ordinals back for good: that is not unfinished.
        ("StatefulSet", PARTITION, {**NEXT, "readyReplicas": 3, "updatedReplicas": 1}, None),
        (
            "StatefulSet",
            PARTITION,
            {**NEXT, "readyReplicas": 3},
            "updatedReplicas is 0 of 1",
        ),
        ("DaemonSet", {}, {"desiredNumberScheduled": 0}, None),
        (
            "DaemonSet",
            {},
            {"desiredNumberScheduled": 5, "updatedNumberScheduled": 5, "numberAvailable": 4},
            "numberAvailable is 4 of 5",
        ),
    ],
)
def test_what_a_rollout_waits_for(
    kind: str, spec: dict[str, Any], status: dict[str, Any], what: str | None
) -> None:
    said = waits(kind, spec, **status)
    assert (said is None) if what is None else (said is not None and what in said)


def sick(pod: Any) -> Any:
    return not_found(pod, "docker.io/library/ngnix:latest")


def succeeded(pod: Any) -> Any:
    return {**pod, "status": {"phase": "Succeeded"}}


@pytest.mark.parametrize("kind", ["Pod", "Job"])
@pytest.mark.parametrize(
    ("pods", "ready"), [([running], True), ([succeeded], True), ([sick], False), ([], True)]
)
def test_what_has_no_rollout_waits_for_its_pods(kind: str, pods: Any, ready: bool) -> None:
    assert (waits(kind, {}, pods) is None) is ready


@pytest.mark.parametrize(
    ("status", "said"),
    [
        ({}, None),
        ({"lastScheduleTime": "2026-11-23T10:00:00Z"}, "its last run has not succeeded"),
        (
            {
                "lastScheduleTime": "2026-11-23T10:00:00Z",
                "lastSuccessfulTime": "2026-11-23T09:00:10Z",
            },
            "its last run has not succeeded",
        ),
        (
            {
                "lastScheduleTime": "2026-11-23T10:00:00Z",
                "lastSuccessfulTime": "2026-11-23T10:00:10Z",
            },
            None,
        ),
    ],
)
def test_a_cron_job_between_two_runs_is_judged_by_its_last_one(
    status: dict[str, str], said: str | None
) -> None:
    """No pods, none of them sick: that alone is no recovery."""
    assert waits("CronJob", {}, **status) == said


ON_DELETE = {"updateStrategy": {"type": "OnDelete"}}


def test_pods_that_stay_behind_by_intent_are_no_unfinished_rollout() -> None:
    behind = {**NEXT, "readyReplicas": 3, "updatedReplicas": 1}
    assert waits("StatefulSet", ON_DELETE, **behind) is None
    agents = {"desiredNumberScheduled": 3, "updatedNumberScheduled": 1, "numberAvailable": 3}
    assert waits("DaemonSet", ON_DELETE, **agents) is None
    assert waits("DaemonSet", {}, **agents) == "updatedNumberScheduled is 1 of 3"


def reached(kind: str, *actions: Any, sick: int = 1, **spec: Any) -> list[str] | None:
    """Return the actions of a fix as it reaches `sick` pods; a further one is well."""
    owner = workload(kind, "db")
    owner["spec"] |= spec
    pods = [not_found(pod_of(owner, n), "nginx") for n in range(sick)]
    snapshot = World(owner, pods=[*pods, running(pod_of(owner, 9))]).snapshot()
    image = SetImage(object=snapshot.target, container="app", image="x")
    scale = Scale(object=snapshot.target, replicas=1)
    node = UncordonNode(object=ObjectRef(api_version="v1", kind="Node", name="n1"))
    made = {"image": image, "scale": scale, "node": node}
    found = reaching(snapshot, Proposal("t", "Why.", tuple(made[a] for a in actions)))
    return None if found is None else [f"{type(a).__name__} {a.object.name}" for a in found.actions]


@pytest.mark.parametrize(
    ("kind", "spec", "reach"),
    [
        ("Deployment", {}, ["SetImage db"]),
        ("Deployment", {"paused": True}, None),
        ("StatefulSet", {"podManagementPolicy": "Parallel"}, ["SetImage db"]),
        ("StatefulSet", {}, ["SetImage db", "DeletePod db-0"]),
        ("StatefulSet", ON_DELETE, ["SetImage db", "DeletePod db-0"]),
        ("DaemonSet", {}, ["SetImage db"]),
        ("DaemonSet", ON_DELETE, ["SetImage db", "DeletePod db-0"]),
        ("ReplicaSet", {}, None),
        ("Job", {}, None),
        ("CronJob", {}, None),
    ],
)
def test_how_a_new_template_reaches_sick_pods(
    kind: str, spec: dict[str, Any], reach: list[str] | None
) -> None:
    assert reached(kind, "image", **spec) == reach


def test_a_pod_is_changed_itself() -> None:
    assert reached("Pod", "image") == ["SetImage db"]
    assert reached("Pod", "image", "scale") is None


def test_what_is_no_template_needs_no_deletion() -> None:
    assert reached("StatefulSet", "scale") == ["Scale db"]
    assert reached("ReplicaSet", "node") == ["UncordonNode n1"]


def test_too_many_deletions_are_no_option_and_none_no_fix() -> None:
    assert reached("StatefulSet", "image", sick=7) is not None
    assert reached("StatefulSet", "image", sick=8) is None
    assert reached("StatefulSet", "image", sick=0) is None


def test_a_pod_that_crashes_is_sick_in_the_second_in_which_it_runs_too() -> None:
    owner = workload("StatefulSet", "db")
    pod = running(pod_of(owner))
    pod["status"]["containerStatuses"][0] |= {
        "restartCount": 3,
        "lastState": {"terminated": {"exitCode": 1}},
    }
    snapshot = World(owner, pods=[pod]).snapshot()
    assert [d.object.name for d in delete_sick_pods(snapshot)] == ["db-1"]
