"""Stories of pods that no node takes because there is no room, or because of other pods."""

from typing import Any

import pytest

from podiatrist.api.diagnosis import Risk
from tests.unit.builders import (
    World,
    container,
    deployment,
    node,
    pod_of,
    running,
    unscheduled,
    workload,
)
from tests.unit.recorded import recorded


def stuck(owner: Any, *nodes: Any, pods: int = 1, **more: Any) -> World:
    """Return a world in which no node takes the workload's pods."""
    waiting = [unscheduled(pod_of(owner, i + 1)) for i in range(pods)]
    return World(owner, pods=waiting, nodes=list(nodes), **more)


def other(cpu: str, on: str = "n1") -> Any:
    """Return a running pod of somebody else."""
    owner = deployment("other", containers=[container(cpu=cpu)])
    return running(pod_of(owner), on)


def with_sidecar(cpu: str) -> list[Any]:
    return [{**container("mesh", cpu=cpu), "restartPolicy": "Always"}]


def test_a_request_beyond_the_largest_node_is_lowered_to_what_is_free() -> None:
    web = deployment(containers=[container(cpu="8")])
    said = stuck(web, node(cpu="4"), others=[other("1500m")]).diagnose()
    assert said.reasons == ["InsufficientResources"]
    assert "node n1 has 2500m of 4 cpu free, 8 is requested" in said.messages[0]
    assert said.offers == [("Lower the cpu request of app from 8 to 2500m", Risk.MEDIUM)]
    assert said.options[0].commands == [
        "kubectl -n shop set resources deployment/web -c app --requests=cpu=2500m"
    ]
    quotes = [e.quote for e in said.results[0].finding.evidence]
    assert '{"cpu":"8"}' in quotes
    assert '"cpu":"4"' in quotes


def test_three_pods_share_what_one_node_has() -> None:
    web = deployment(replicas=3, containers=[container(cpu="3")])
    said = stuck(web, node(cpu="2"), pods=3).diagnose()
    assert said.offers[0][0] == "Lower the cpu request of app from 3 to 660m"


def test_three_pods_spread_over_nodes_of_different_size() -> None:
    web = deployment(replicas=3, containers=[container(cpu="8")])
    said = stuck(web, node("a", cpu="4"), node("b", cpu="3"), pods=3).diagnose()
    assert said.offers[0][0] == "Lower the cpu request of app from 8 to 2"


def test_memory_is_lowered_in_whole_mebibytes() -> None:
    web = deployment(containers=[container(memory="64Gi")])
    said = stuck(web, node(memory="16000000Ki")).diagnose()
    assert "node n1 has 15625Mi of 15625Mi memory free, 64Gi is requested" in said.messages[0]
    assert said.offers[0][0] == "Lower the memory request of app from 64Gi to 15625Mi"


def test_what_runs_beside_the_container_keeps_its_share() -> None:
    inits = with_sidecar("500m")
    web = deployment(
        containers=[container(cpu="4"), container("log", cpu="1")], initContainers=inits
    )
    said = stuck(web, node(cpu="4")).diagnose()
    assert said.offers[0][0] == "Lower the cpu request of app from 4 to 2500m"


def test_an_init_container_that_is_too_large_is_not_cured_by_a_smaller_app() -> None:
    web = deployment(containers=[container(cpu="4")], initContainers=[container("load", cpu="3")])
    said = stuck(web, node(cpu="2500m")).diagnose()
    assert said.reasons == ["InsufficientResources"]
    assert said.options == []


def test_an_overcommitted_node_does_not_take_room_from_the_others() -> None:
    web = deployment(containers=[container(cpu="4")])
    full = [other("3"), other("3")]  # more than the node has, as after a shrunk node pool
    said = stuck(web, node("n1", cpu="1"), node("n2", cpu="2"), others=full).diagnose()
    assert "2 of 2 nodes: n1 has 0 of 1 cpu free" in said.messages[0]
    assert said.offers[0][0] == "Lower the cpu request of app from 4 to 2"


def test_a_request_is_not_lowered_to_next_to_nothing() -> None:
    web = deployment(containers=[container(cpu="64")])
    assert stuck(web, node(cpu="2")).diagnose().options == []


def test_two_short_resources_are_left_to_a_human() -> None:
    web = deployment(containers=[container(cpu="8", memory="64Gi")])
    said = stuck(web, node()).diagnose()
    assert "4 cpu free, 8 is requested and has 8Gi of 8Gi memory free" in said.messages[0]
    assert said.options == []


def test_a_missing_device_is_named_and_never_lowered() -> None:
    wanted = {"resources": {"requests": {"nvidia.com/gpu": "1"}}}
    web = deployment(containers=[container() | wanted])
    said = stuck(web, node()).diagnose()
    assert "node n1 has 0 of 0 nvidia.com/gpu free, 1 is requested" in said.messages[0]
    assert said.options == []


@pytest.mark.parametrize("kind", ["Deployment", "StatefulSet"])
def test_fewer_replicas_are_offered_where_some_run(kind: str) -> None:
    web = workload(kind, replicas=2, containers=[container(cpu="3")])
    web["spec"]["podManagementPolicy"] = "Parallel"
    pods = [running(pod_of(web, 1)), unscheduled(pod_of(web, 2))]
    said = World(web, pods=pods, nodes=[node(cpu="4")]).diagnose()
    assert said.offers == [
        ("Lower the cpu request of app from 3 to 1", Risk.MEDIUM),
        ("Scale to the 1 pod(s) that have a node", Risk.MEDIUM),
    ]
    assert said.options[1].commands == [f"kubectl -n shop scale {kind.lower()}/web --replicas=1"]


def test_a_pod_that_is_leaving_does_not_count_as_running() -> None:
    web = deployment(replicas=2, containers=[container(cpu="60")])
    leaving = running(pod_of(web, 1))
    leaving["metadata"]["deletionTimestamp"] = "2026-11-03T11:59:50Z"
    pods = [leaving, unscheduled(pod_of(web, 2))]
    assert World(web, pods=pods, nodes=[node()]).diagnose().options == []


@pytest.mark.parametrize("kind", ["Job", "CronJob", "DaemonSet"])
def test_what_has_no_replicas_is_not_scaled(kind: str) -> None:
    job = workload(kind, containers=[container(host_port=80)])
    if kind == "CronJob":
        job["spec"] = {"jobTemplate": {"spec": {"template": job["spec"]["template"]}}}
        made = pod_of({**job, "spec": job["spec"]["jobTemplate"]["spec"]}, 1)
    else:
        made = pod_of(job, 1)
    pods = [running(made), unscheduled({**made, "metadata": {**made["metadata"], "name": "two"}})]
    said = World(job, pods=pods, nodes=[node()]).diagnose()
    assert said.reasons == ["HostPortTaken"]
    assert said.options == []


def test_a_taken_host_port_names_its_holder() -> None:
    web = deployment(replicas=2, containers=[container(host_port=8080)])
    pods = [running(pod_of(web, 1)), unscheduled(pod_of(web, 2))]
    said = World(web, pods=pods, nodes=[node()]).diagnose()
    assert said.reasons == ["HostPortTaken"]
    assert "node n1 has host port 8080/TCP taken by pod shop/web-1" in said.messages[0]
    assert said.offers == [("Scale to the 1 pod(s) that have a node", Risk.MEDIUM)]


ALONE = {
    "podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [{"topologyKey": "h"}]}
}
TOGETHER = {
    "podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [{"topologyKey": "h"}]}
}
EVENLY = [{"whenUnsatisfiable": "DoNotSchedule", "topologyKey": "zone", "maxSkew": 1}]


@pytest.mark.parametrize(
    ("spec", "why"),
    [
        ({"affinity": ALONE}, "it must not run beside certain other pods"),
        ({"affinity": TOGETHER}, "it must run beside certain other pods"),
        ({"topologySpreadConstraints": EVENLY}, "it must be spread evenly"),
    ],
)
def test_rules_about_other_pods_are_named_and_left_to_a_human(spec: Any, why: str) -> None:
    said = stuck(deployment(**spec), node()).diagnose()
    assert said.reasons == ["PodRulesUnmet"]
    assert why in said.messages[0]
    assert said.options == []


def test_a_rule_about_pods_is_named_beside_a_taint_on_another_node() -> None:
    web = deployment(affinity=ALONE)
    said = stuck(web, node("worker"), node("red", taints=["team=red:NoSchedule"])).diagnose()
    assert said.reasons == ["UntoleratedTaint", "PodRulesUnmet"]


def test_a_cluster_without_nodes_says_so() -> None:
    said = stuck(deployment(affinity=ALONE)).diagnose()
    assert said.reasons == ["Unschedulable"]
    assert said.messages == ["1 pod of Deployment shop/web has no node: the cluster has no nodes"]
    assert said.options == []


@pytest.mark.parametrize(
    "line",
    [m for m in recorded("scheduling_messages") if m["reason"] == "FailedScheduling"],
    ids=lambda m: m["case"],
)
def test_where_we_see_no_obstacle_the_schedulers_own_words_are_repeated(line: Any) -> None:
    web = deployment()
    said = World(web, pods=[unscheduled(pod_of(web), line["message"])], nodes=[node()]).diagnose()
    assert said.reasons == ["Unschedulable"]
    assert line["message"] in said.messages[0]
    assert said.options == []
