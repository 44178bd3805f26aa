"""Budgets that hold up a drain, now or at the next one; and those that do their work."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podiatrist.analyzers.common.rollout import unfinished
from podiatrist.analyzers.scaling import budgets
from podiatrist.api.diagnosis import Risk
from podiatrist.cluster.kinds import DEPLOYMENT, PDB
from podiatrist.cluster.snapshot import Object
from tests.harness.recording import load, texts
from tests.unit.builders import World, copy_of, deployment, node, pod_of, running

RECORDINGS = Path(__file__).parent / "recordings"


def budget(allowed: int = 0, expected: int = 2, *, name: str = "web", **spec: Any) -> Object:
    """Return a budget for the pods of web."""
    since = {"type": "DisruptionAllowed", "status": "True" if allowed else "False",
             "reason": "SufficientPods" if allowed else "InsufficientPods",
             "lastTransitionTime": "2026-11-03T11:00:00Z"}  # fmt: skip
    return {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": {"name": name, "namespace": "shop", "uid": f"uid-pdb-{name}"},
        "spec": {"selector": {"matchLabels": {"app": "web"}}, **spec},
        "status": {
            "disruptionsAllowed": allowed,
            "expectedPods": expected,
            "currentHealthy": expected,
            "desiredHealthy": expected - allowed,
            "conditions": [since],
        },
    }


def pods_of_web(count: int = 2, *, ready: bool = True, owner: str = "ReplicaSet") -> list[Object]:
    """Return pods of web on node n1."""
    made = [running(pod_of(deployment(), number)) for number in range(1, count + 1)]
    for pod in made:
        if owner:
            ref = {"apiVersion": "apps/v1", "kind": owner, "name": "web-1", "controller": True}
            pod["metadata"]["ownerReferences"] = [ref]
        if not ready:
            pod["status"]["conditions"] = [{"type": "Ready", "status": "False"}]
    return made


def world(
    target: Object, pods: list[Object], *, cordoned: bool = False, others: tuple[Object, ...] = ()
) -> World:
    """Return a budget, its pods and the only node."""
    web = deployment()
    web["spec"]["selector"] = {"matchLabels": {"app": "web"}}
    return World(
        target,
        pods=pods,
        nodes=[node("n1", cordoned=cordoned)],
        around={PDB: [target, *others], DEPLOYMENT: [web]},
    )


def told(found: World) -> list[str]:
    """Return what our family says, with every quote checked."""
    said = found.diagnose()
    return [r.finding.reason for r in said.results if r.finding.analyzer == "budgets"]


@pytest.mark.parametrize(
    "spec",
    [
        {"maxUnavailable": 0},
        {"maxUnavailable": "0%"},
        {"minAvailable": "100%"},
        {"minAvailable": 2},
        {"minAvailable": 5},
        {"minAvailable": "51%"},  # of two pods: rounded up to both
    ],
)
def test_a_budget_that_can_never_spare_a_pod_holds_up_the_drain(spec: Object) -> None:
    stuck = world(budget(**spec), pods_of_web(), cordoned=True)
    said = stuck.diagnose()
    assert told(stuck) == ["BudgetAllowsNoDisruption"]
    assert "drain of node n1 waits for web-1, web-2" in said.messages[0]
    assert said.offers == [("Let one pod go at a time", Risk.MEDIUM)]
    assert budgets.holds_up_drain(stuck.snapshot())


def test_without_a_drain_it_is_only_a_warning_to_who_asks() -> None:
    calm = world(budget(maxUnavailable=0), pods_of_web())
    said = calm.diagnose()
    assert told(calm) == ["BudgetAllowsNoDisruption"]
    assert "No node can be drained" in said.messages[0]
    assert not budgets.holds_up_drain(calm.snapshot())


def test_a_single_replica_has_an_outage_for_its_price() -> None:
    said = world(budget(expected=1, minAvailable=1), pods_of_web(1), cordoned=True).diagnose()
    assert "second replica" in said.messages[0]
    assert said.offers == [("Let one pod go at a time", Risk.HIGH)]


@pytest.mark.parametrize(
    ("allowed", "spec"),
    [
        (1, {"maxUnavailable": 1}),
        (1, {"minAvailable": 1}),
        (1, {"minAvailable": "50%"}),
        (1, {"maxUnavailable": "1%"}),  # rounded up to one pod
        (0, {"maxUnavailable": 1}),  # one is away right now, by the drain itself
    ],
)
def test_budgets_that_spare_a_pod_are_healthy_in_a_drain(allowed: int, spec: Object) -> None:
    assert told(world(budget(allowed, **spec), pods_of_web(), cordoned=True)) == []


def test_pods_without_a_scale_need_a_number_of_available_ones() -> None:
    lonely = world(budget(expected=0, maxUnavailable=1), pods_of_web(1, owner=""), cordoned=True)
    said = lonely.diagnose()
    assert told(lonely) == ["BudgetAllowsNoDisruption"]
    assert "minAvailable as a number" in said.messages[0]
    assert said.offers == [("Ask for 0 of 1 available", Risk.HIGH)]


def test_a_drain_that_waits_for_sick_pods_points_to_their_workload() -> None:
    sick = world(budget(minAvailable=1), pods_of_web(ready=False), cordoned=True)
    said = sick.diagnose()
    [result] = [r for r in said.results if r.finding.analyzer == "budgets"]
    assert result.finding.reason == "DrainWaitsForSickPods"
    assert "AlwaysAllow" in result.finding.message
    assert result.cause is not None
    assert result.cause.name == "web"
    # Without a drain the sick workload has its own Diagnosis, and the budget none.
    assert told(world(budget(minAvailable=1), pods_of_web(ready=False))) == []
    fresh = budget(minAvailable=1)
    fresh["status"]["conditions"][0]["lastTransitionTime"] = "2026-11-03T11:59:30Z"
    assert told(world(fresh, pods_of_web(ready=False), cordoned=True)) == []


def test_pods_with_two_budgets_cannot_be_evicted_and_the_first_budget_tells() -> None:
    one, two = (budget(1, name=name, maxUnavailable=1) for name in ("api", "web"))
    [first] = world(one, pods_of_web(), others=(two,)).diagnose().results
    [second] = world(two, pods_of_web(), others=(one,)).diagnose().results
    assert first.finding.reason == second.finding.reason == "BudgetsOverlap"
    assert first.cause is None
    assert second.cause is not None
    assert second.cause.name == "api"


def test_a_mistyped_selector_is_mended() -> None:
    typo = budget(expected=0, maxUnavailable=1, selector={"matchLabels": {"app": "wbe"}})
    said = world(typo, []).diagnose()
    assert said.reasons == ["BudgetSelectsNothing"]
    assert said.offers == [("Protect the pods of Deployment web", Risk.MEDIUM)]


@pytest.mark.parametrize(
    "selector",
    [
        {"matchLabels": {"app": "web"}},  # web is scaled to zero
        {"matchLabels": {"app": "billing"}},  # comes later, or is another team's
        {"matchLabels": {"tier": "front"}},
        {},
    ],
)
def test_a_budget_that_waits_for_its_pods_is_healthy(selector: Object) -> None:
    assert told(world(budget(expected=0, maxUnavailable=1, selector=selector), [])) == []


def test_a_budget_of_a_workload_at_zero_is_no_slip_for_its_neighbour() -> None:
    waits = budget(expected=0, maxUnavailable=1, selector={"matchLabels": {"app": "shop-web2"}})
    snapshot = world(waits, [])
    snapshot.around[DEPLOYMENT] = [deployment("shop-web1"), deployment("shop-web2", replicas=0)]
    assert told(snapshot) == []


def test_a_typo_beside_a_budget_of_the_workload_is_not_mended() -> None:
    typo = budget(expected=0, name="new", maxUnavailable=1)
    typo["spec"]["selector"] = {"matchLabels": {"app": "wbe"}}
    assert told(world(typo, [], others=(budget(1, maxUnavailable=1),))) == []


def test_daemons_stay_through_a_drain_and_ended_pods_do_not_count() -> None:
    daemons = world(
        budget(expected=2, minAvailable=2), pods_of_web(owner="DaemonSet"), cordoned=True
    )
    assert not budgets.holds_up_drain(daemons.snapshot())
    ended = pods_of_web()
    for pod in ended:
        pod["status"]["phase"] = "Succeeded"
    assert told(world(budget(maxUnavailable=0), ended, cordoned=True)) == []


def test_a_changed_budget_is_done_when_its_controller_has_seen_it() -> None:
    changed = budget(1, maxUnavailable=1)
    changed["metadata"]["generation"] = 2
    changed["status"]["observedGeneration"] = 1
    assert unfinished(world(changed, pods_of_web()).snapshot()) is not None
    changed["status"]["observedGeneration"] = 2
    assert unfinished(world(changed, pods_of_web()).snapshot()) is None


@pytest.mark.parametrize("name", ["zero", "bare"])
def test_recorded_budgets(name: str) -> None:
    snapshot = load(RECORDINGS / f"budgets-{name}.json")
    [result] = budgets.analyze(snapshot)
    assert result.finding.reason == "BudgetAllowsNoDisruption"
    seen = texts(snapshot)
    assert result.finding.evidence
    for evidence in result.finding.evidence:
        assert any(evidence.quote in text for text in seen), evidence.quote


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=10,
)


@given(json_values, json_values, st.text(max_size=20) | st.integers())
def test_no_budget_makes_the_rules_raise(spec: Any, status: Any, bound: Any) -> None:
    for target in (
        {**budget(), "spec": spec, "status": status},
        budget(minAvailable=bound),
        budget(maxUnavailable=bound),
    ):
        budgets.analyze(world(copy_of(target), pods_of_web(), cordoned=True).snapshot())
