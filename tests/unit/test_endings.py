"""Pods that were refused, evicted or do not go: stories over built and recorded worlds."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podiatrist.analyzers.ending.endings import analyze
from podiatrist.cluster.kinds import NODE
from podiatrist.cluster.snapshot import Object
from podiatrist.lifecycle.options.propose import offer_options
from tests.harness.recording import load, texts
from tests.unit.builders import (
    World,
    container,
    copy_of,
    deployment,
    event,
    node,
    pod_of,
    revision,
    running,
    workload,
)

RECORDINGS = Path(__file__).parent / "recordings"
VOLUME_FULL = 'Usage of EmptyDir volume "tmp" exceeds the limit "10Mi". '
TOTAL = "Pod ephemeral local storage usage exceeds the total limit of containers 10Mi. "
OUT_OF_CPU = (
    "Pod was rejected: Node didn't have enough resource: cpu, requested: 99000, used: 50, "
    "capacity: 2000"
)
NODE_LOW = (
    "The node was low on resource: memory. Threshold quantity: 100Mi, available: 80Mi. Container "
    "app was using 400Mi, request is 0, has larger consumption of memory. "
)


def failed(pod: Object, reason: str, message: str = "", at: str = "11:58:00") -> Object:
    """Return the pod refused, or evicted at that time."""
    condition = {
        "type": "DisruptionTarget",
        "status": "True",
        "reason": "TerminationByKubelet",
        "lastTransitionTime": f"2026-11-03T{at}Z",
    }
    status: Object = {"phase": "Failed", "reason": reason, "message": message}
    if reason == "Evicted":
        status["conditions"] = [condition]
    return {**pod, "spec": {**pod["spec"], "nodeName": "n1"}, "status": status}


def made_at(pod: Object, time: str) -> Object:
    made = copy_of(pod)
    made["metadata"]["creationTimestamp"] = f"2026-11-03T{time}Z"
    return made


def evicted_twice(web: Object, message: str) -> World:
    pods = [
        failed(pod_of(web, 1), "Evicted", message, at="11:50:00"),
        failed(pod_of(web, 2), "Evicted", message, at="11:58:00"),
        running(pod_of(web, 3)),
    ]
    return World(web, pods=pods, nodes=[node()])


def limited(limit: str = "10Mi") -> Object:
    return container() | {"resources": {"limits": {"ephemeral-storage": limit}}}


def deleting(pod: Object, since: str = "11:50:00", *finalizers: str) -> Object:
    leaving = copy_of(pod)
    leaving["metadata"] |= {
        "deletionTimestamp": f"2026-11-03T{since}Z",
        "deletionGracePeriodSeconds": 30,
        "finalizers": list(finalizers),
    }
    return leaving


@pytest.mark.parametrize(
    ("name", "reason", "says", "title"),
    [
        ("np2", "HostPortTaken", "np1", ""),
        ("evict-bare", "EphemeralStorageExceeded", "10Mi", ""),
        ("evict-disk", "EphemeralStorageExceeded", "container app", "Raise the ephemeral-storage"),
        ("evict-vol", "EmptyDirLimitExceeded", "volume v", "Let emptyDir v grow to 256Mi"),
        ("final", "FinalizerBlocksDeletion", "example.com/hold", ""),
    ],
)
def test_what_the_real_cluster_said(name: str, reason: str, says: str, title: str) -> None:
    snapshot = load(RECORDINGS / f"endings-{name}.json")
    results = analyze(snapshot)
    assert [r.finding.reason for r in results] == [reason]
    assert says in results[0].finding.message
    seen = texts(snapshot)
    assert all(any(e.quote in t for t in seen) for e in results[0].finding.evidence)
    titles = [o.title for o in offer_options(snapshot, results, 60)]
    assert bool(titles) == bool(title)
    assert all(title in t for t in titles)


@pytest.mark.parametrize(
    ("reason", "message", "expected", "says"),
    [
        ("NodePorts", "Pod was rejected: Predicate NodePorts failed", "HostPortTaken", "other"),
        ("NodeAffinity", "Predicate NodeAffinity failed", "NodeLabelMismatch", "disk=ssd"),
        (
            "OutOfcpu",
            OUT_OF_CPU,
            "NodeOutOfResource",
            "99 cpu",
        ),
        ("OutOfmemory", "no numbers here", "NodeOutOfResource", "memory"),
        (
            "SysctlForbidden",
            'Pod was rejected: forbidden sysctl: "kernel.msgmax" not allowlisted',
            "SysctlForbidden",
            "kernel.msgmax",
        ),
        ("AppArmor", "Cannot enforce AppArmor: not enabled", "AppArmorUnavailable", "AppArmor"),
        ("UnexpectedAdmissionError", "Allocate failed: gpu", "DeviceNotAllocated", "gpu"),
        ("NodeShutdown", "Pod was rejected as the node is shutting down.", "NodeShutdown", "shut"),
        ("SomethingNew", "never seen", "PodRefused", "never seen"),
    ],
)
def test_refused_by_the_kubelet(reason: str, message: str, expected: str, says: str) -> None:
    web = workload(
        "Pod",
        "tool",
        containers=[container(host_port=8080)],
        nodeName="n1",
        nodeSelector={"disk": "ssd"},
    )
    other = running(pod_of(deployment("other", containers=[container(host_port=8080)])))
    said = World(
        web, pods=[failed(web, reason, message)], nodes=[node()], others=[other]
    ).diagnose()
    assert said.reasons == [expected]
    assert says in said.messages[0]
    assert "delete it" in said.messages[0]
    assert said.offers == []


def test_refused_pods_of_a_deployment_show_the_way_back() -> None:
    sysctls = {"sysctls": [{"name": "kernel.msgmax", "value": "1"}]}
    web = deployment(securityContext=sysctls)
    back = revision(web, 1, ready=1)
    del back["spec"]["template"]["spec"]["securityContext"]
    refused = failed(pod_of(web), "SysctlForbidden", 'forbidden sysctl: "kernel.msgmax"')
    refused = made_at(refused, "11:59:00")
    here = World(web, pods=[refused], nodes=[node()], revisions=[back, revision(web, 2)])
    assert here.diagnose().offers[0][0] == "Roll back to revision 1"
    here.pods.append(made_at(running(pod_of(web, 2)), "11:59:30"))
    assert here.diagnose().reasons == [], "a later one is well"


def test_a_pod_that_ran_out_of_time() -> None:
    tool = workload("Pod", "tool", activeDeadlineSeconds=5)
    late = failed(tool, "DeadlineExceeded", "Pod was active on the node longer than the specified")
    said = World(tool, pods=[late], nodes=[node()]).diagnose()
    assert said.reasons == ["PodDeadlineExceeded"]
    assert "activeDeadlineSeconds of 5" in said.messages[0]


def test_an_old_refusal_of_a_deployment_is_history() -> None:
    web = deployment()
    refused = made_at(failed(pod_of(web), "OutOfcpu"), "10:00:00")
    assert World(web, pods=[refused], nodes=[node()]).diagnose().reasons == []


def test_an_emptydir_that_grows_too_large() -> None:
    web = deployment(volumes=[{"name": "tmp", "emptyDir": {"sizeLimit": "10Mi"}}])
    said = evicted_twice(web, VOLUME_FULL).diagnose()
    assert said.reasons == ["EmptyDirLimitExceeded"]
    assert said.messages[0].startswith("Pods of Deployment shop/web were evicted 2 times")
    assert said.offers[0][0] == "Let emptyDir tmp grow to 256Mi"


def test_an_emptydir_in_memory_only_doubles() -> None:
    source = {"sizeLimit": "10Mi", "medium": "Memory"}
    web = deployment(volumes=[{"name": "tmp", "emptyDir": source}])
    assert evicted_twice(web, VOLUME_FULL).diagnose().offers[0][0].endswith("grow to 20Mi")


def test_the_way_back_where_an_update_lowered_the_limit() -> None:
    web = deployment(containers=[limited()])
    here = evicted_twice(web, TOTAL)
    here.revisions = [revision(web, 1, resources={}), revision(web, 2)]
    assert [title for title, _ in here.diagnose().offers] == [
        "Roll back to revision 1",
        "Raise the ephemeral-storage limit of app to 256Mi",
    ]


def test_one_eviction_whose_replacement_runs_is_history() -> None:
    web = deployment(containers=[limited()])
    once = evicted_twice(web, TOTAL)
    del once.pods[0]
    assert once.diagnose().reasons == []
    del once.pods[1]
    assert once.diagnose().reasons == ["EphemeralStorageExceeded"], "nothing runs instead"


def test_evictions_end_with_the_limit_they_were_about() -> None:
    here = evicted_twice(deployment(containers=[limited()]), TOTAL)
    here.target = deployment(containers=[limited("1Gi")])
    assert here.diagnose().reasons == []


def test_evictions_of_long_ago_are_history() -> None:
    here = evicted_twice(deployment(containers=[limited()]), TOTAL)
    for pod in here.pods[:2]:
        pod["status"]["conditions"][0]["lastTransitionTime"] = "2026-11-03T11:00:00Z"
    assert here.diagnose().reasons == []


def test_events_remember_the_pods_of_a_stateful_set() -> None:
    db = workload("StatefulSet", "db", containers=[limited()])
    pod = running(pod_of(db))
    events = [event("db-1", "Evicted", TOTAL), event("db-1", "Evicted", TOTAL)]
    for number, one in enumerate(events):
        one["involvedObject"]["uid"] = f"uid-gone-{number}"
    here = World(db, pods=[pod], nodes=[node()], events=events)
    said = here.diagnose()
    assert said.reasons == ["EphemeralStorageExceeded"]
    assert said.offers[0][0] == "Raise the ephemeral-storage limit of app to 256Mi"
    here.events.pop()
    assert here.diagnose().reasons == []


def test_a_node_short_of_memory_takes_who_asked_for_too_little() -> None:
    here = evicted_twice(deployment(), NODE_LOW)
    said = here.diagnose()
    assert said.reasons == ["EvictedByNodePressure"]
    assert "400Mi with a request of nothing" in said.messages[0]
    assert said.offers[0][0] == "Request 500Mi of memory for app"


def test_a_node_that_is_still_short_is_the_cause() -> None:
    here = evicted_twice(deployment(), NODE_LOW)
    here.nodes[0]["status"]["conditions"] = [{"type": "MemoryPressure", "status": "True"}]
    (result,) = analyze(here.snapshot())
    assert str(result.cause) == "Node n1"
    assert result.proposals == ()


def test_a_finalizer_is_named_with_its_owner_and_never_removed_by_us() -> None:
    web = deployment()
    stuck = deleting(pod_of(web), "11:58:00", "batch.kubernetes.io/job-tracking", "acme.io/hold")
    said = World(web, pods=[stuck], nodes=[node()]).diagnose()
    assert said.reasons == ["FinalizerBlocksDeletion"]
    assert "Job controller" in said.messages[0]
    assert "acme.io" in said.messages[0]
    assert said.offers == []


def test_a_node_that_does_not_answer_keeps_its_pods() -> None:
    web = deployment()
    here = World(web, pods=[deleting(running(pod_of(web)))], nodes=[node()])
    lost = {"type": "Ready", "status": "Unknown", "message": "Kubelet stopped posting"}
    here.nodes[0]["status"]["conditions"] = [lost]
    (result,) = analyze(here.snapshot())
    assert result.finding.reason == "NodeNotReady"
    assert str(result.cause) == "Node n1"
    here.nodes = []
    assert NODE in here.snapshot().around
    assert here.diagnose().reasons == ["NodeGone"]


def test_what_does_not_end_is_told_by_what_hangs() -> None:
    web = deployment()
    pod = deleting(running(pod_of(web)))
    pod["status"]["conditions"].append(
        {"type": "DisruptionTarget", "status": "True", "reason": "EvictionByEvictionAPI"}
    )
    here = World(web, pods=[pod], nodes=[node()])
    said = here.diagnose()
    assert said.reasons == ["TerminationStuck"]
    assert "Container app still counts as running" in said.messages[0]
    assert "kubectl drain" in said.messages[0]
    here.events = [event("web-1", "FailedKillPod", "error killing pod: deadline exceeded")]
    assert here.diagnose().reasons == ["PodCannotBeKilled"]


@pytest.mark.parametrize("since", ["11:59:30", "12:00:25"])
def test_who_still_has_time_to_leave_is_left(since: str) -> None:
    """A pod's deletionTimestamp lies at the end of its grace period."""
    web = deployment()
    pod = deleting(running(pod_of(web)), since, "acme.io/hold")
    assert analyze(World(web, pods=[pod], nodes=[node()]).snapshot()) == []


def test_a_target_that_is_itself_held() -> None:
    web = deleting(deployment(), "11:00:00", "resources-finalizer.argocd.argoproj.io")
    said = World(web).diagnose()
    assert said.reasons == ["FinalizerBlocksDeletion"]
    assert "Argo CD" in said.messages[0]


def test_a_claim_that_is_still_used() -> None:
    volume = {"name": "data", "persistentVolumeClaim": {"claimName": "data"}}
    claim = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "data", "namespace": "shop", "uid": "u"},
    }
    held = deleting(claim, "11:00:00", "kubernetes.io/pvc-protection")
    user = running(pod_of(deployment(volumes=[volume])))
    (result,) = analyze(World(held, others=[user]).snapshot())
    assert result.finding.reason == "FinalizerBlocksDeletion"
    assert "web-1" in result.finding.message


@pytest.mark.parametrize(
    "pod",
    [
        running(pod_of(deployment())),
        failed(pod_of(deployment()), ""),
        failed(pod_of(deployment()), "DeadlineExceeded"),
        failed(pod_of(deployment()), "NodeLost"),
    ],
)
def test_healthy_or_somebody_elses(pod: Object) -> None:
    assert analyze(World(deployment(), pods=[pod], nodes=[node()]).snapshot()) == []


_TEXT = st.text(max_size=40) | st.sampled_from(
    [VOLUME_FULL, TOTAL, NODE_LOW, "The node had condition: [DiskPressure]", "\x00\ud800" * 9]
)


@given(
    st.sampled_from(["Evicted", "NodePorts", "OutOfcpu", "SysctlForbidden", "x"]),
    st.lists(_TEXT, max_size=5),
    st.sampled_from(["Pod", "Deployment", "StatefulSet", "Job"]),
)
def test_no_message_breaks_a_rule(reason: str, parts: list[str], kind: str) -> None:
    web: Any = workload(kind, "web", containers=[limited("junk")])
    here = World(web, pods=[failed(pod_of(web), reason, "".join(parts))], nodes=[node()])
    for result in analyze(here.snapshot()):
        assert result.finding.evidence[0].quote
