"""When a workload is as its spec wants it, as `kubectl rollout status` says it."""

from typing import Any

import pytest

from podiatrist.analyzers.rollout import unfinished
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
