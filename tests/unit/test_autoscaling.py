"""Autoscalers that cannot scale, and those that rest, wait or stand at a bound on purpose."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podiatrist.analyzers.scaling import autoscaling
from podiatrist.api.diagnosis import Risk
from podiatrist.cluster.kinds import DEPLOYMENT, HPA
from podiatrist.cluster.snapshot import Object
from tests.harness.recording import load, texts
from tests.unit.builders import World, container, deployment, pod_of, running, unscheduled

RECORDINGS = Path(__file__).parent / "recordings"
NO_METRICS_API = (
    "the HPA was unable to compute the replica count: failed to get cpu utilization: unable to get "
    "metrics for resource cpu: unable to fetch metrics from resource metrics API: the server could "
    "not find the requested resource (get pods.metrics.k8s.io)"
)
NO_CUSTOM_API = (
    "unable to get metric requests_per_second: unable to fetch metrics from custom metrics API: no "
    "custom metrics API (custom.metrics.k8s.io) registered"
)
DOWN = "the server is currently unable to handle the request (get {}.metrics.k8s.io)"


def hpa(*conditions: Object, name: str = "web", scales: str = "web", **spec: Any) -> Object:
    """Return an autoscaler of a Deployment between 1 and 3 replicas, by CPU."""
    target = {"type": "Utilization", "averageUtilization": 80}
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": name, "namespace": "shop", "uid": f"uid-hpa-{name}"},
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": scales},
            "minReplicas": 1,
            "maxReplicas": 3,
            "metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": target}}],
            **spec,
        },
        "status": {"currentReplicas": 3, "conditions": list(conditions)},
    }


def says(kind: str, status: str, reason: str, message: str = "", at: str = "11:00:00") -> Object:
    """Return a condition; at a time of the day of the test."""
    return {
        "type": kind,
        "status": status,
        "reason": reason,
        "message": message,
        "lastTransitionTime": f"2026-11-03T{at}Z",
    }


def world(target: Object, *deployments: Object, **more: Any) -> World:
    """Return an autoscaler among Deployments (raw lists have no kind, as the API gives them)."""
    around = {DEPLOYMENT: list(deployments), HPA: [target, *more.pop("others", ())]}
    return World(target, around=around, **more)


def lost(message: str, **more: Any) -> Object:
    """Return an autoscaler that could not get the scale of its target."""
    return hpa(says("AbleToScale", "False", "FailedGetScale", message), **more)


def unmeasured(message: str, reason: str = "FailedGetResourceMetric", **more: Any) -> Object:
    """Return an autoscaler that could not compute the number of replicas."""
    return hpa(says("ScalingActive", "False", reason, message, **more))


def test_a_mistyped_target_is_named_and_mended() -> None:
    target = lost('deployments.apps "wbe" not found', scales="wbe")
    said = world(target, deployment("web"), deployment("billing")).diagnose()
    assert said.reasons == ["ScaleTargetNotFound"]
    assert "no Deployment wbe" in said.messages[0]
    assert said.offers == [("Scale Deployment web", Risk.MEDIUM)]


def test_a_target_of_the_wrong_kind_or_version_keeps_its_name() -> None:
    old = lost('no matches for kind "Deployment" in group "extensions"')
    old["spec"]["scaleTargetRef"]["apiVersion"] = "extensions/v1beta1"
    said = world(old, deployment("web")).diagnose()
    assert said.reasons == ["ScaleTargetUnknown"]
    assert "extensions/v1beta1" in said.messages[0]
    assert said.offers == [("Scale Deployment web", Risk.MEDIUM)]
    daemons = lost("the server could not find the requested resource")
    daemons["spec"]["scaleTargetRef"]["kind"] = "DaemonSet"
    assert world(daemons, deployment("web")).diagnose().reasons == ["ScaleTargetNotScalable"]


def test_a_workload_that_has_an_autoscaler_is_not_meant_by_another_one() -> None:
    target = lost('deployments.apps "wbe" not found', name="new", scales="wbe")
    said = world(target, deployment("web"), others=[hpa()]).diagnose()
    assert said.reasons == ["ScaleTargetNotFound"]
    assert said.options == []


def test_without_a_metrics_api_nothing_is_scaled() -> None:
    said = world(unmeasured(NO_METRICS_API), deployment("web")).diagnose()
    assert said.reasons == ["MetricsUnavailable"]
    assert "metrics-server" in said.messages[0]
    assert "missing in app (cpu)" in said.messages[0]
    asking = deployment("web", containers=[container(cpu="1")])
    assert "missing in" not in world(unmeasured(NO_METRICS_API), asking).diagnose().messages[0]


@pytest.mark.parametrize(
    ("message", "reason", "words"),
    [
        ("failed to get cpu utilization: missing request for cpu in container app of Pod web-1",
         "MissingRequest", "set resources deployment/web -c app --requests=cpu="),
        (NO_CUSTOM_API, "MetricsUnavailable", "custom metrics API"),
        (DOWN.format("queue.external"), "MetricsUnavailable", "external metrics API"),
        (DOWN.format("pods"), "MetricsUnavailable", "metrics-server"),
        ("no metrics returned from resource metrics API", "PodsNotMeasured", "no value"),
        ("something new", "MetricFailed", "something new"),
    ],
)  # fmt: skip
def test_what_keeps_the_replicas_from_being_computed(message: str, reason: str, words: str) -> None:
    said = world(unmeasured(message), deployment("web")).diagnose()
    assert said.reasons == [reason]
    assert words in said.messages[0]


def test_pods_that_are_not_ready_are_not_measured_and_their_workload_is_to_blame() -> None:
    web = deployment("web")
    web["spec"]["selector"] = {"matchLabels": {"app": "web"}}
    message = "did not receive metrics for targeted pods (pods might be unready)"
    said = world(unmeasured(message), web, others=[], pods=[unscheduled(pod_of(web))]).diagnose()
    [result] = [r for r in said.results if r.finding.analyzer == "autoscaling"]
    assert result.cause is not None
    assert (result.cause.kind, result.cause.name) == ("Deployment", "web")


@pytest.mark.parametrize(
    "target",
    [
        unmeasured("no metrics returned from resource metrics API", at="11:58:00"),
        unmeasured(NO_METRICS_API, at="11:59:50"),
        hpa(says("AbleToScale", "False", "FailedGetScale", "not found", at="11:59:50")),
        unmeasured("scaling is disabled since the replica count is zero", "ScalingDisabled"),
        hpa(says("AbleToScale", "True", "ReadyForNewScale"),
            says("ScalingActive", "True", "ValidMetricFound"),
            says("ScalingLimited", "False", "DesiredWithinRange")),
        hpa(says("ScalingLimited", "True", "TooFewReplicas")),
        hpa(says("ScalingLimited", "True", "ScaleUpLimit")),
        hpa(says("ScalingLimited", "True", "TooManyReplicas", at="11:58:00")),
        hpa(says("ScalingLimited", "True", "TooManyReplicas"), minReplicas=3),
        hpa(),
    ],
)  # fmt: skip
def test_autoscalers_at_rest_or_just_made_are_healthy(target: Object) -> None:
    assert world(target, deployment("web")).diagnose().reasons == []


def loaded(utilization: int, **spec: Any) -> Object:
    """Return an autoscaler that wants more than it may have since an hour."""
    target = hpa(says("ScalingLimited", "True", "TooManyReplicas", "the desired replica count is "
                      "more than the maximum replica count"), **spec)  # fmt: skip
    current = {"name": "cpu", "current": {"averageUtilization": utilization}}
    target["status"]["currentMetrics"] = [{"type": "Resource", "resource": current}]
    return target


def test_a_limit_that_is_too_low_for_the_load_may_be_raised_by_what_it_asks_for() -> None:
    said = world(loaded(160), deployment("web")).diagnose()
    assert said.reasons == ["AutoscalerAtLimit"]
    assert "200 % of its target" in said.messages[0]
    assert said.offers == [("Raise maxReplicas to 6", Risk.MEDIUM)]
    assert world(loaded(9000), deployment("web")).diagnose().offers[0][0].endswith("to 9")


def test_at_its_limit_with_a_load_on_target_it_does_its_work() -> None:
    assert world(loaded(84), deployment("web")).diagnose().reasons == []


def test_where_pods_wait_for_room_already_more_of_them_are_no_help() -> None:
    web = deployment("web")
    pods = [running(pod_of(web, 1)), pod_of(web, 2)]
    said = world(loaded(160), web, pods=pods).diagnose()
    assert said.options == []


def test_of_two_autoscalers_of_one_workload_the_later_one_is_to_blame() -> None:
    message = "pods by selector app=web are controlled by more than one HPA (e.g. [a b])"
    first, second = (
        hpa(says("ScalingActive", "False", "AmbiguousSelector", message), name=name)
        for name in ("zebra", "antelope")
    )
    first["metadata"]["creationTimestamp"] = "2026-11-01T12:00:00Z"
    second["metadata"]["creationTimestamp"] = "2026-11-02T12:00:00Z"
    [older] = world(first, others=[second]).diagnose().results
    [newer] = world(second, others=[first]).diagnose().results
    assert (older.finding.reason, newer.finding.reason) == ("AutoscalersCollide",) * 2
    assert older.cause is not None
    assert older.cause.name == "antelope"
    assert newer.cause is None
    assert "zebra" in newer.finding.message


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("web", "MetricsUnavailable"),
        ("typo", "ScaleTargetNotFound"),
        ("twice-a", "AutoscalersCollide"),
        ("custom", "AutoscalersCollide"),
    ],
)
def test_recorded_autoscalers(name: str, reason: str) -> None:
    snapshot = load(RECORDINGS / f"autoscaling-{name}.json")
    [result] = autoscaling.analyze(snapshot)
    assert result.finding.reason == reason
    seen = texts(snapshot)
    assert result.finding.evidence
    for evidence in result.finding.evidence:
        assert any(evidence.quote in text for text in seen), evidence.quote


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=10,
)


@given(json_values, json_values)
def test_no_autoscaler_makes_the_rules_raise(spec: Any, status: Any) -> None:
    autoscaling.analyze(world({**hpa(), "spec": spec, "status": status}).snapshot())


@given(st.text(max_size=400), st.sampled_from(["FailedGetScale", "FailedGetPodsMetric", "x"]))
def test_no_message_makes_the_rules_raise(text: str, reason: str) -> None:
    for target in (lost(text), unmeasured(text, reason)):
        autoscaling.analyze(world(target, deployment("web")).snapshot())


@given(json_values)
def test_no_metric_makes_the_rules_raise(metric: Any) -> None:
    target = loaded(160)
    target["spec"]["metrics"] = [{"type": "Resource", "resource": metric}]
    autoscaling.analyze(world(target).snapshot())
