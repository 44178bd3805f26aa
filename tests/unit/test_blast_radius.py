"""What an option would do to pods, kind by kind, and whom it would surprise."""

from typing import Any

import pytest

from podiatrist.api.diagnosis import ObjectRef
from podiatrist.cluster.kinds import (
    CONTROLLER_REVISION,
    DEPLOYMENT,
    HPA,
    INGRESS_CLASS,
    PDB,
    SERVICE,
)
from podiatrist.cluster.snapshot import Object
from podiatrist.lifecycle.options.consequences.scaled import scaled
from tests.unit.builders import (
    copy_of,
    deployment,
    node,
    pod_of,
    revision,
    running,
    unscheduled,
    workload,
)
from tests.unit.foreseen import Change, Scene, image, owned, replicas

NEW = image("nginx:2")


def strategy(field: str, kind: str = "RollingUpdate", **rolling: Any) -> Change:
    def change(raw: Object) -> None:
        raw["spec"][field] = {"type": kind} | ({"rollingUpdate": rolling} if rolling else {})

    return change


def made(scene_of: Object, *changes: Change) -> Object:
    raw = copy_of(scene_of)
    for change in changes:
        change(raw)
    return raw


@pytest.mark.parametrize(
    ("value", "whole", "up", "expected"),
    [
        (2, 10, True, 2),
        ("25%", 3, True, 1),
        ("25%", 3, False, 0),
        ("25%", 4, False, 1),
        ("100%", 7, True, 7),
        (-3, 10, True, 0),
        (True, 10, True, 0),
        ("lots", 10, True, 0),
        ("9" * 40 + "%", 10, True, 0),
        (None, 10, True, 0),
        ({}, 10, False, 0),
    ],
)
def test_percentages_are_rounded_as_kubernetes_does(
    value: Any, whole: int, up: bool, expected: int
) -> None:
    assert scaled(value, whole, up=up) == expected


# --- Deployments


@pytest.mark.parametrize(
    ("count", "rolling", "restarts", "down"),
    [
        (1, {}, 1, 0),  # surge 1, unavailable 0: the new one is ready before the old one goes
        (3, {}, 3, 0),
        (4, {}, 4, 1),
        (10, {"maxUnavailable": "25%", "maxSurge": 0}, 10, 2),
        (10, {"maxUnavailable": 3}, 10, 3),
        (2, {"maxUnavailable": "10%", "maxSurge": 0}, 2, 1),  # both 0: Kubernetes takes 1
    ],
)
def test_a_rolling_update_replaces_all_and_misses_a_few(
    count: int, rolling: dict[str, Any], restarts: int, down: int
) -> None:
    web = made(deployment(replicas=count), strategy("strategy", **rolling))
    seen = Scene(web, ready=count).changed(NEW)
    assert (seen.restarts, seen.unavailable) == (restarts, down)


def test_recreate_takes_all_pods_at_once_and_says_so() -> None:
    web = made(deployment(replicas=3), strategy("strategy", "Recreate"))
    seen = Scene(web, ready=3).changed(NEW)
    assert (seen.restarts, seen.unavailable) == (3, 3)
    assert seen.warnings == [
        "none of the 3 pods of Deployment shop/web that are ready now stays ready all the time"
    ]


def test_pods_that_are_not_ready_anyway_are_replaced_but_not_missed() -> None:
    web = made(deployment(replicas=4), strategy("strategy", maxUnavailable=2))
    seen = Scene(web, ready=1, sick=3).changed(NEW)
    assert (seen.restarts, seen.unavailable) == (4, 0)


def test_going_back_keeps_the_pods_of_the_revision_that_runs() -> None:
    """Given a bad update beside two old pods, when it is undone, then only its own pod goes."""
    web = deployment(replicas=2)
    old, bad = revision(web, 1, ready=2), revision(web, 2, image="nope")
    old["metadata"]["uid"], bad["metadata"]["uid"] = "uid-old", "uid-bad"
    now = made(web, image("nope"))
    pods = [owned(running(pod_of(web, n)), "uid-old", "ReplicaSet") for n in (1, 2)]
    pods.append(owned(pod_of(now, 3), "uid-bad", "ReplicaSet"))
    scene = Scene(now, pods=pods, revisions=[old, bad])
    seen = scene.changed(image("nginx:1.27"))
    assert (seen.restarts, seen.unavailable) == (1, 0)
    assert scene.turnover(image("nginx:1.27")).made == 0


def test_a_paused_deployment_changes_no_pod_yet() -> None:
    web = deployment(replicas=2)
    web["spec"]["paused"] = True
    seen = Scene(web, ready=2).changed(NEW)
    assert (seen.restarts, seen.unavailable) == (0, 0)
    assert "is paused: no pod changes" in seen.warnings[0]


def test_deleted_pods_of_a_deployment_are_missed_until_they_are_made_anew() -> None:
    scene = Scene(deployment(replicas=3), ready=3)
    seen, gone = scene.changed(deleted=("web-0", "web-1")), scene.turnover(deleted=("web-0",))
    assert (seen.restarts, seen.unavailable) == (2, 2)
    assert (gone.made, gone.ahead) == (1, 1)


def test_scaling_down_takes_the_pods_that_are_not_ready_first() -> None:
    seen = Scene(deployment(replicas=5), ready=3, sick=2).changed(replicas(2))
    assert (seen.restarts, seen.unavailable) == (3, 1)


def test_scaling_to_zero_is_said() -> None:
    seen = Scene(deployment(replicas=2), ready=2).changed(replicas(0))
    assert (seen.restarts, seen.unavailable) == (2, 2)
    assert seen.warnings == ["it scales Deployment shop/web to zero: no pod of it is left"]


def test_defaults_and_nulls_that_the_dry_run_adds_restart_nothing() -> None:
    def defaulted(raw: Object) -> None:
        raw["spec"]["template"]["metadata"]["creationTimestamp"] = None
        raw["spec"]["template"]["spec"]["tolerations"] = []

    assert Scene(deployment(replicas=2), ready=2).changed(defaulted).restarts == 0


# --- StatefulSets, DaemonSets and the others


def stateful(count: int, *changes: Change) -> Scene:
    db = made(workload("StatefulSet", "db", replicas=count), *changes)
    return Scene(db, ready=count)


@pytest.mark.parametrize(
    ("changes", "restarts", "down"),
    [
        ([], 4, 1),
        ([strategy("updateStrategy", partition=3)], 1, 1),
        ([strategy("updateStrategy", partition=9)], 0, 0),
        ([strategy("updateStrategy", maxUnavailable="50%")], 4, 2),
        ([strategy("updateStrategy", maxUnavailable="10%")], 4, 1),
        ([strategy("updateStrategy", "OnDelete")], 0, 0),
        ([strategy("updateStrategy", "Recreate")], 4, 4),
    ],
)
def test_stateful_sets_go_one_by_one_from_the_end(
    changes: list[Change], restarts: int, down: int
) -> None:
    seen = stateful(4, *changes).changed(NEW)
    assert (seen.restarts, seen.unavailable) == (restarts, down)


def test_ordinals_may_start_elsewhere() -> None:
    def from_ten(raw: Object) -> None:
        raw["spec"]["ordinals"] = {"start": 10}

    scene = stateful(2, from_ten)
    for number, pod in enumerate(scene.pods):
        pod["metadata"]["name"] = f"db-{10 + number}"
    assert scene.changed(replicas(1)).restarts == 1


def test_on_delete_says_who_stays_as_it_is() -> None:
    seen = stateful(3, strategy("updateStrategy", "OnDelete")).changed(NEW, deleted=("db-0",))
    assert (seen.restarts, seen.unavailable) == (1, 1)
    assert "2 pods stay as they are until somebody deletes them" in seen.warnings[0]


def test_deleted_pods_are_missed_at_the_same_time() -> None:
    seen = stateful(4).changed(deleted=("db-0", "db-1", "db-2"))
    assert (seen.restarts, seen.unavailable) == (3, 3)


def daemons(count: int, *changes: Change) -> Scene:
    agent = made(workload("DaemonSet", "agent"), *changes)
    agent["status"] = {"desiredNumberScheduled": count}
    return Scene(agent, ready=count)


def test_going_back_keeps_the_pods_of_a_stateful_sets_older_revision() -> None:
    """Given a bad update that stopped at the last pod, when it is undone, only that one goes."""
    db = workload("StatefulSet", "db", replicas=3)
    good, bad = copy_of(db), made(db, image("nope"))
    scene = Scene(bad, ready=2, sick=1)
    for pod, mark in zip(scene.pods, ("db-good", "db-good", "db-bad"), strict=True):
        pod["metadata"]["labels"]["controller-revision-hash"] = mark
    assert scene.changed(image("nginx:1.27")).restarts == 3  # nobody looked: all of them may
    scene.around = {CONTROLLER_REVISION: [
        {"metadata": {"name": name}, "data": {"spec": {"template": {**of["spec"]["template"],
                                                                    "$patch": "replace"}}}}
        for name, of in (("db-good", good), ("db-bad", bad))
    ] + [{"data": 7}, {"metadata": 3, "data": {}}]}  # fmt: skip
    back = scene.changed(image("nginx:1.27"))
    assert (back.restarts, back.unavailable) == (1, 0)
    assert scene.changed().restarts == 2  # the update that is under way


@pytest.mark.parametrize(
    ("changes", "restarts", "down"),
    [
        ([], 5, 1),
        ([strategy("updateStrategy", maxUnavailable="30%")], 5, 2),  # 1.5, rounded up
        ([strategy("updateStrategy", maxSurge=1, maxUnavailable=0)], 5, 0),
        ([strategy("updateStrategy", "OnDelete")], 0, 0),
    ],
)
def test_daemon_sets_go_node_by_node(changes: list[Change], restarts: int, down: int) -> None:
    seen = daemons(5, *changes).changed(NEW)
    assert (seen.restarts, seen.unavailable) == (restarts, down)


def test_a_replica_set_replaces_nothing_but_is_scaled() -> None:
    scene = Scene(workload("ReplicaSet", replicas=3), ready=3)
    assert scene.changed(NEW).restarts == 0
    assert "does not replace its pods" in scene.changed(NEW).warnings[0]
    assert scene.changed(replicas(1)).unavailable == 2


def test_a_cron_job_changes_with_its_next_run() -> None:
    backup = {
        "apiVersion": "batch/v1", "kind": "CronJob",
        "metadata": {"name": "backup", "namespace": "shop", "uid": "u"},
        "spec": {"schedule": "@daily", "jobTemplate": {"spec": {"template": {
            "spec": {"containers": [{"name": "app", "image": "a"}]}}}}},
    }  # fmt: skip

    def change(raw: Object) -> None:
        template = raw["spec"]["jobTemplate"]["spec"]["template"]
        template["spec"]["containers"][0]["image"] = "b"

    seen = Scene(backup).changed(change)
    assert seen.restarts == 0
    assert seen.warnings == ["what runs now goes on unchanged; the change begins with the next run"]


def test_a_pod_restarts_in_its_place_only_where_its_spec_changes() -> None:
    bare = running(workload("Pod", "bare"))
    scene = Scene(bare, pods=[bare])

    def change(raw: Object) -> None:
        raw["spec"]["containers"][0]["image"] = "nginx:2"

    def noise(raw: Object) -> None:
        raw["metadata"]["managedFields"] = [{"manager": "podiatrist"}]

    assert (scene.changed(change).restarts, scene.changed(change).unavailable) == (1, 1)
    assert scene.changed(noise).restarts == 0


# --- whom it surprises


def budget(name: str = "web", *, expected: int = 0, **spec: Any) -> Object:
    return {
        "apiVersion": "policy/v1", "kind": "PodDisruptionBudget",
        "metadata": {"name": name, "namespace": "shop", "uid": f"uid-{name}"},
        "spec": {"selector": {"matchLabels": {"app": "web"}}, **spec},
        "status": {"expectedPods": expected},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("spec", "undercut"),
    [
        ({"minAvailable": 4}, "wants 4 healthy pods; as few as 3 may be left"),
        ({"minAvailable": "100%"}, "wants 4 healthy pods; as few as 3 may be left"),
        ({"maxUnavailable": 0}, "wants 4 healthy pods; as few as 3 may be left"),
        ({"minAvailable": 3}, None),
        ({"maxUnavailable": "25%"}, None),
        ({"minAvailable": 4, "selector": {"matchLabels": {"app": "other"}}}, None),
    ],
)
def test_a_budget_that_a_rollout_would_undercut_is_named(
    spec: dict[str, Any], undercut: str | None
) -> None:
    scene = Scene(deployment(replicas=4), ready=4, around={PDB: [budget(**spec)]})
    warnings = scene.changed(NEW).warnings
    if undercut is None:
        assert warnings == []
    else:
        (warning,) = warnings
        assert undercut in warning
        assert "ask no budget" in warning


def test_pods_that_are_scaled_away_are_no_longer_expected() -> None:
    scene = Scene(deployment(replicas=4), ready=4, around={PDB: [budget(maxUnavailable=1)]})
    assert scene.changed(replicas(2)).warnings == []


def scaler(low: int = 2, high: int = 6) -> Object:
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
    return {
        "apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "web", "namespace": "shop", "uid": "uid-hpa"},
        "spec": {"scaleTargetRef": target, "minReplicas": low, "maxReplicas": high},
    }  # fmt: skip


def test_an_autoscaler_overrides_replicas() -> None:
    scene = Scene(deployment(replicas=3), ready=3, around={HPA: [scaler()]})
    (warning,) = scene.changed(replicas(4)).warnings
    assert warning.startswith("HorizontalPodAutoscaler web sets the number of replicas as well")
    assert warning.endswith("(2 to 6) and will override 4")
    assert scene.changed(NEW).warnings == []


def test_a_lower_bound_of_an_autoscaler_takes_pods_away() -> None:
    web = deployment(replicas=4)
    web["spec"]["selector"] = {"matchLabels": {"app": "web"}}
    pods = [running(pod_of(web, n)) for n in range(4)]
    scene = Scene(scaler(), others=pods, around={DEPLOYMENT: [web]})

    def lower(raw: Object) -> None:
        raw["spec"]["maxReplicas"] = 3

    seen = scene.changed(lower)
    assert (seen.restarts, seen.unavailable) == (1, 1)
    assert seen.warnings == ["Deployment web is scaled down from 4 to 3"]


def service(**selector: str) -> Object:
    return {
        "apiVersion": "v1", "kind": "Service",
        "metadata": {"name": "web", "namespace": "shop", "uid": "uid-svc"},
        "spec": {"selector": selector},
    }  # fmt: skip


def test_pods_that_a_service_leaves_are_named() -> None:
    web, api = deployment("web"), deployment("api")
    scene = Scene(service(app="web"), others=[running(pod_of(web)), running(pod_of(api))])

    def select(app: str) -> Change:
        return lambda raw: raw["spec"].update(selector={"app": app})

    assert scene.changed(select("api")).warnings == [
        "Service shop/web no longer sends anything to 1 pod ready now: web-1"
    ]
    assert "no pod that is ready now would be behind" in scene.changed(select("x")).warnings[1]


def test_new_labels_of_pods_leave_their_services() -> None:
    scene = Scene(deployment(), ready=1, around={SERVICE: [service(app="web")]})

    def relabel(raw: Object) -> None:
        raw["spec"]["template"]["metadata"]["labels"] = {"app": "web2"}

    assert scene.changed(relabel).warnings == [
        "the new pods have other labels: Service web no longer selects them"
    ]


def test_an_ingress_that_changes_its_class_leaves_the_old_one() -> None:
    shop = {
        "apiVersion": "networking.k8s.io/v1", "kind": "Ingress",
        "metadata": {"name": "shop", "namespace": "shop", "uid": "u"},
        "spec": {"ingressClassName": "nginx"},
    }  # fmt: skip

    def move(raw: Object) -> None:
        raw["spec"]["ingressClassName"] = "traefik"

    there = Scene(shop, around={INGRESS_CLASS: [{"metadata": {"name": "nginx"}}]})
    assert "IngressClass nginx no longer reaches" in there.changed(move).warnings[0]
    assert Scene(shop, around={INGRESS_CLASS: []}).changed(move).warnings == []


NODE_REF = ObjectRef(api_version="v1", kind="Node", name="n1")


def test_a_new_label_of_a_node_attracts_others_who_wait_for_it() -> None:
    """Given pods and DaemonSets that want the label, then they are named; strangers are not."""
    waits = unscheduled(pod_of(deployment("db", nodeSelector={"disk": "ssd"})))
    other = unscheduled(pod_of(deployment("gpu", nodeSelector={"gpu": "yes"})))
    agent = workload("DaemonSet", "agent", nodeSelector={"disk": "ssd"})
    daemon = owned(running(pod_of(agent), "n2"), "agent", "DaemonSet")
    scene = Scene(deployment(), sick=1, nodes=[node("n1")], others=[waits, other, daemon])
    seen = scene.changed(after={NODE_REF: node("n1", labels={"disk": "ssd"})})
    assert seen.warnings == [
        "pods of others that wait may be placed on node n1: shop/db-1",
        "DaemonSet shop/agent may start a pod on node n1",
    ]


def test_an_uncordoned_node_attracts_whoever_waits() -> None:
    waits = unscheduled(pod_of(deployment("db")))
    scene = Scene(deployment(), sick=1, nodes=[node("n1", cordoned=True)], others=[waits])
    seen = scene.changed(after={NODE_REF: node("n1")})
    assert seen.warnings == ["pods of others that wait may be placed on node n1: shop/db-1"]


def test_a_looser_budget_lets_the_drain_go_on() -> None:
    web = deployment()
    pods = [owned(running(pod_of(web, n), "n1"), "rs", "ReplicaSet") for n in range(2)]
    strict = budget(expected=2, minAvailable=2)
    scene = Scene(strict, others=pods, nodes=[node("n1", cordoned=True)])

    def loosen(raw: Object) -> None:
        raw["spec"] = {"selector": raw["spec"]["selector"], "maxUnavailable": 1}

    seen = scene.changed(loosen)
    assert (seen.restarts, seen.unavailable) == (2, 1)
    assert seen.warnings == [
        "evictions (drains, autoscalers of nodes) may then take 1 of 2 pods at a time",
        "the drain of node n1 goes on at once",
    ]


# --- objects as they should not be


HOSTILE: list[Any] = [
    None, 0, -7, True, "x", "900%", 10**30, [], {}, [None], {"rollingUpdate": 7},
    {"type": None, "rollingUpdate": {"maxUnavailable": [], "maxSurge": {}, "partition": "two"}},
    {"matchLabels": None}, {"template": {"spec": {"containers": [None, 3]}}},
]  # fmt: skip


@pytest.mark.parametrize("kind", ["Deployment", "StatefulSet", "DaemonSet", "ReplicaSet"])
@pytest.mark.parametrize("field", ["replicas", "strategy", "updateStrategy", "template", "paused",
                                   "selector", "ordinals"])  # fmt: skip
@pytest.mark.parametrize("value", HOSTILE)
def test_wrong_types_never_raise(kind: str, field: str, value: Any) -> None:
    def spoil(raw: Object) -> None:
        raw["spec"][field] = value

    scene = Scene(workload(kind, replicas=2), ready=2, around={
        PDB: [budget(minAvailable=value), {"spec": value}, {"metadata": None}],
        HPA: [scaler(), {"spec": value}],
        SERVICE: [service(app="web"), {"spec": {"selector": value}}],
    })  # fmt: skip
    for changes in ([spoil], [NEW, spoil]):
        seen = scene.changed(*changes)
        assert seen.restarts <= 2
        assert seen.unavailable <= 2
        scene.in_the_way(*changes)


@pytest.mark.parametrize("spec", HOSTILE)
@pytest.mark.parametrize("target", [service(app="web"), scaler(), budget(), workload("Pod")])
def test_half_filled_targets_never_raise(target: Object, spec: Any) -> None:
    def spoil(raw: Object) -> None:
        raw["spec"] = spec

    scene = Scene(target, others=[running(pod_of(deployment()))], nodes=[node()])
    assert scene.changed(spoil).restarts <= 1
    assert Scene({**target, "spec": spec}).changed(spoil).restarts == 0


def test_warnings_have_a_bound() -> None:
    many = [budget(f"b{n}", minAvailable=4) for n in range(30)]
    assert (
        len(Scene(deployment(replicas=4), ready=4, around={PDB: many}).changed(NEW).warnings) == 8
    )
