"""What would refuse the pods that a change brings, although the change itself is taken."""

from typing import Any

import pytest

from podiatrist.cluster.kinds import (
    LIMIT_RANGE,
    PRIORITY_CLASS,
    RESOURCE_QUOTA,
    SERVICE_ACCOUNT,
)
from podiatrist.cluster.objects import PodSpec, parse
from podiatrist.cluster.snapshot import Object
from podiatrist.lifecycle.options.consequences.new_pods import Obstacle
from podiatrist.lifecycle.options.consequences.quotas import cost_of
from tests.unit.builders import container, copy_of, deployment, node, pod_of, running, workload
from tests.unit.foreseen import Change, Scene, image, replicas

NEW = image("nginx:2")
WARNS = (
    'would violate PodSecurity "restricted:latest": allowPrivilegeEscalation != false (container '
    '"app" must set securityContext.allowPrivilegeEscalation=false)'
)


def requesting(cpu: str) -> Change:
    def change(raw: Object) -> None:
        spec = raw["spec"]["template"]["spec"]
        spec["containers"][0]["resources"] = {"requests": {"cpu": cpu}}

    return change


def quota(hard: dict[str, str], used: dict[str, str], **spec: Any) -> Object:
    return {
        "metadata": {"name": "compute", "namespace": "shop"},
        "spec": {"hard": hard, **spec},
        "status": {"hard": hard, "used": used},
    }


def web(count: int = 2, cpu: str = "100m", strategy: Object | None = None) -> Object:
    made = deployment(replicas=count, containers=[container(cpu=cpu)])
    if strategy:
        made["spec"]["strategy"] = strategy
    return made


def with_quota(target: Object, ready: int, *quotas: Object, **more: Any) -> Scene:
    return Scene(target, ready=ready, around={RESOURCE_QUOTA: list(quotas)}, **more)


def told(found: list[Obstacle]) -> list[tuple[bool, str]]:
    return [(o.certain, o.message) for o in found]


ONE_BY_ONE = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1}}


# --- quotas


def test_a_full_quota_leaves_no_room_beside_the_old_pods() -> None:
    """Given surge 1 and unavailable 0, when the quota is full, then no new pod ever comes."""
    scene = with_quota(web(), 2, quota({"requests.cpu": "200m"}, {"requests.cpu": "200m"}))
    assert told(scene.in_the_way(NEW)) == [
        (True, "ResourceQuota compute has 0 of 200m requests.cpu left, a new pod takes 100m")
    ]


@pytest.mark.parametrize("strategy", [ONE_BY_ONE, {"type": "Recreate"}])
def test_who_lets_an_old_pod_go_first_has_its_room(strategy: dict[str, Any]) -> None:
    full = quota({"requests.cpu": "200m", "pods": "2"}, {"requests.cpu": "200m", "pods": "2"})
    assert with_quota(web(2, strategy=strategy), 2, full).in_the_way(NEW) == []


def test_a_pod_that_grew_may_not_fit_where_the_old_one_was() -> None:
    full = quota({"requests.cpu": "200m"}, {"requests.cpu": "200m"})
    scene = with_quota(web(2, strategy=ONE_BY_ONE), 2, full)
    assert [o.certain for o in scene.in_the_way(requesting("150m"))] == [True]


def test_room_for_some_of_the_new_pods_is_a_warning() -> None:
    roomy = quota({"requests.cpu": "300m"}, {"requests.cpu": "200m"})
    (found,) = with_quota(web(2, strategy=ONE_BY_ONE), 2, roomy).in_the_way(requesting("160m"))
    assert not found.certain
    assert "not all of 2 new pods have room" in found.message


def test_a_pod_larger_than_the_whole_quota_never_comes() -> None:
    empty = quota({"requests.cpu": "1"}, {"requests.cpu": "0"})
    assert told(with_quota(web(1, "2"), 0, empty).in_the_way(NEW)) == [
        (True, "ResourceQuota compute allows 1 requests.cpu in all, a new pod takes 2")
    ]


def test_pods_that_are_leaving_make_room_in_a_moment() -> None:
    going = running(pod_of(web(1), 9))
    going["metadata"]["deletionTimestamp"] = "2026-11-03T12:00:00Z"
    full = quota({"requests.cpu": "300m"}, {"requests.cpu": "300m"})
    assert with_quota(web(), 2, full, others=[going]).in_the_way(NEW) == []


def test_scaling_down_to_what_is_there_needs_no_room() -> None:
    full = quota({"pods": "2"}, {"pods": "2"})
    assert with_quota(web(5), 2, full).in_the_way(replicas(2)) == []
    assert [o.certain for o in with_quota(web(5), 2, full).in_the_way(replicas(3))] == [True]


def test_a_stateful_set_takes_the_place_of_its_own_pod() -> None:
    db = workload("StatefulSet", "db", replicas=2, containers=[container(cpu="100m")])
    full = quota({"requests.cpu": "200m"}, {"requests.cpu": "200m"})
    assert with_quota(db, 2, full).in_the_way(NEW) == []


@pytest.mark.parametrize(
    ("scopes", "certain"),
    [
        ({"scopes": ["Terminating"]}, None),
        ({"scopes": ["BestEffort"]}, None),
        ({"scopes": ["NotTerminating", "NotBestEffort"]}, True),
        ({"scopes": ["PriorityClass"]}, False),
        ({"scopeSelector": {"matchExpressions": [{"scopeName": "PriorityClass"}]}}, False),
        ({"scopes": 7}, True),
    ],
)
def test_a_quota_counts_only_pods_of_its_scope(
    scopes: dict[str, Any], certain: bool | None
) -> None:
    full = quota({"requests.cpu": "200m"}, {"requests.cpu": "200m"}, **scopes)
    found = [o.certain for o in with_quota(web(), 2, full).in_the_way(NEW)]
    assert found == ([] if certain is None else [certain])


def test_a_quota_that_nobody_computed_yet_says_nothing() -> None:
    scene = with_quota(web(), 2, {"metadata": {"name": "new"}, "spec": {"hard": {"pods": "0"}}})
    assert scene.in_the_way(NEW) == []


def test_what_a_quota_counts_must_be_said() -> None:
    scene = with_quota(web(), 2, quota({"limits.memory": "1Gi"}, {"limits.memory": "0"}))
    assert told(scene.in_the_way(NEW)) == [
        (True, "ResourceQuota compute takes no pod that does not set limits.memory of app")
    ]
    defaults = {"spec": {"limits": [{"type": "Container", "default": {"memory": "64Mi"}}]}}
    scene.around[LIMIT_RANGE] = [defaults]
    assert scene.in_the_way(NEW) == []


def test_a_pod_costs_what_its_containers_and_the_largest_init_container_ask_for() -> None:
    spec = parse(PodSpec, {
        "containers": [
            {"name": "a", "resources": {"requests": {"cpu": "1"}, "limits": {"memory": "1Gi"}}},
            {"name": "b", "resources": {"requests": {"cpu": "500m"}}},
        ],
        "initContainers": [{"name": "i", "resources": {"requests": {"cpu": "2"}}}],
    })  # fmt: skip
    assert spec is not None
    cost = cost_of(spec)
    names = ("cpu", "requests.cpu", "limits.memory", "pods", "count/pods")
    assert [int(cost[name]) for name in names] == [2, 2, 2**30, 1, 1]


# --- the other doors of admission


def limit_range(**item: Any) -> Object:
    spec = {"limits": [{"type": "Container", **item}]}
    return {"metadata": {"name": "bounds", "namespace": "shop"}, "spec": spec}


@pytest.mark.parametrize(
    ("bounds", "resources", "mend"),
    [
        ({"max": {"cpu": "50m"}, "default": {"cpu": "50m"}}, {"requests": {"cpu": "100m"}},
         "requests.cpu of app to 50m"),
        ({"min": {"cpu": "200m"}}, {"requests": {"cpu": "100m"}}, "requests.cpu of app to 200m"),
        ({"maxLimitRequestRatio": {"cpu": "2"}},
         {"requests": {"cpu": "100m"}, "limits": {"cpu": "1"}}, "requests.cpu of app to 500m"),
        ({"max": {"cpu": "1"}, "default": {"cpu": "1"}}, {"requests": {"cpu": "100m"}}, None),
    ],
)  # fmt: skip
def test_bounds_of_a_limit_range(
    bounds: dict[str, Any], resources: dict[str, Any], mend: str | None
) -> None:
    target = deployment(containers=[{"name": "app", "image": "a", "resources": resources}])
    scene = Scene(target, ready=1, around={LIMIT_RANGE: [limit_range(**bounds)]})
    expected = f"LimitRange bounds does not allow the new pods; it would with: {mend}"
    assert told(scene.in_the_way(NEW)) == ([(True, expected)] if mend else [])


@pytest.mark.parametrize(
    ("labels", "certain"),
    [
        ({"pod-security.kubernetes.io/enforce": "restricted"}, True),
        ({"pod-security.kubernetes.io/enforce": "baseline"}, False),
        ({"pod-security.kubernetes.io/enforce": "nonsense"}, False),
        ({}, False),
    ],
)
def test_pod_security_refuses_where_the_level_is_enforced(
    labels: dict[str, str], certain: bool
) -> None:
    (found,) = Scene(deployment(), ready=1).in_the_way(NEW, said=(WARNS,), labels=labels)
    assert found.certain is certain
    assert "allowPrivilegeEscalation != false" in found.message


def test_any_other_warning_of_the_server_is_passed_on() -> None:
    found = Scene(deployment(), ready=1).in_the_way(NEW, said=("duplicate name",))
    assert told(found) == [(False, "the API server warns: duplicate name")]


def test_names_that_admission_looks_up() -> None:
    target = deployment(serviceAccountName="robot", priorityClassName="high")
    scene = Scene(target, ready=1)
    assert scene.in_the_way(NEW) == []  # nobody looked
    scene.names = {SERVICE_ACCOUNT: frozenset({"default"}), PRIORITY_CLASS: frozenset()}
    assert [o.certain for o in scene.in_the_way(NEW)] == [True, True]
    scene.names = {SERVICE_ACCOUNT: frozenset({"robot"}), PRIORITY_CLASS: frozenset({"high"})}
    assert scene.in_the_way(NEW) == []


def test_no_room_on_any_node_is_a_warning_since_that_may_change() -> None:
    scene = Scene(web(1, "3"), ready=1, nodes=[node("n1", cpu="4")])
    assert told(scene.in_the_way(NEW)) == [
        (False, "no node has a place for a new pod now: n1 has 1 of 4 cpu free, 3 is requested")
    ]
    alone = Scene(web(1, "3", {"type": "Recreate"}), ready=1, nodes=[node("n1", cpu="4")])
    assert alone.in_the_way(NEW) == []


def test_a_change_without_new_pods_meets_no_admission() -> None:
    full = quota({"pods": "1"}, {"pods": "1"})
    scale = with_quota(web(3), 3, full)
    assert scale.in_the_way(replicas(1)) == []
    bare = running(workload("Pod"))
    assert Scene(bare, pods=[bare], around={RESOURCE_QUOTA: [full]}).in_the_way() == []


@pytest.mark.parametrize("kind", [RESOURCE_QUOTA, LIMIT_RANGE])
@pytest.mark.parametrize(
    "value", [None, 7, "x", [], {}, {"hard": 3}, {"hard": {"pods": None}}, {"limits": 3},
              {"limits": [None, 7, {"type": "Container", "max": 4, "default": {"cpu": []}}]}],
)  # fmt: skip
def test_half_filled_bounds_never_raise(kind: Any, value: Any) -> None:
    odd = {"metadata": {"name": "odd"}, "spec": value, "status": copy_of({"v": value})["v"]}
    scene = Scene(web(), ready=2, around={kind: [odd, {"spec": value}]})
    assert all(not o.certain for o in scene.in_the_way(NEW))
