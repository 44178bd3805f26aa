"""Network policies: what they cut of that which somebody declares to need."""

from typing import Any

import pytest

from podiatrist.analyzers.network.network_policies import analyze
from tests.harness.recording import load, texts
from tests.unit.builders import World
from tests.unit.network_builders import RECORDINGS, app, service, world
from tests.unit.network_builders import policy_of as policy

DB_PORT = {"name": "sql", "containerPort": 5432}


def pods(**labels: str) -> Any:
    return {"podSelector": {"matchLabels": labels}}


def shop(target: Any, *more: Any, env: dict[str, str] | None = None) -> World:
    return world(
        target,
        policies=[target, *more],
        services=[service("db", ports=[{"port": 15432, "targetPort": "sql"}])],
        workloads=[
            app("db", ports=[DB_PORT]),
            app("web", env={"DB_URL": "pg://db:15432/x"} if env is None else env),
        ],
    )


DB = {"matchLabels": {"app": "db"}}
WEB = {"matchLabels": {"app": "web"}}
OPEN_DNS = {"to": [{"namespaceSelector": {}}], "ports": [{"port": 53, "protocol": "UDP"}]}


@pytest.mark.parametrize(
    ("target", "word"),
    [
        (policy(DB, ingress=[{"from": [pods(app="webb")]}]), "app=webb"),
        (policy(DB, ingress=[{"from": [pods(app="web")], "ports": [{"port": 15432}]}]), "5432"),
        (policy(DB, ingress=[{"from": [pods(app="web", role="x")]}]), "role=x"),
        (policy({}, policyTypes=["Ingress"]), "allows nothing"),
        (policy({}, policyTypes=["Ingress", "Egress"]), "allows nothing"),
        (policy(WEB, policyTypes=["Egress"], egress=[OPEN_DNS]), "only port 53"),
        (policy(WEB, policyTypes=["Egress"], egress=[{"to": [pods(app="dbb")]}]), "app=dbb"),
        (
            policy(
                DB,
                ingress=[
                    {
                        "from": [
                            {
                                "namespaceSelector": {
                                    "matchLabels": {"kubernetes.io/metadata.name": "other"}
                                }
                            }
                        ]
                    }
                ],
            ),
            "other",
        ),
    ],
)
def test_a_declared_dependency_that_is_cut(target: Any, word: str) -> None:
    said = shop(target).diagnose()
    assert said.reasons == ["PolicyCutsDependency"]
    assert word in said.messages[0]
    assert "Deployment web" in said.messages[0]
    assert "Service db" in said.messages[0]
    assert said.offers == []


def test_names_that_may_not_be_asked_for() -> None:
    target = policy(WEB, policyTypes=["Egress"], egress=[{"to": [pods(app="db")]}])
    said = shop(target).diagnose()
    assert said.reasons == ["PolicyBlocksDns"]
    assert "port 53" in said.messages[0]


@pytest.mark.parametrize(
    "target",
    [
        policy(DB, ingress=[{"from": [pods(app="web")]}]),
        policy(DB, ingress=[{"from": [pods(app="web")], "ports": [{"port": "sql"}]}]),
        policy(DB, ingress=[{"ports": [{"port": 5000, "endPort": 6000}]}]),
        policy(DB, ingress=[{}]),
        policy(DB, ingress=[{"from": [{"ipBlock": {"cidr": "10.0.0.0/8"}}]}]),
        policy(DB, ingress=[{"from": [{"namespaceSelector": {"matchLabels": {"team": "a"}}}]}]),
        policy(WEB, policyTypes=["Egress"], egress=[{"to": [pods(app="db")]}, OPEN_DNS]),
        policy(WEB, policyTypes=["Egress"], egress=[{}]),
        policy({"matchLabels": {"app": "nobody"}}, policyTypes=["Ingress", "Egress"]),
    ],
)
def test_healthy(target: Any) -> None:
    assert shop(target).diagnose().reasons == []


def test_policies_add_up() -> None:
    closed = policy({}, "closed", policyTypes=["Ingress"])
    opened = policy(DB, "opened", ingress=[{"from": [pods(app="web")]}])
    assert shop(closed, opened).diagnose().reasons == []
    assert shop(opened, closed).diagnose().reasons == []


def test_only_the_policy_that_comes_closest_is_blamed() -> None:
    closed = policy({}, "closed", policyTypes=["Ingress"])
    slip = policy(DB, "slip", ingress=[{"from": [pods(app="webb")]}])
    assert shop(closed, slip).diagnose().reasons == []
    assert shop(slip, closed).diagnose().reasons == ["PolicyCutsDependency"]


@pytest.mark.parametrize(
    "env", [{}, {"APP_NAME": "db"}, {"DB_URL": "pg://db.other:5432"}, {"DB_HOST": "db.example.com"}]
)
def test_what_nobody_declares_may_be_closed_on_purpose(env: dict[str, str]) -> None:
    assert shop(policy({}, policyTypes=["Ingress"]), env=env).diagnose().reasons == []


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("label", "PolicyCutsDependency"),
        ("port", "PolicyCutsDependency"),
        ("dns", "PolicyBlocksDns"),
    ],
)
def test_recorded(name: str, reason: str) -> None:
    snapshot = load(RECORDINGS / f"policies-{name}.json")
    (result,) = analyze(snapshot)
    assert result.finding.reason == reason
    seen = texts(snapshot)
    assert all(any(e.quote in text for text in seen) for e in result.finding.evidence)


@pytest.mark.parametrize("junk", [None, 7, "x", [], [None], {"a": None}, "\x00\ud800", [{}]])
def test_half_filled_and_hostile_policies(junk: Any) -> None:
    for field in ("podSelector", "policyTypes", "ingress", "egress"):
        broken = policy({}, ingress=[{}])
        broken["spec"][field] = junk
        analyze(shop(broken).snapshot())
    for inner in ("from", "ports"):
        analyze(shop(policy({}, ingress=[{inner: junk}])).snapshot())
