"""Stories of nodes that are lost, short of something, or cordoned while somebody waits."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podiatrist.analyzers.nodes.nodes import node_trouble, owner_name, pods_on
from podiatrist.api.diagnosis import Risk
from podiatrist.cluster.objects import Node, Pod, parse
from tests.unit.builders import (
    World,
    container,
    copy_of,
    deployment,
    event,
    node,
    pod_of,
    running,
    unscheduled,
    workload,
)

SILENT = "Kubelet stopped posting node status."
NO_CNI = (
    "container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady "
    "message:Network plugin returns error: cni plugin not initialized"
)
CORDON = "0/1 nodes are available: 1 node(s) were unschedulable."
LONG_AGO, JUST_NOW = "2026-11-03T11:50:00Z", "2026-11-03T11:59:58Z"


def ailing(
    kind: str,
    status: str,
    message: str = "",
    *,
    since: str = LONG_AGO,
    reason: str = "",
    **more: Any,
) -> Any:
    """Return node n1 with one condition beside a good Ready."""
    made = node(**more)
    conditions = [{"type": "Ready", "status": "True", "reason": "KubeletReady"}]
    told = {"type": kind, "status": status, "message": message, "reason": reason}
    told["lastTransitionTime"] = since
    made["status"]["conditions"] = [c for c in conditions if c["type"] != kind] + [told]
    return made


def about(target: Any, *pods: Any, waiting: Any = (), **more: Any) -> World:
    """Return a node as target, with its pods and those of the cluster that wait."""
    return World(target, pods=list(pods), nodes=[target, *more.pop("nodes", [])],
                 others=list(waiting), **more)  # fmt: skip


def lost_pod(name: str = "web") -> Any:
    """Return a pod whose node was lost, as the node controller leaves it."""
    pod = owned(running(pod_of(deployment(name))), name)
    pod["status"]["conditions"] = [{"type": "Ready", "status": "False"}]
    return pod


def owned(pod: Any, name: str, kind: str = "ReplicaSet") -> Any:
    pod = copy_of(pod)
    labels = pod["metadata"].setdefault("labels", {})
    if kind == "ReplicaSet":
        labels["pod-template-hash"] = "6d5f"
        name = f"{name}-6d5f"
    pod["metadata"]["ownerReferences"] = [
        {"kind": kind, "name": name, "uid": "u", "controller": True}
    ]
    return pod


def waiting_pod(name: str = "web", message: str = CORDON, **spec: Any) -> Any:
    return owned(unscheduled(pod_of(deployment(name, **spec)), message), name)


@pytest.mark.parametrize(
    ("status", "reason", "message", "cause"),
    [
        (
            "Unknown",
            "NodeStatusUnknown",
            SILENT,
            "its kubelet stopped posting status at 2026-11-03",
        ),
        ("Unknown", "NodeStatusNeverUpdated", "Kubelet never posted node status.", "never joined"),
        ("False", "KubeletNotReady", NO_CNI, "pod network is not set up (CNI)"),
        ("False", "KubeletNotReady", "[container runtime is down]", "container runtime is down"),
        (
            "False",
            "KubeletNotReady",
            "PLEG is not healthy: pleg was last seen active 3m9s ago; threshold is 3m0s",
            "(PLEG)",
        ),
        ("False", "KubeletNotReady", "node is shutting down", "is being shut down"),
        ("False", "KubeletNotReady", "the moon is full", "its kubelet says: the moon is full"),
        ("False", "", "", "journalctl -u kubelet"),
    ],
)
def test_a_node_that_is_not_ready_is_one_finding_with_its_cause(
    status: str, reason: str, message: str, cause: str
) -> None:
    lost = ailing("Ready", status, message, reason=reason)
    said = about(lost, lost_pod(), owned(lost_pod("db"), "db", "StatefulSet")).diagnose()
    assert said.reasons == ["NodeNotReady"]
    assert cause in said.messages[0]
    assert "2 pods there not ready: Deployment shop/web, StatefulSet shop/db." in said.messages[0]
    assert said.options == []
    assert [e.quote for e in said.results[0].finding.evidence] == [message or '"type":"Ready"']


@pytest.mark.parametrize(
    ("condition", "reason", "word"),
    [
        ("MemoryPressure", "MemoryPressure", "memory"),
        ("DiskPressure", "DiskPressure", "disk"),
        ("PIDPressure", "PIDPressure", "process IDs"),
        ("NetworkUnavailable", "NodeNetworkUnavailable", "network"),
    ],
)
def test_pressure_names_what_runs_there(condition: str, reason: str, word: str) -> None:
    short = ailing(condition, "True", "kubelet has it")
    agent = owned(running(pod_of(deployment("agent"))), "agent", "DaemonSet")
    said = about(short, owned(running(pod_of(deployment())), "web"), agent).diagnose()
    assert said.reasons == [reason]
    assert word in said.messages[0]
    assert said.messages[0].endswith("On it: Deployment shop/web.")


def test_an_event_of_the_node_says_more_than_its_condition() -> None:
    short = ailing("DiskPressure", "True", "kubelet has disk pressure")
    told = event("n1", "FreeDiskSpaceFailed", "freed 0 bytes, but 5 GiB were needed")
    said = about(short, events=[told, event("n1", "Rebooted", "boot")]).diagnose()
    quotes = [e.quote for e in said.results[0].finding.evidence]
    assert quotes == ["kubelet has disk pressure", "freed 0 bytes, but 5 GiB were needed"]


def test_a_cordoned_node_that_somebody_waits_for_may_be_uncordoned() -> None:
    cordoned = node(cordoned=True)
    waiting = [waiting_pod(), waiting_pod("db")]
    said = about(cordoned, running(pod_of(deployment("old"))), waiting=waiting).diagnose()
    assert said.reasons == ["NodeCordoned"]
    assert "2 pods waiting for it: Deployment shop/web, Deployment shop/db." in said.messages[0]
    assert said.offers == [("Uncordon node n1", Risk.HIGH)]
    assert said.options[0].commands == ["kubectl uncordon n1"]
    assert {e.quote for e in said.results[0].finding.evidence} == {'"unschedulable":true', CORDON}


@pytest.mark.parametrize(
    ("waiting", "others"),
    [
        ([], []),  # drained, and nobody misses it
        ([waiting_pod(containers=[container(cpu="64")])], []),  # it would not fit there anyway
        ([waiting_pod(nodeSelector={"disk": "ssd"})], []),
        ([waiting_pod()], [node("n2")]),  # another node would do: the scheduler has its reasons
        ([waiting_pod()], [node("n2", cpu="0")]),  # the other node is full: not the cordon alone
        ([waiting_pod(message='persistentvolumeclaim "data" not found')], []),
    ],
)
def test_a_cordoned_node_that_nobody_waits_for_is_well(waiting: Any, others: Any) -> None:
    assert about(node(cordoned=True), waiting=waiting, nodes=others).diagnose().reasons == []


def test_nodes_that_such_pods_never_get_do_not_clear_the_cordoned_one() -> None:
    others = [
        node("master", taints=["node-role.kubernetes.io/control-plane:NoSchedule"]),
        node("gpu", labels={"pool": "gpu"}),
    ]
    here = node(cordoned=True, labels={"pool": "web"})
    pods = [waiting_pod(nodeSelector={"pool": "web"})]
    assert about(here, waiting=pods, nodes=others).diagnose().reasons == ["NodeCordoned"]


def test_of_two_cordoned_nodes_the_roomier_one_is_told() -> None:
    small, big = node("small", cpu="1", cordoned=True), node("big", cpu="8", cordoned=True)
    assert about(small, waiting=[waiting_pod()], nodes=[big]).diagnose().reasons == []
    assert about(big, waiting=[waiting_pod()], nodes=[small]).diagnose().reasons == ["NodeCordoned"]


def test_pods_on_a_node_are_explained_to_their_owners_only() -> None:
    crashing = running(pod_of(deployment()))
    waits = {
        "name": "app",
        "state": {"waiting": {"reason": "ErrImagePull", "message": "not found"}},
    }
    crashing["status"] = {"phase": "Pending", "containerStatuses": [waits]}
    assert about(node(), crashing).diagnose().reasons == []


@pytest.mark.parametrize(
    "well",
    [
        node(),
        ailing("Ready", "True", "kubelet is posting ready status"),
        ailing("MemoryPressure", "False", "kubelet has sufficient memory"),
        ailing("DiskPressure", "Unknown", SILENT),
        ailing("Ready", "False", "node is shutting down", since=JUST_NOW),
        ailing("DiskPressure", "True", "kubelet has disk pressure", since=JUST_NOW),
    ],
)
def test_a_node_that_is_well_or_only_just_is_not(well: Any) -> None:
    assert about(well, running(pod_of(deployment()))).diagnose().reasons == []


@pytest.mark.parametrize("kind", ["Deployment", "StatefulSet", "DaemonSet"])
def test_pods_lost_with_their_node_point_to_it(kind: str) -> None:
    web = workload(kind)
    pod = running(pod_of(web))
    pod["status"]["conditions"] = [{"type": "Ready", "status": "False"}]
    lost = ailing("Ready", "Unknown", SILENT)
    (result,) = World(web, pods=[pod], nodes=[lost]).diagnose().results
    assert result.finding.reason == "NodeNotReady"
    assert f"1 pod of {kind} shop/web is on node n1, which is not ready" in result.finding.message
    assert str(result.cause) == "Node n1"


def test_pods_that_wait_for_a_lost_node_point_to_it() -> None:
    lost = ailing("Ready", "Unknown", SILENT, taints=["node.kubernetes.io/unreachable:NoSchedule"])
    web = deployment()
    said = World(web, pods=[unscheduled(pod_of(web))], nodes=[lost]).diagnose()
    assert said.reasons == ["NodeNotReady"]
    assert "its kubelet stopped posting status" in said.messages[0]
    assert str(said.results[0].cause) == "Node n1"
    told = about(lost, waiting=[waiting_pod()]).diagnose()
    assert "1 pod waiting for it: Deployment shop/web." in told.messages[0]


def test_ready_pods_of_a_node_that_is_lost_are_left_alone() -> None:
    web = deployment()
    lost = ailing("Ready", "Unknown", SILENT)
    assert World(web, pods=[running(pod_of(web))], nodes=[lost]).diagnose().reasons == []


def test_whose_pod_it_is() -> None:
    bare = parse(Pod, {"metadata": {"name": "p", "namespace": "shop"}})
    assert bare is not None
    assert owner_name(bare) == "Pod shop/p"
    job = parse(Pod, owned(pod_of(deployment()), "sums", "Job"))
    assert job is not None
    assert owner_name(job) == "Job shop/sums"
    snapshot = about(node(), running(pod_of(deployment()))).snapshot()
    assert [p.metadata.name for p in pods_on(snapshot, "n1")] == ["web-1"]


junk = st.text(max_size=40) | st.none() | st.integers()


@given(kind=st.sampled_from(["Ready", "DiskPressure", ""]) | junk, status=junk, message=st.text())
def test_any_condition_is_read_without_a_word_of_python(
    kind: Any, status: Any, message: str
) -> None:
    raw = {"status": {"conditions": [{"type": kind, "status": status, "message": message}]}}
    parsed = parse(Node, raw)
    assert parsed is None or isinstance(node_trouble(parsed), str | None)


def test_hostile_messages_stay_short() -> None:
    for message in ("\x00" * 10_000_000, "\ud800" * 1000, "pleg " * 1_000_000):
        lost = ailing("Ready", "False", message)
        assert len(about(lost).snapshot().nodes) == 1
        parsed = parse(Node, lost)
        assert parsed is not None
        assert len(node_trouble(parsed) or "") < 1000
