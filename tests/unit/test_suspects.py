"""What the sweep finds worth a look, and what every healthy cluster is full of."""

from datetime import timedelta
from typing import Any

import pytest

from podiatrist.cluster.objects import (
    Autoscaler,
    Claim,
    CronJob,
    DisruptionBudget,
    EndpointSlice,
    Job,
    Node,
    Pod,
    Service,
    Struct,
    T,
    Workload,
    parse,
)
from podiatrist.cluster.snapshot import Object
from podiatrist.notice.suspects import Reading, suspects
from tests.unit.builders import NOW, deployment, node, pod_of, running, unscheduled


def read(kind: type[T], raw: Object) -> T:
    parsed = parse(kind, raw)
    assert isinstance(parsed, Struct)
    return parsed


def named(name: str = "web", **more: Any) -> Object:
    return {"metadata": {"name": name, "namespace": "shop"}, **more}


def names(reading: Reading) -> list[str]:
    return sorted(f"{t.kind}/{t.name}" for t in suspects(reading, NOW))


def workload(replicas: int = 1, kind: str = "Deployment", **status: Any) -> Workload:
    raw = deployment(replicas=replicas)
    raw["metadata"]["generation"] = 1
    return read(Workload, {**raw, "apiVersion": "apps/v1", "kind": kind, "status": status})


WEB_POD = read(Pod, running(pod_of(deployment())))
SICK_POD = read(Pod, unscheduled(pod_of(deployment("other"))))


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (workload(2, readyReplicas=2, updatedReplicas=2), []),
        (workload(2, readyReplicas=1, updatedReplicas=2), ["Deployment/web"]),
        (workload(2, readyReplicas=2, updatedReplicas=1), ["Deployment/web"]),
        (workload(2), ["Deployment/web"]),
        (
            workload(
                readyReplicas=1,
                updatedReplicas=1,
                conditions=[{"type": "Progressing", "status": "False"}],
            ),
            ["Deployment/web"],
        ),
        (workload(0), []),
        (workload(kind="DaemonSet", desiredNumberScheduled=2, numberAvailable=2), []),
        (
            workload(kind="DaemonSet", desiredNumberScheduled=2, numberAvailable=1),
            ["DaemonSet/web"],
        ),
        (
            workload(
                kind="DaemonSet", desiredNumberScheduled=1, numberAvailable=1, numberMisscheduled=1
            ),
            ["DaemonSet/web"],
        ),
    ],
)
def test_workloads_that_are_behind(found: Workload, expected: list[str]) -> None:
    assert names(Reading(workloads=[found])) == expected


@pytest.mark.parametrize(
    ("pods", "selector", "expected"),
    [
        ([SICK_POD], {"app": "web"}, ["Deployment/web"]),
        ([WEB_POD], {"app": "web"}, []),  # nobody suffers
        ([SICK_POD], {"app": "db"}, []),  # nobody reaches it by name
    ],
)
def test_a_workload_at_zero_is_suspect_where_a_neighbour_suffers(
    pods: list[Pod], selector: dict[str, str], expected: list[str]
) -> None:
    service = read(Service, named(spec={"selector": selector, "ports": []}))
    reading = Reading(workloads=[workload(0)], pods=pods, services=[service])
    assert [n for n in names(reading) if n.startswith("Deployment")] == expected


def slice_of(service: str, **conditions: bool) -> EndpointSlice:
    labels = {"kubernetes.io/service-name": service}
    metadata = {"name": f"{service}-1", "namespace": "shop", "labels": labels}
    return read(EndpointSlice, {"metadata": metadata, "endpoints": [{"conditions": conditions}]})


@pytest.mark.parametrize(
    ("spec", "slices", "expected"),
    [
        ({"selector": {"app": "web"}}, [slice_of("web", ready=True)], []),
        ({"selector": {"app": "web"}}, [slice_of("web")], []),  # unknown counts as ready
        ({"selector": {"app": "web"}}, [slice_of("web", ready=False)], ["Service/web"]),
        ({"selector": {"app": "web"}}, [], ["Service/web"]),
        ({}, [], []),
        ({"type": "ExternalName", "selector": {"app": "web"}}, [], []),
        (
            {"selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": "http"}]},
            [slice_of("web", ready=True)],
            ["Service/web"],  # its pods declare no such port
        ),
    ],
)
def test_services_that_reach_nobody(
    spec: Object, slices: list[EndpointSlice], expected: list[str]
) -> None:
    service = read(Service, named(spec=spec))
    reading = Reading(services=[service], endpoint_slices=slices, pods=[WEB_POD])
    assert names(reading) == expected


def conditions(*facts: str) -> Object:
    """Return a status from `Type=Status:Reason`."""
    parts = [fact.replace(":", "=").split("=") for fact in facts]
    return {
        "conditions": [
            {"type": kind, "status": status, "reason": reason[0] if reason else ""}
            for kind, status, *reason in parts
        ]
    }


@pytest.mark.parametrize(
    ("status", "suspect"),
    [
        (conditions("AbleToScale=True", "ScalingActive=True"), False),
        (conditions("ScalingActive=False:ScalingDisabled"), False),  # scaled to zero on purpose
        (conditions("ScalingActive=False:FailedGetResourceMetric"), True),
        (conditions("AbleToScale=False:FailedGetScale"), True),
        (conditions("ScalingLimited=True:TooManyReplicas"), True),
        (conditions("ScalingLimited=True:TooFewReplicas"), False),  # at rest
    ],
)
def test_autoscalers_that_complain(status: Object, suspect: bool) -> None:
    reading = Reading(autoscalers=[read(Autoscaler, named(status=status))])
    assert bool(names(reading)) is suspect


@pytest.mark.parametrize(
    ("phase", "suspect"), [("Bound", False), ("Pending", True), ("Lost", True)]
)
def test_claims_without_a_volume(phase: str, suspect: bool) -> None:
    reading = Reading(claims=[read(Claim, named(status={"phase": phase}))])
    assert bool(names(reading)) is suspect


@pytest.mark.parametrize(
    ("cordoned", "allowed", "suspect"), [(True, 0, True), (False, 0, False), (True, 1, False)]
)
def test_budgets_matter_while_a_node_is_drained(
    cordoned: bool, allowed: int, suspect: bool
) -> None:
    budget = named(
        spec={"selector": {"matchLabels": {"app": "web"}}}, status={"disruptionsAllowed": allowed}
    )
    reading = Reading(
        budgets=[read(DisruptionBudget, budget)],
        pods=[WEB_POD],
        nodes=[read(Node, node("n1", cordoned=cordoned))],
    )
    assert ("PodDisruptionBudget/web" in names(reading)) is suspect


@pytest.mark.parametrize(
    ("minutes", "suspect"), [(5, True), (90, False)]  # yesterday's failures are history
)  # fmt: skip
def test_jobs_that_failed_lately(minutes: int, suspect: bool) -> None:
    at = (NOW - timedelta(minutes=minutes)).isoformat()
    failed = {"type": "Failed", "status": "True", "lastTransitionTime": at}
    reading = Reading(jobs=[read(Job, named(status={"conditions": [failed]}))])
    assert bool(names(reading)) is suspect


@pytest.mark.parametrize(
    ("spec", "status", "suspect"),
    [
        ({"suspend": True}, {}, False),
        ({}, {}, True),  # never ran
        ({}, {"lastScheduleTime": NOW.isoformat()}, False),
        ({}, {"lastScheduleTime": NOW.isoformat(), "active": [{}]}, False),
        ({}, {"lastScheduleTime": NOW.isoformat(), "active": [{}, {}]}, True),
        (
            {},
            {"lastScheduleTime": (NOW - timedelta(minutes=5)).isoformat(), "active": [{}]},
            True,  # the next run may be waiting for it
        ),
        ({}, {"lastScheduleTime": (NOW - timedelta(hours=2)).isoformat()}, True),
    ],
)
def test_cron_jobs_that_look_stuck(spec: Object, status: Object, suspect: bool) -> None:
    reading = Reading(cron_jobs=[read(CronJob, named(spec=spec, status=status))])
    assert bool(names(reading)) is suspect


@pytest.mark.parametrize(
    ("status", "cordoned", "pods", "suspect"),
    [
        (conditions("Ready=True", "DiskPressure=False"), False, [], False),
        (conditions("Ready=Unknown:NodeStatusUnknown"), False, [], True),
        (conditions("Ready=True", "MemoryPressure=True"), False, [], True),
        (conditions("Ready=True"), True, [WEB_POD], False),  # drained, nobody waits
        (conditions("Ready=True"), True, [SICK_POD], True),
    ],
)
def test_nodes_in_trouble(status: Object, cordoned: bool, pods: list[Pod], suspect: bool) -> None:
    raw = {**node("n1", cordoned=cordoned), "status": status}
    reading = Reading(nodes=[read(Node, raw)], pods=pods)
    assert ("Node/n1" in names(reading)) is suspect


def test_half_filled_objects_are_no_obstacle() -> None:
    reading = Reading(
        workloads=[Workload()],
        pods=[Pod()],
        services=[Service()],
        endpoint_slices=[EndpointSlice()],
        claims=[Claim()],
        autoscalers=[Autoscaler()],
        budgets=[DisruptionBudget()],
        cron_jobs=[CronJob()],
        jobs=[Job()],
        nodes=[Node()],
    )
    assert names(reading) == ["CronJob/"]
