"""Whether a node has room for a pod: taints, cordons, resources, host ports and volumes."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podiatrist.analyzers.scheduling.node_fit import (
    Usage,
    blockers,
    cordon_blocker,
    pod_requests,
    port_blockers,
    resource_blockers,
    taint_blocker,
    tolerates,
    volume_blockers,
)
from podiatrist.cluster.objects import (
    Node,
    PersistentVolume,
    Pod,
    PodSpec,
    Taint,
    Toleration,
    parse,
)
from podiatrist.cluster.objects import T as Parsed
from tests.unit.builders import container, node, taint

EMPTY = Usage({}, {})


def read(kind: type[Parsed], raw: Any) -> Parsed:
    parsed = parse(kind, raw)
    assert parsed is not None
    return parsed


def spec_of(*containers: Any, **fields: Any) -> PodSpec:
    return read(PodSpec, {"containers": list(containers), **fields})


def placed(name: str = "other", on: str = "n1", phase: str = "Running", **spec: Any) -> Pod:
    raw = {
        "metadata": {"name": name, "namespace": "shop"},
        "spec": {"nodeName": on, **spec},
        "status": {"phase": phase},
    }
    return read(Pod, raw)


# core/v1 Toleration.ToleratesTaint; docs, "Taints and Tolerations".
@pytest.mark.parametrize(
    ("toleration", "covered"),
    [
        ({"key": "gpu", "operator": "Equal", "value": "a100", "effect": "NoSchedule"}, True),
        ({"key": "gpu", "value": "a100", "effect": "NoSchedule"}, True),  # Equal is the default
        ({"key": "gpu", "operator": "", "value": "a100"}, True),
        ({"key": "gpu", "operator": "Exists"}, True),  # no effect: all effects
        ({"operator": "Exists"}, True),  # no key: all taints
        ({"operator": "Exists", "effect": "NoExecute"}, False),
        ({"key": "gpu", "operator": "Equal", "value": "t4", "effect": "NoSchedule"}, False),
        ({"key": "gpu", "operator": "Exists", "effect": "NoExecute"}, False),
        ({"key": "tpu", "operator": "Exists"}, False),
        ({"key": "gpu", "operator": "Whatever", "value": "a100"}, False),
        ({}, False),
    ],
)
def test_a_toleration_covers_a_taint(toleration: Any, covered: bool) -> None:
    gpu = read(Taint, taint("gpu=a100:NoSchedule"))
    assert tolerates(read(Toleration, toleration), gpu) is covered


@given(st.text("ab=", max_size=3), st.text("ab", max_size=3), st.sampled_from(["NoSchedule", ""]))
def test_a_toleration_made_from_a_taint_covers_it(key: str, value: str, effect: str) -> None:
    made = Taint(key=key, value=value, effect=effect)
    assert tolerates(Toleration(key=key, operator="Exists", effect=effect), made)
    if key:
        assert tolerates(Toleration(key=key, value=value, effect=effect), made)


def test_only_hard_taints_that_are_not_tolerated_keep_a_pod_away() -> None:
    hard = node(taints=["a:NoSchedule", "b:NoExecute", "c:PreferNoSchedule", "d:NoSchedule"])
    spec = spec_of(tolerations=[{"key": "d", "operator": "Exists"}])
    blocked = taint_blocker(spec, read(Node, hard))
    assert blocked is not None
    assert [t.key for t in blocked.taints] == ["a", "b"]


def test_a_cordon_counts_once_and_can_be_tolerated() -> None:
    cordoned = read(Node, node(cordoned=True))
    assert cordon_blocker(spec_of(), cordoned) is not None
    assert taint_blocker(spec_of(), cordoned) is None
    mark = {"key": "node.kubernetes.io/unschedulable", "operator": "Exists"}
    assert cordon_blocker(spec_of(tolerations=[mark]), cordoned) is None


def test_the_cordons_taint_without_a_cordon_is_a_taint_like_any_other() -> None:
    left_over = read(Node, node(taints=["node.kubernetes.io/unschedulable:NoSchedule"]))
    assert cordon_blocker(spec_of(), left_over) is None
    assert taint_blocker(spec_of(), left_over) is not None


def sidecar(cpu: str) -> dict[str, Any]:
    return {**container("sidecar", cpu=cpu), "restartPolicy": "Always"}


# KEP-753 (sidecars) and docs, "Init Containers": resource sharing; KEP-688 (pod overhead).
@pytest.mark.parametrize(
    ("inits", "mains", "overhead", "cpu"),
    [
        ([], ["1", "2"], "0", "3"),
        (["5"], ["1", "2"], "0", "5"),  # the largest init container runs alone
        (["2", "2"], ["1"], "0", "2"),  # one after the other
        ([("sidecar", "1")], ["2"], "0", "3"),  # a sidecar stays
        ([("sidecar", "1"), "3"], ["2"], "0", "4"),  # it runs beside a later init container
        (["3", ("sidecar", "1")], ["2"], "0", "3"),  # but not beside an earlier one
        ([("sidecar", "1"), ("sidecar", "1"), "1"], ["1"], "0", "3"),
        ([], ["1"], "250m", "1.25"),
        (["5"], ["1"], "250m", "5.25"),
    ],
)
def test_what_a_pod_requests(
    inits: list[str | tuple[str, str]], mains: list[str], overhead: str, cpu: str
) -> None:
    spec = spec_of(
        *(container(cpu=amount) for amount in mains),
        initContainers=[
            container("init", cpu=i) if isinstance(i, str) else sidecar(cpu=i[1]) for i in inits
        ],
        overhead={"cpu": overhead},
    )
    assert pod_requests(spec)["cpu"] == Decimal(cpu)


def test_a_node_is_short_of_what_others_have_left_on_it() -> None:
    mine = spec_of(container(cpu="2", memory="1Gi"))
    held = [container(cpu="3")]
    gone = placed("done", phase="Succeeded", containers=held)
    usage = Usage.of([placed(containers=held), gone])
    (short,) = resource_blockers(mine, read(Node, node(cpu="4")), usage)
    assert str(short) == "has 1 of 4 cpu free, 2 is requested"
    assert not resource_blockers(mine, read(Node, node("n2", cpu="4")), usage)


def test_exactly_enough_is_enough() -> None:
    spec = spec_of(container(cpu="4", memory="8Gi"))
    assert not resource_blockers(spec, read(Node, node(cpu="4", memory="8Gi")), EMPTY)


def test_a_full_node_takes_no_pod_that_asks_for_nothing() -> None:
    full = node()
    full["status"]["allocatable"]["pods"] = "1"
    (short,) = resource_blockers(spec_of(), read(Node, full), Usage.of([placed()]))
    assert str(short) == "has 0 of 1 pods free, 1 is requested"


def test_an_extended_resource_that_no_node_has() -> None:
    wanted = {"resources": {"requests": {"nvidia.com/gpu": "1"}}}
    (short,) = resource_blockers(spec_of(wanted), read(Node, node()), EMPTY)
    assert str(short) == "has 0 of 0 nvidia.com/gpu free, 1 is requested"


@pytest.mark.parametrize(
    ("wanted", "held", "clash"),
    [
        ({}, {}, True),
        ({"protocol": "UDP"}, {}, False),
        ({"hostIP": "10.0.0.1"}, {"hostIP": "10.0.0.2"}, False),
        ({"hostIP": "10.0.0.1"}, {"hostIP": "10.0.0.1"}, True),
        ({"hostIP": "10.0.0.1"}, {"hostIP": "0.0.0.0"}, True),  # noqa: S104 - every address
        ({"hostIP": "10.0.0.1"}, {}, True),
        ({"hostPort": 8081}, {}, False),
        ({"hostPort": 0}, {"hostPort": 0}, False),  # no host port at all
    ],
)
def test_host_ports_clash(wanted: dict[str, Any], held: dict[str, Any], clash: bool) -> None:
    ports = [{"ports": [{"containerPort": 80, "hostPort": 8080, **p}]} for p in (wanted, held)]
    usage = Usage.of([placed("holder", containers=[ports[1]])])
    blocked = port_blockers(spec_of(ports[0]), read(Node, node()), usage)
    assert [b.holder for b in blocked] == (["shop/holder"] if clash else [])


def test_a_sidecar_holds_its_host_port_and_an_init_container_does_not() -> None:
    port = {"ports": [{"containerPort": 80, "hostPort": 8080}]}
    usage = Usage.of([placed(initContainers=[{**port, "restartPolicy": "Always"}])])
    assert port_blockers(spec_of(port), read(Node, node()), usage)
    usage = Usage.of([placed(initContainers=[port])])
    assert not port_blockers(spec_of(port), read(Node, node()), usage)


def test_a_volume_is_reached_from_its_own_nodes_only() -> None:
    zone = {"key": "zone", "operator": "In", "values": ["a"]}
    terms = {"nodeSelectorTerms": [{"matchExpressions": [zone]}]}
    volume = read(
        PersistentVolume,
        {"metadata": {"name": "pv1"}, "spec": {"nodeAffinity": {"required": terms}}},
    )
    far, near = (read(Node, node(labels={"zone": z})) for z in "ba")
    assert not volume_blockers({"data": volume}, near)
    assert [str(b) for b in volume_blockers({"data": volume}, far)] == [
        "cannot reach volume pv1 of claim data"
    ]
    anywhere = read(PersistentVolume, {"metadata": {"name": "pv2"}})
    assert not volume_blockers({"data": anywhere}, far)


def test_every_obstacle_of_a_node_is_named() -> None:
    bad = read(Node, node(cpu="1", taints=["a:NoSchedule"], cordoned=True))
    spec = spec_of(container(cpu="2", host_port=80), nodeSelector={"x": "y"})
    usage = Usage.of([placed(containers=[container(host_port=80)])])
    kinds = [type(b).__name__ for b in blockers(spec, bad, usage, {})]
    assert kinds == [
        "LabelBlocker", "TaintBlocker", "CordonBlocker", "ResourceBlocker", "PortBlocker",
    ]  # fmt: skip
    assert blockers(spec_of(), read(Node, node()), EMPTY, {}) == []
