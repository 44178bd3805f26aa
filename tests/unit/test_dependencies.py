"""Dependencies: whom a sick workload misses, and whose fault it is that nobody answers."""

from typing import Any

import pytest

from podiatrist.analyzers.dependencies.dependencies import analyze, blames_peer
from tests.harness.recording import load, texts
from tests.unit.builders import World, deployment, revision, workload
from tests.unit.network_builders import (
    RECORDINGS,
    app,
    crashed,
    pods_by,
    policy_of,
    says,
    service,
    well,
    world,
)

NEW = "2026-11-03T11:59:50Z"
REFUSED = "dial tcp 10.96.0.9:5432: connect: connection refused"


def db_service(**more: Any) -> Any:
    return service("db", clusterIP="10.96.0.9", ports=[{"port": 5432}], **more)


def shop(web: Any, log: str, *others: Any, services: Any = None, **more: Any) -> World:
    """Return web crashing with that log beside other workloads (their pods in `others`)."""
    pod = more.pop("pod", None) or crashed(pods_by(web))
    return world(
        web,
        pods=[pod],
        workloads=[web, *others],
        services=[db_service()] if services is None else services,
        logs=[says(pod, log)] if log else [],
        **more,
    )


def explained(made: World) -> list[tuple[str, str]]:
    """Return reason and cause of this family's findings; all quotes are checked on the way."""
    made.diagnose()
    return [(r.finding.reason, str(r.cause) if r.cause else "") for r in analyze(made.snapshot())]


DECLARED = {"DB_HOST": "db", "DB_PORT": "5432"}
ASLEEP = deployment("db", replicas=0)


@pytest.mark.parametrize(
    "log",
    [
        REFUSED,
        "Error: connect ECONNREFUSED 10.96.0.9:5432",
        'connection to server at "db" (10.96.0.9), port 5432 failed: Connection refused',
        "wget: can't connect to remote host (10.96.0.9): Connection refused",
        "Error 111 connecting to db:5432. Connection refused.",
        "dial tcp: lookup db on 10.96.0.10:53: no such host",
        "waiting for db ...",
        "ConnectionRefusedError: [Errno 111] Connection refused",
        "",
    ],
)
def test_a_peer_that_was_scaled_to_zero_is_pointed_to(log: str) -> None:
    made = shop(app("web", env=DECLARED), log, ASLEEP)
    assert explained(made) == [("DependencyScaledToZero", "Deployment shop/db")]
    assert made.diagnose().offers == []
    assert blames_peer(made.snapshot(), "app")


def test_without_any_declaration_the_log_is_enough() -> None:
    assert explained(shop(app("web"), REFUSED, ASLEEP)) == [
        ("DependencyScaledToZero", "Deployment shop/db")
    ]


@pytest.mark.parametrize(
    ("log", "code", "reason"),
    [
        ("KeyError: 'TOKEN'", 1, "Error"),
        ("panic: runtime error: index out of range", 2, "Error"),
        ("", 137, "OOMKilled"),
        ("", 127, "Error"),
    ],
)
def test_a_crash_with_another_reason_is_not_the_sleepers_fault(
    log: str, code: int, reason: str
) -> None:
    web = app("web", env=DECLARED)
    made = shop(web, log, ASLEEP, pod=crashed(pods_by(web), code=code, reason=reason))
    assert explained(made) == []
    assert not blames_peer(made.snapshot(), "app")


def test_a_peer_that_is_sick_itself_is_pointed_to() -> None:
    db = app("db")
    made = shop(app("web"), REFUSED, db, others=[crashed(pods_by(db))])
    assert explained(made) == [("DependencyNotReady", "Deployment shop/db")]


def test_a_peer_between_two_crashes_is_sick_although_it_says_ready() -> None:
    db = app("db")
    pod = well(pods_by(db))
    pod["status"]["containerStatuses"] = [
        {
            "name": "app",
            "ready": True,
            "restartCount": 4,
            "state": {"running": {"startedAt": "2026-11-03T11:59:58Z"}},
            "lastState": {"terminated": {"exitCode": 1, "finishedAt": "2026-11-03T11:59:00Z"}},
        }
    ]
    assert explained(shop(app("web"), REFUSED, db, others=[pod])) == [
        ("DependencyNotReady", "Deployment shop/db")
    ]


def test_a_service_that_selects_nobody_is_pointed_to() -> None:
    db = app("db")
    made = shop(
        app("web"),
        REFUSED,
        db,
        others=[well(pods_by(db))],
        services=[{**db_service(), "spec": {**db_service()["spec"], "selector": {"app": "bd"}}}],
    )
    assert explained(made) == [("DependencyHasNoEndpoints", "Service shop/db")]


def test_a_service_whose_port_leads_nowhere_is_pointed_to() -> None:
    db = app("db", ports=[{"name": "sql", "containerPort": 5432}])
    wrong = db_service()
    wrong["spec"]["ports"] = [{"port": 5432, "targetPort": "sqll"}]
    made = shop(app("web"), REFUSED, db, others=[well(pods_by(db))], services=[wrong])
    assert explained(made) == [("DependencyPortLeadsNowhere", "Service shop/db")]


@pytest.mark.parametrize(
    ("env", "log", "title"),
    [
        ({"DB_HOST": "bd"}, "bad address 'bd'", "Set DB_HOST to db"),
        ({"DB_URL": "pg://dbb:5432/x"}, "lookup dbb: no such host", "Set DB_URL to pg://db:5432/x"),
        (
            {"DB_URL": "pg://dbb.shop.svc:5432/x"},
            "lookup dbb.shop.svc: no such host",
            "Set DB_URL to pg://db.shop.svc:5432/x",
        ),
        (
            {"DB_HOST": "bd"},
            "socket.gaierror: [Errno -2] Name or service not known",
            "Set DB_HOST to db",
        ),
        ({"DB_HOST": "db.shpo"}, "getaddrinfo ENOTFOUND db.shpo", "Set DB_HOST to db.shop.svc"),
    ],
)
def test_a_name_that_is_a_slip_is_mended_where_it_stands(
    env: dict[str, str], log: str, title: str
) -> None:
    said = shop(app("web", env=env), log, app("db")).diagnose()
    assert said.reasons[0] in ("DependencyNotFound", "DnsNameNotFound")
    assert [t for t, _ in said.offers] == [title]


def test_a_name_in_a_command_is_mended_there() -> None:
    web = app("web", command=["sh", "-c", "wget -q http://bd:5432/"])
    said = shop(web, "wget: bad address 'bd:5432'", app("db")).diagnose()
    assert [t for t, _ in said.offers] == ["Let container app use db:5432 instead of bd:5432"]


def test_a_value_with_a_password_is_explained_and_never_shown() -> None:
    web = app("web", env={"DB_URL": "pg://u:hunter2x@dbb:5432/x"})
    said = shop(web, "lookup dbb: no such host", app("db")).diagnose()
    assert said.reasons == ["DependencyNotFound"]
    assert said.offers == []
    assert "hunter2x" not in str(said.results)


@pytest.mark.parametrize(
    ("env", "title"),
    [
        (DECLARED | {"DB_PORT": "5433"}, "Set DB_PORT to 5432"),
        ({"DB_URL": "pg://db:5433/x"}, "Set DB_URL to pg://db:5432/x"),
    ],
)
def test_a_port_that_the_service_does_not_have(env: dict[str, str], title: str) -> None:
    db = app("db")
    web = app("web", env=env)
    said = shop(web, "connection to db timed out", db, others=[well(pods_by(db))]).diagnose()
    assert said.reasons == ["DependencyPortNotServed"]
    assert "5433" in said.messages[0]
    assert "5432" in said.messages[0]
    assert [t for t, _ in said.offers] == [title]


def test_the_revision_that_named_it_rightly_comes_first() -> None:
    web = app("web", env={"DB_HOST": "bd"})
    env = [{"name": "DB_HOST", "value": "db"}]
    good = revision(web, 1, ready=1, image="nginx:1.26", env=env)
    made = shop(web, "bad address 'bd'", app("db"), revisions=[revision(web, 2), good])
    assert [t for t, _ in made.diagnose().offers] == [
        "Roll back to revision 1",
        "Set DB_HOST to db",
    ]


def test_a_name_without_any_service_near_it() -> None:
    said = shop(app("web"), "getaddrinfo ENOTFOUND ledger", app("db")).diagnose()
    assert said.reasons == ["DependencyNotFound"]
    assert "no Service ledger" in said.messages[0]
    assert said.offers == []


def test_a_name_outside() -> None:
    said = shop(app("web"), "curl: (6) Could not resolve host: api.exampel.com").diagnose()
    assert said.reasons == ["DnsNameNotFound"]
    assert "api.exampel.com" in said.messages[0]


def test_the_clusters_dns_does_not_answer() -> None:
    db = app("db")
    log = 'could not translate host name "db" to address: Temporary failure in name resolution'
    made = shop(app("web"), log, db, others=[well(pods_by(db))])
    assert explained(made) == [("DnsUnavailable", "")]


@pytest.mark.parametrize(
    ("spec", "title"),
    [
        ({"dnsPolicy": "Default"}, "Set dnsPolicy to ClusterFirst"),
        (
            {"hostNetwork": True, "dnsPolicy": "ClusterFirst"},
            "Set dnsPolicy to ClusterFirstWithHostNet",
        ),
    ],
)
def test_a_pod_that_does_not_ask_the_clusters_dns(spec: dict[str, Any], title: str) -> None:
    web, db = deployment("web", **spec), app("db")
    said = shop(web, "wget: bad address 'db'", db, others=[well(pods_by(db))]).diagnose()
    assert said.reasons == ["DnsPolicyIgnoresCluster"]
    assert [t for t, _ in said.offers] == [title]


def test_a_ready_peer_that_keeps_refusing() -> None:
    db = app("db")
    made = shop(app("web"), REFUSED, db, others=[well(pods_by(db))])
    assert explained(made) == [("DependencyRefuses", "")]


def test_a_peer_behind_a_policy_that_cuts_it() -> None:
    db = app("db")
    closed = policy_of({"matchLabels": {"app": "db"}}, policyTypes=["Ingress"])
    log = "dial tcp 10.96.0.9:5432: i/o timeout"
    made = shop(app("web"), log, db, others=[well(pods_by(db))], policies=[closed])
    assert explained(made) == [("DependencyCutOff", "NetworkPolicy shop/rules")]


def test_a_peer_that_came_back_is_nothing_new() -> None:
    db = app("db")
    made = shop(app("web"), REFUSED, db, others=[well(pods_by(db), since=NEW)])
    assert explained(made) == []
    assert blames_peer(made.snapshot(), "app")


def test_a_service_that_was_mended_since_is_nothing_new() -> None:
    db = app("db")
    parts = {"labels": {"kubernetes.io/service-name": "db"}, "managedFields": [{"time": NEW}]}
    slices = [{"metadata": parts}, {"metadata": {**parts, "managedFields": [{"time": "x"}, 7]}}]
    made = shop(app("web"), REFUSED, db, others=[well(pods_by(db))], slices=slices)
    assert explained(made) == []
    assert blames_peer(made.snapshot(), "app")


def test_a_pod_of_a_stateful_set_that_has_no_such_name() -> None:
    db = workload("StatefulSet", "db", replicas=2)
    log = "bad address 'db-7.db'"
    headless = service("db", clusterIP="None")
    world_ = shop(app("web"), log, services=[headless], stateful=[db], others=[well(pods_by(db))])
    said = world_.diagnose()
    assert said.reasons[:1] == ["DependencyNotFound"]
    assert "serviceName none" in said.messages[0]


def test_a_pod_of_a_stateful_set_whose_service_is_not_headless_or_not_there() -> None:
    db = workload("StatefulSet", "db", replicas=2)
    peers = [well(pods_by(db))]
    log = "bad address 'db-0.db'"
    plain = shop(app("web"), log, services=[service("db")], stateful=[db], others=peers)
    assert "not headless" in plain.diagnose().messages[0]
    nobody = shop(app("web"), log, services=[service("api")], stateful=[db], others=peers)
    assert "no Service db" in nobody.diagnose().messages[0]


def test_jobs_are_named_and_not_their_pods() -> None:
    web = app("web", env=DECLARED)
    pods = [crashed(pods_by(web, number)) for number in (1, 2)]
    job = {"apiVersion": "batch/v1", "kind": "Job", "name": "export", "controller": True}
    for pod in pods:
        pod["metadata"]["ownerReferences"] = [job]
    made = sleeper(pod=pods[0])
    made.others.append(pods[1])
    assert "Job export cannot do without it" in made.diagnose().messages[0]


def test_a_job_that_failed_long_ago_misses_nobody() -> None:
    web = app("web", env=DECLARED)
    pod = crashed(pods_by(web))
    pod["status"]["phase"] = "Failed"
    assert sleeper(REFUSED, pod=pod).diagnose().reasons == ["ScaledToZero"]
    ended = pod["status"]["containerStatuses"][0]["state"]["terminated"]
    ended["finishedAt"] = "2026-11-01T10:00:00Z"
    assert sleeper(REFUSED, pod=pod).diagnose().reasons == []


@pytest.mark.parametrize("target_env", [DECLARED, {"SELF": "http://web:80"}])
def test_who_is_well_or_waits_for_himself_is_left_alone(target_env: dict[str, str]) -> None:
    web = app("web", env=target_env)
    made = world(web, pods=[well(pods_by(web))], workloads=[web, ASLEEP], services=[db_service()])
    assert explained(made) == []
    lonely = shop(web, "web:80: connection refused", services=[service("web")])
    assert explained(lonely) == []


def sleeper(log: str = "", web: Any = None, pod: Any = None, **more: Any) -> World:
    """Return the sleeping db with a sick web beside it."""
    web = web or app("web", env=DECLARED)
    pod = pod or crashed(pods_by(web))
    return world(
        more.pop("db", ASLEEP),
        workloads=[web, ASLEEP],
        services=[db_service()],
        others=[pod],
        logs=[says(pod, log)] if log else [],
        **more,
    )


@pytest.mark.parametrize("log", ["", REFUSED])
def test_a_sleeper_that_is_missed_may_be_woken(log: str) -> None:
    said = sleeper(log).diagnose()
    assert said.reasons == ["ScaledToZero"]
    assert "Deployment web" in said.messages[0]
    assert [t for t, _ in said.offers] == ["Scale to 1"]


def test_a_sleeper_gets_as_many_replicas_as_it_was_applied_with() -> None:
    db = deployment("db", replicas=0)
    applied = '{"spec":{"replicas":3}}'
    db["metadata"]["annotations"] = {"kubectl.kubernetes.io/last-applied-configuration": applied}
    assert [t for t, _ in sleeper(db=db).diagnose().offers] == ["Scale to 3"]


@pytest.mark.parametrize("annotation", ["", "{", "[]", '{"spec":{"replicas":-4}}', '{"spec":7}'])
def test_a_strange_annotation_is_ignored(annotation: str) -> None:
    db = deployment("db", replicas=0)
    db["metadata"]["annotations"] = {"kubectl.kubernetes.io/last-applied-configuration": annotation}
    assert [t for t, _ in sleeper(db=db).diagnose().offers] == ["Scale to 1"]


def test_a_sleeper_that_nobody_misses_is_left_asleep() -> None:
    web = app("web", env=DECLARED)
    assert sleeper(pod=well(pods_by(web))).diagnose().reasons == []
    assert sleeper("KeyError: 'TOKEN'").diagnose().reasons == []
    assert sleeper(web=app("web")).diagnose().reasons == []


RECORDED = {
    "scaled-to-zero": [("ScaledToZero", "")],
    "web-of-sleeper": [("DependencyScaledToZero", "Deployment")],
    "chain-db": [("ScaledToZero", "")],
    "chain-web": [("DependencyNotReady", "Deployment")],
    "init-waits": [("DependencyScaledToZero", "Deployment")],
    "readiness": [("DependencyScaledToZero", "Deployment")],
    "name-mistyped": [("DependencyNotFound", "")],
    "port-wrong": [("DependencyPortNotServed", "")],
    "service-selector": [("DependencyHasNoEndpoints", "Service")],
    "stateful": [("DependencyScaledToZero", "StatefulSet")],
    "dns-name": [("DnsNameNotFound", "")],
    "dns-policy": [("DnsPolicyIgnoresCluster", "")],
    "came-back": [],
}


@pytest.mark.parametrize("name", RECORDED)
def test_recorded(name: str) -> None:
    snapshot = load(RECORDINGS / f"dependencies-{name}.json")
    results = analyze(snapshot)
    told = [(r.finding.reason, r.cause.kind if r.cause else "") for r in results]
    assert told == RECORDED[name]
    seen = texts(snapshot)
    for evidence in (e for r in results for e in r.finding.evidence):
        assert any(evidence.quote in text for text in seen), evidence.quote


HOSTILE = "\ud800\x00 bad address '" + "a." * 5000 + "' " + "10.96.0.9:" * 2000 + "refused"


@pytest.mark.parametrize("junk", [None, 7, "x", [], [None], {"a": None}, "\x00\ud800", [{}]])
def test_half_filled_and_hostile_worlds(junk: Any) -> None:
    web = app("web", env={"DB_HOST": HOSTILE, "X": "http://" + "a" * 100_000})
    odd = db_service()
    odd["spec"]["selector"] = junk
    made = shop(web, HOSTILE + "\n" + HOSTILE, {**ASLEEP, "spec": junk}, services=[odd, {}])
    analyze(made.snapshot())
    broken = shop(web, REFUSED)
    broken.pods = [{**broken.pods[0], "status": junk}, {"metadata": junk}]
    analyze(broken.snapshot())
