"""Objects as no API server should give them: nothing raises, and what is sound is still found."""

import time
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from podiatrist.analyzers import ANALYZERS
from podiatrist.api.diagnosis import Finding, Status
from podiatrist.cluster.snapshot import Snapshot
from podiatrist.lifecycle.options.propose import MOST_FINDINGS, offer_options, root_cause
from tests.unit.builders import (
    World,
    claim,
    claim_volume,
    container,
    copy_of,
    deployment,
    event,
    node,
    not_found,
    pod_of,
    revision,
    running,
    storage_class,
    unscheduled,
    waiting,
)

MEGABYTE = "all work and no play " * 50_000
AFFINITY = {
    "nodeAffinity": {
        "requiredDuringSchedulingIgnoredDuringExecution": {
            "nodeSelectorTerms": [{"matchExpressions": [{"key": "disk", "operator": "Exists"}]}]
        }
    }
}


def sick_world() -> World:
    """Return a world with something of everything in it."""
    web = deployment(
        replicas=3,
        containers=[container(image="ngnix:1.27", cpu="8", host_port=80)],
        affinity=AFFINITY,
        volumes=[claim_volume("date")],
    )
    stuck = unscheduled(pod_of(web, 2))
    return World(
        web,
        pods=[not_found(pod_of(web, 1), "docker.io/library/ngnix:1.27"), stuck],
        nodes=[node("n1", cpu="4", taints=["a=b:NoSchedule"]), node("n2", cordoned=True)],
        others=[running(pod_of(deployment("other")), "n1")],
        events=[event("web-1", "Failed", 'Failed to pull image "ngnix:1.27"')],
        revisions=[revision(web, 1, ready=1, image="nginx:1.26"), revision(web, 2)],
        claims=[claim("data", storageClassName="slow")],
        classes=[storage_class("slow")],
    )


def explain(world: World) -> tuple[Snapshot, list[Finding], Status]:
    """Run every rule without the safety net, and write the status down as it is stored."""
    snapshot = world.snapshot()
    results = [result for rule in ANALYZERS for result in rule(snapshot)]
    findings = [r.finding for r in results][:MOST_FINDINGS]
    status = Status(
        findings=findings,
        options=offer_options(snapshot, results, soak=60),
        summary=findings[0].message if findings else None,
        root_cause=root_cause(findings),
    )
    return snapshot, findings, status


def size_of(status: Status) -> int:
    """Return the bytes of a stored status."""
    return len(status.model_dump_json(by_alias=True, exclude_none=True).encode())


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if path:
        yield path
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, inner in items if isinstance(value, dict | list) else ():
        if isinstance(inner, dict | list):
            yield from places(inner, (*path, key))
        else:
            yield (*path, key)


def replaced(raw: Any, path: tuple[Any, ...], value: Any) -> Any:
    copied = copy_of(raw)
    inside = copied
    for key in path[:-1]:
        inside = inside[key]
    inside[path[-1]] = value
    return copied


WORLD = sick_world()
PARTS = ("pods", "nodes", "others", "events", "revisions", "claims", "classes")
PLACES = [
    (part, index, path)
    for part in PARTS
    for index, raw in enumerate(getattr(WORLD, part))
    for path in places(raw)
]
TARGET_PLACES = [path for path in places(WORLD.target) if path[0] == "spec" and len(path) > 1]
ODD = st.sampled_from(
    [None, "", "\x00", "x" * 2000, -1, 2**70, 1e300, True, [], {}, [None], {"": None}]
)


def test_the_sick_world_is_rich() -> None:
    _, findings, status = explain(WORLD)
    assert {f.reason for f in findings} == {
        "ClaimNotFound", "NodeLabelMismatch", "UntoleratedTaint", "NodeCordoned",
        "InsufficientResources", "HostPortTaken", "ImageNotFound",
    }  # fmt: skip
    assert len(status.options) == 4


# What a rule looks up in a raw object by name is found by its metadata: see `ref_of`.
@settings(max_examples=40)
@given(st.sampled_from([p for p in PLACES if p[2] != ("metadata",)]), ODD)
def test_one_odd_value_anywhere_costs_its_own_object_at_most(
    place: tuple[str, int, tuple[Any, ...]], odd: Any
) -> None:
    part, index, path = place
    world = sick_world()
    getattr(world, part)[index] = replaced(getattr(world, part)[index], path, odd)
    _, findings, status = explain(world)
    # The two pods tell two stories; an odd value in one leaves the other.
    reasons = {f.reason for f in findings}
    if (part, index) != ("pods", 0):
        assert {"ImageNotFound", "ImagePullFailed"} & reasons
    if (part, index) != ("pods", 1):
        assert reasons - {"ImageNotFound"}
    assert size_of(status) < 65_536


@settings(max_examples=40)
@given(st.sampled_from(TARGET_PLACES), ODD)
def test_an_odd_value_in_the_target_costs_its_own_options_at_most(
    path: tuple[Any, ...], odd: Any
) -> None:
    world = sick_world()
    world.target = replaced(world.target, path, odd)
    _, findings, status = explain(world)
    assert "ImageNotFound" in {f.reason for f in findings}
    assert size_of(status) < 65_536


def only_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: only_nulls(inner) for key, inner in value.items()}
    return [only_nulls(inner) for inner in value] if isinstance(value, list) else None


@pytest.mark.parametrize("raw", [{}, {"metadata": None, "spec": None, "status": None}])
def test_objects_without_content_are_no_finding(raw: Any) -> None:
    filled: dict[str, Any] = {part: [raw] for part in PARTS}
    world = World(deployment(), **filled)
    assert explain(world)[1] == []


def test_nulls_beside_what_is_told_hide_nothing() -> None:
    world = sick_world()
    unset = {"nodeSelector": None, "tolerations": None, "initContainers": None, "overhead": None}
    for pod in (*world.pods, *world.others):
        pod["spec"] = {**unset, **pod["spec"]}
        pod["metadata"] |= {"deletionTimestamp": None, "ownerReferences": None}
        pod["status"] = {"initContainerStatuses": None, **pod["status"]}
    assert explain(world)[1] == explain(sick_world())[1]


def test_nulls_everywhere_are_no_finding() -> None:
    made: dict[str, Any] = {
        part: [only_nulls(raw) for raw in getattr(WORLD, part)] for part in PARTS
    }
    assert explain(World(deployment(), **made))[1] == []


@pytest.mark.parametrize("raw", ["text", 5, None, [], [{}], True])
def test_what_is_no_object_at_all_is_skipped(raw: Any) -> None:
    world = sick_world()
    for part in ("pods", "others", "events", "claims", "classes"):
        getattr(world, part).insert(0, raw)
    assert len(explain(world)[1]) == len(explain(WORLD)[1])


@pytest.mark.parametrize("sly", ["\x00", "\ud800", "\x1b[2J", "\u202e"])
def test_what_a_registry_says_is_stored_without_what_cannot_be_written(sly: str) -> None:
    web = deployment(containers=[container(image="ngnix")])
    pod = waiting(pod_of(web), "ErrImagePull", f"docker.io/library/ngnix:latest: not{sly} found")
    said = World(web, [pod]).diagnose()
    quote = said.results[0].finding.evidence[0].quote
    assert quote.startswith("docker.io/library/ngnix:latest: not\ufffd")
    quote.encode()


def test_megabytes_of_words_are_read_in_no_time_and_stored_in_little_room() -> None:
    names = [f"c{i}" for i in range(20)]
    web = deployment(containers=[container(n, image=f"ngnix{i}") for i, n in enumerate(names)])
    pod = pod_of(web)
    for name in names:
        pod = waiting(pod, "ErrImagePull", MEGABYTE, name=name)
    started = time.process_time()
    _, findings, status = explain(World(web, [pod], events=[event("web-1", "Failed", MEGABYTE)]))
    assert time.process_time() - started < 5
    assert len(findings) == MOST_FINDINGS
    assert size_of(status) < 65_536


def test_a_rollback_of_an_endless_template_fits_into_the_status() -> None:
    env = [{"name": f"V{i}", "value": "é" * 300} for i in range(20)]
    web = deployment(containers=[container(image="ngnix") | {"env": env}])
    revisions = [revision(web, 1, image="nginx", env=[], ready=1), revision(web, 2)]
    world = World(
        web, [not_found(pod_of(web), "docker.io/library/ngnix:latest")], revisions=revisions
    )
    _, _, status = explain(world)
    assert [o.title for o in status.options][:1] == ["Roll back to revision 1"]
    assert size_of(status) < 16_384


def test_five_thousand_nodes_are_one_short_message() -> None:
    web = deployment(nodeSelector={"disk": "ssd"})
    nodes = [node(f"node-{i}", labels={"disk": f"hdd{i}"}) for i in range(5000)]
    _, (finding,), status = explain(World(web, [unscheduled(pod_of(web))], nodes))
    assert finding.message.count("node-") == 3
    assert size_of(status) < 8_192


def test_more_taints_than_an_option_holds_are_explained_and_not_offered() -> None:
    taints = [f"taint{i}=x:NoSchedule" for i in range(20)]
    web = deployment()
    _, (finding,), status = explain(World(web, [unscheduled(pod_of(web))], [node(taints=taints)]))
    assert finding.reason == "UntoleratedTaint"
    assert status.options == []
