"""Ingresses: who serves them, where they lead, which certificate is meant."""

from typing import Any

import pytest

from podiatrist.analyzers.network.ingresses import analyze
from tests.harness.recording import load, texts
from tests.unit.builders import World
from tests.unit.network_builders import RECORDINGS, service, world


def backend(name: str, port: int | str = 80) -> Any:
    key = "number" if isinstance(port, int) else "name"
    return {"service": {"name": name, "port": {key: port}}}


def ingress(*backends: Any, host: str = "web.example.com", **spec: Any) -> Any:
    paths = [{"path": f"/{i or ''}", "backend": b} for i, b in enumerate(backends)]
    rules = [{"host": host, "http": {"paths": paths}}] if paths else []
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {"name": "web", "namespace": "shop", "uid": "uid-web", "generation": 1},
        "spec": {"rules": rules, **spec},
    }


def named_class(name: str, *, default: bool = False) -> Any:
    marks = {"ingressclass.kubernetes.io/is-default-class": "true"} if default else {}
    return {"metadata": {"name": name, "annotations": marks}, "spec": {"controller": "x/y"}}


def cluster(target: Any, *classes: Any, services: Any = None) -> World:
    found = [service("web")] if services is None else services
    return world(target, services=found, ingresses=[target], classes_of_ingress=list(classes))


NGINX = named_class("nginx")
SERVED = {"loadBalancer": {"ingress": [{"ip": "10.0.0.1"}]}}


def annotated(target: Any, **annotations: str) -> Any:
    target["metadata"]["annotations"] = {k.replace("__", "/"): v for k, v in annotations.items()}
    return target


@pytest.mark.parametrize(
    ("target", "classes", "reason", "titles"),
    [
        (ingress(backend("web")), [], "IngressWithoutClass", []),
        (ingress(backend("web")), [NGINX], "IngressWithoutClass", ["Set the class to nginx"]),
        (
            ingress(backend("web"), ingressClassName="ngnix"),
            [NGINX, named_class("traefik", default=True)],
            "IngressClassNotFound",
            ["Set the class to nginx"],
        ),
        (
            annotated(ingress(backend("web")), **{"kubernetes.io__ingress.class": "ngnx"}),
            [NGINX],
            "IngressClassNotFound",
            ["Set the class to nginx"],
        ),
    ],
)
def test_nobody_serves_it(target: Any, classes: Any, reason: str, titles: list[str]) -> None:
    said = cluster(target, *classes).diagnose()
    assert said.reasons == [reason]
    assert "served by nobody" in said.messages[0]
    assert [title for title, _ in said.offers] == titles


@pytest.mark.parametrize(
    ("wrong", "services", "reason", "titles"),
    [
        (backend("wbe"), [service("web")], "BackendNotFound", ["Send wbe:80 to web:80"]),
        (backend("web"), [service("shop-web")], "BackendNotFound", ["Send web:80 to shop-web:80"]),
        (backend("web"), [service("ledger")], "BackendNotFound", []),
        (backend("web"), [], "BackendNotFound", []),
        (backend("wbe", 8080), [service("web")], "BackendNotFound", ["Send wbe:8080 to web:80"]),
        (
            backend("web", 8080),
            [service("web")],
            "BackendPortNotFound",
            ["Send web:8080 to web:80"],
        ),
        (
            backend("web", "htp"),
            [service("web", ports=[{"port": 80, "name": "http"}, {"port": 81, "name": "admin"}])],
            "BackendPortNotFound",
            ["Send web:htp to web:http"],
        ),
        (
            backend("web", 8080),
            [service("web", ports=[{"port": 80, "targetPort": 8080}, {"port": 81}])],
            "BackendPortNotFound",
            ["Send web:8080 to web:80"],
        ),
    ],
)
def test_a_backend_that_is_not_there(
    wrong: Any, services: Any, reason: str, titles: list[str]
) -> None:
    for target in (
        ingress(wrong, ingressClassName="nginx"),
        ingress(defaultBackend=wrong, ingressClassName="nginx"),
    ):
        said = cluster(target, NGINX, services=services).diagnose()
        assert said.reasons == [reason]
        assert [title for title, _ in said.offers] == titles


def test_one_option_mends_all_that_is_wrong() -> None:
    target = ingress(backend("wbe"), backend("web", 81), ingressClassName="ngnix")
    said = cluster(target, NGINX).diagnose()
    assert said.reasons == ["IngressClassNotFound", "BackendNotFound", "BackendPortNotFound"]
    assert [title for title, _ in said.offers] == [
        "Set the class to nginx and send wbe:80 to web:80 and web:81 to web:80"
    ]


def test_what_no_option_mends_takes_the_others_along() -> None:
    target = ingress(backend("web"), ingressClassName="ngnix", tls=[{"hosts": ["a.example"]}])
    said = cluster(target, NGINX).diagnose()
    assert said.reasons == ["IngressClassNotFound", "TlsSecretNotNamed"]
    assert said.offers == []


def test_a_rule_without_paths_and_without_a_default() -> None:
    target = ingress(ingressClassName="nginx")
    target["spec"]["rules"] = [{"host": "web.example.com"}]
    assert cluster(target, NGINX).diagnose().reasons == ["IngressWithoutBackend"]
    target["spec"]["defaultBackend"] = backend("web")
    assert cluster(target, NGINX).diagnose().reasons == []


@pytest.mark.parametrize(
    ("tls", "reasons"),
    [
        ({"hosts": ["web.example.com"]}, ["TlsSecretNotNamed"]),
        ({"hosts": ["web.exmple.com"], "secretName": "t"}, ["TlsHostNotServed"]),
        ({"hosts": ["web.example.com"], "secretName": "t"}, []),
        ({"hosts": ["*.example.com"], "secretName": "t"}, []),
        ({"hosts": ["quite-another.host.example"], "secretName": "t"}, []),
        ({"secretName": "t"}, []),
        ({}, []),
    ],
)
def test_certificates(tls: Any, reasons: list[str]) -> None:
    target = ingress(backend("web"), ingressClassName="nginx", tls=[tls])
    assert cluster(target, NGINX).diagnose().reasons == reasons


@pytest.mark.parametrize(
    ("target", "classes"),
    [
        (ingress(backend("web"), ingressClassName="nginx"), [NGINX]),
        (ingress(backend("web")), [named_class("nginx", default=True)]),
        (annotated(ingress(backend("web")), **{"kubernetes.io__ingress.class": "nginx"}), [NGINX]),
        ({**ingress(backend("web")), "status": SERVED}, []),
        ({**ingress(backend("web"), ingressClassName="alb"), "status": SERVED}, []),
        (ingress({"resource": {"kind": "Bucket"}}, ingressClassName="nginx"), [NGINX]),
    ],
)
def test_healthy(target: Any, classes: Any) -> None:
    assert cluster(target, *classes).diagnose().reasons == []


def test_what_was_not_read_is_not_missing() -> None:
    assert World(ingress(backend("wbe"))).diagnose().reasons == []


@pytest.mark.parametrize(
    ("name", "reasons"),
    [
        ("class-mistyped", ["IngressClassNotFound"]),
        ("class-and-backend", ["IngressClassNotFound", "BackendNotFound"]),
        ("healthy", []),
    ],
)
def test_recorded(name: str, reasons: list[str]) -> None:
    snapshot = load(RECORDINGS / f"ingresses-{name}.json")
    results = analyze(snapshot)
    assert [r.finding.reason for r in results] == reasons
    seen = texts(snapshot)
    for evidence in (e for r in results for e in r.finding.evidence):
        assert any(evidence.quote in text for text in seen)


@pytest.mark.parametrize("junk", [None, 7, "x", [], [None], {"a": None}, "\x00\ud800", [{}]])
def test_half_filled_and_hostile_ingresses(junk: Any) -> None:
    for field in ("rules", "tls", "defaultBackend", "ingressClassName"):
        analyze(cluster(ingress(backend("wbe"), **{field: junk}), NGINX).snapshot())
    analyze(cluster({**ingress(backend("wbe")), "status": junk}, NGINX).snapshot())
    cluster(ingress(backend("\ud800\x00" * 99, "\x00")), named_class("\x00")).diagnose()
