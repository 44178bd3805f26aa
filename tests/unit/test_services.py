"""Services: what they select, where their ports lead, whose fault it is that nobody answers."""

from typing import Any

import pytest

from podiatrist.analyzers.network.services import analyze
from tests.harness.recording import load, texts
from tests.unit.builders import World, copy_of, deployment, event, pod_of
from tests.unit.network_builders import (
    RECORDINGS,
    app,
    crashed,
    pods_by,
    service,
    well,
    world,
)

HTTP = {"name": "http", "containerPort": 8080}


def shop(target: Any, *workloads: Any, **more: Any) -> World:
    return world(
        target,
        workloads=list(workloads),
        services=[target, *more.pop("services", ())],
        others=[well(pods_by(w)) for w in workloads if w["spec"]["replicas"]],
        **more,
    )


def labelled(name: str, **labels: str) -> Any:
    made = deployment(name)
    made["spec"]["template"]["metadata"]["labels"] = {
        k.replace("__", "/"): v for k, v in labels.items()
    }
    return made


@pytest.mark.parametrize(
    ("selector", "workload", "option"),
    [
        ({"app": "wbe"}, labelled("web", app="web"), "app=web"),
        ({"app": "frontned"}, labelled("shop", app="frontend"), "app=frontend"),
        ({"app.kubernetes.io/name": "web"}, labelled("shop", app="web"), "app=web"),
        ({"ap": "web"}, labelled("shop", app="web"), "app=web"),
        ({"app": "web", "tier": "x"}, labelled("shop", app="web"), "app=web"),
        ({"app": "old"}, labelled("web", app="web"), "app=web"),
        ({"app": "Web"}, labelled("shop", app="web"), "app=web"),
    ],
)
def test_a_selector_that_matches_nothing_names_the_labels_that_would(
    selector: dict[str, str], workload: Any, option: str
) -> None:
    said = shop(service("web", selector), workload, labelled("other", run="other")).diagnose()
    assert said.reasons == ["SelectorMatchesNothing"]
    assert option in said.messages[0]
    assert [title for title, _ in said.offers] == [f"Set the selector to {option}"]


def test_nothing_alike_gets_no_option_but_the_labels_that_are_there() -> None:
    said = shop(service("web", {"app": "billing"}), labelled("ledger", run="ledger")).diagnose()
    assert said.reasons == ["SelectorMatchesNothing"]
    assert "run=ledger" in said.messages[0]
    assert said.offers == []


def test_a_selector_that_would_take_strangers_too_is_not_offered() -> None:
    wide = service("web", {"app": "web", "tier": "x"})
    both = [labelled("web", app="web", track="a"), labelled("worker", app="web", track="b")]
    assert shop(wide, *both).diagnose().offers == []


def test_a_service_of_a_controller_is_explained_and_left_alone() -> None:
    owned = service("web", {"app": "wbe"})
    owned["metadata"]["ownerReferences"] = [{"kind": "X", "name": "x", "controller": True}]
    said = shop(owned, labelled("web", app="web")).diagnose()
    assert said.reasons == ["SelectorMatchesNothing"]
    assert said.offers == []


@pytest.mark.parametrize(
    ("target", "declared", "option"),
    [
        ("htttp", HTTP, "Set targetPort of port 80 to http"),
        ("web", {"containerPort": 8080}, "Set targetPort of port 80 to 8080"),
        (9090, HTTP, "Set targetPort of port 80 to 8080"),
        ("http", {**HTTP, "protocol": "UDP"}, "Set targetPort of port 80 to http"),
    ],
)
def test_a_port_that_leads_nowhere(target: int | str, declared: Any, option: str) -> None:
    said = shop(
        service("web", ports=[{"port": 80, "targetPort": target}]), app("web", ports=[declared])
    ).diagnose()
    named = isinstance(target, str)
    assert said.reasons == ["TargetPortNotFound" if named else "TargetPortNotDeclared"]
    assert str(target) in said.messages[0]
    assert [title for title, _ in said.offers] == [option]


def test_two_ports_that_lead_nowhere_are_mended_together() -> None:
    ports = [
        {"port": 80, "name": "http", "targetPort": "htp"},
        {"port": 81, "name": "admin", "targetPort": "admn"},
    ]
    declared = [HTTP, {"name": "admin", "containerPort": 8081}]
    said = shop(service("web", ports=ports), app("web", ports=declared)).diagnose()
    assert said.reasons == ["TargetPortNotFound"] * 2
    assert [title for title, _ in said.offers] == [
        "Set targetPort of port 80 to http and of port 81 to admin"
    ]


HEALTHY = {
    "matches": (service("web"), app("web")),
    "no selector": (service("web", {}), app("other")),
    "another name": (
        service("web", {}, type="ExternalName", externalName="web.example.com"),
        app("other"),
    ),
    "asleep": (service("web"), deployment("web", replicas=0)),
    "nothing there yet": (service("web"),),
    "undeclared": (service("web", ports=[{"port": 80, "targetPort": 8080}]), app("web")),
    "only metrics declared": (
        service("web", ports=[{"port": 80, "targetPort": 8080}]),
        app("web", ports=[{"name": "metrics", "containerPort": 9090}]),
    ),
    "told to listen": (
        service("web", ports=[{"port": 80, "targetPort": 8080}]),
        app("web", env={"PORT": "8080"}, ports=[{"containerPort": 9000}]),
    ),
    "known for it": (
        service("web", ports=[{"port": 80}]),
        app("web", ports=[{"containerPort": 8443}], image="nginx:1.27"),
    ),
    "probed": (
        service("web", ports=[{"port": 80, "targetPort": 8080}]),
        app("web", readinessProbe={"httpGet": {"port": 8080}}),
    ),
    "headless": (
        service("web", clusterIP="None", ports=[{"port": 7000}]),
        app("web", ports=[HTTP]),
    ),
    "named": (service("web", ports=[{"port": 80, "targetPort": "http"}]), app("web", ports=[HTTP])),
}


@pytest.mark.parametrize("what", HEALTHY)
def test_healthy(what: str) -> None:
    target, *workloads = HEALTHY[what]
    assert shop(target, *workloads).diagnose().reasons == []


def test_selected_pods_that_are_sick_are_their_workloads_fault() -> None:
    web = app("web")
    sick = world(
        service("web"),
        workloads=[web],
        services=[service("web")],
        pods=[crashed(pods_by(web, 1)), crashed(pods_by(web, 2))],
    )
    (result,) = analyze(sick.snapshot())
    assert result.finding.reason == "NoReadyEndpoints"
    assert result.cause is not None
    assert str(result.cause) == "Deployment shop/web"
    assert result.proposals == ()


def test_pods_that_only_start_are_nobodys_fault() -> None:
    web = app("web")
    new = pods_by(web)
    started = {"running": {"startedAt": "2026-11-03T11:59:55Z"}}
    new["status"] = {
        "phase": "Running",
        "conditions": [{"type": "Ready", "status": "False"}],
        "containerStatuses": [{"name": "app", "ready": False, "state": started}],
    }
    target = service("web")
    assert world(target, workloads=[web], services=[target], pods=[new]).diagnose().reasons == []


def test_another_name_for_a_service_that_is_not_here() -> None:
    alias = service("web", {}, type="ExternalName", externalName="apii.shop.svc.cluster.local")
    said = shop(alias, app("api"), services=[service("api")]).diagnose()
    assert said.reasons == ["ExternalNameNotFound"]
    assert "api" in said.messages[0]


def test_a_load_balancer_that_could_not_be_made() -> None:
    target = service("web", type="LoadBalancer")
    told = event("web", "SyncLoadBalancerFailed", "Error syncing load balancer: quota exceeded")
    said = shop(target, app("web"), events=[told]).diagnose()
    assert said.reasons == ["LoadBalancerFailed"]
    assert "quota exceeded" in said.messages[0]
    target["status"] = {"loadBalancer": {"ingress": [{"ip": "10.0.0.1"}]}}
    assert shop(target, app("web"), events=[told]).diagnose().reasons == []
    assert shop(service("web", type="LoadBalancer"), app("web")).diagnose().reasons == []


@pytest.mark.parametrize(
    ("name", "reasons"),
    [
        ("services-selector", ["SelectorMatchesNothing"]),
        ("services-pods-sick", ["NoReadyEndpoints"]),
    ],
)
def test_recorded(name: str, reasons: list[str]) -> None:
    snapshot = load(RECORDINGS / f"{name}.json")
    results = analyze(snapshot)
    assert [r.finding.reason for r in results] == reasons
    seen = texts(snapshot)
    for evidence in (e for r in results for e in r.finding.evidence):
        assert any(evidence.quote in text for text in seen)


@pytest.mark.parametrize("junk", [None, 7, "x", [], [None], {"a": None}, "\x00\ud800", {"a": [{}]}])
def test_half_filled_and_hostile_services(junk: Any) -> None:
    for field in ("selector", "ports", "type", "clusterIP", "externalName"):
        broken = service("web")
        broken["spec"][field] = junk
        analyze(shop(broken, app("web", ports=[HTTP])).snapshot())
    odd = [{"port": 0, "targetPort": "\x00"}, {"port": -1, "targetPort": "x", "protocol": "?"}]
    shop(
        service("web", ports=odd), app("web", ports=[{"name": "é" * 99, "containerPort": 0}])
    ).diagnose()
    assert copy_of(pod_of(app("web")))
