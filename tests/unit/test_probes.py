"""Failing probes: what is asked, held against what the container offers."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podiatrist.analyzers.containers import probes
from podiatrist.cluster.logs import ContainerLog
from podiatrist.cluster.snapshot import Object
from podiatrist.lifecycle.options.propose import offer_options
from tests.harness.recording import load, texts
from tests.unit.builders import World, container, deployment, event, pod_of, revision

RECORDINGS = Path(__file__).parent / "recordings"
REFUSED = 'Get "http://10.244.0.9:8080/": dial tcp 10.244.0.9:8080: connect: connection refused'
TCP_REFUSED = "dial tcp 10.244.0.9:8080: connect: connection refused"
NO_CURL = (
    'rpc error: code = Unknown desc = failed to exec in container: failed to start exec "3992": '
    'OCI runtime exec failed: exec failed: unable to start container process: exec: "curl": '
    "executable file not found in $PATH: unknown"
)


def failing(
    kind: str,
    said: str,
    probe: Object,
    *,
    log: str = "",
    since: str = "11:55:00",
    killed: int | None = None,
    count: int = 5,
    errored: bool = False,
    **fields: Any,
) -> World:
    """Return a Deployment whose container fails a probe; `killed` is its last exit code."""
    field = {"Liveness": "livenessProbe", "Readiness": "readinessProbe", "Startup": "startupProbe"}
    web = deployment(containers=[container() | {field[kind]: probe} | fields])
    pod = pod_of(web)
    status: Object = {
        "name": "app",
        "ready": False,
        "started": kind != "Startup",
        "state": {"running": {"startedAt": f"2026-11-03T{since}Z"}},
    }
    if killed is not None:
        status["restartCount"] = 4
        status["state"] = {"waiting": {"reason": "CrashLoopBackOff"}}
        end = {"exitCode": killed, "finishedAt": "2026-11-03T11:59:50Z"}
        status["lastState"] = {"terminated": end}
    pod["spec"]["nodeName"] = "n1"
    pod["status"] = {"phase": "Running", "containerStatuses": [status]}
    verb = "errored and resulted in unknown state" if errored else "failed"
    told = event("web-1", "Unhealthy", f"{kind} probe {verb}: {said}") | {"count": count}
    told["involvedObject"]["fieldPath"] = "spec.containers{app}"
    logs = [ContainerLog("shop", "web-1", "app", False, log)] if log else []
    return World(web, pods=[pod], events=[told], logs=logs)


def http(path: str = "/", port: int | str = 8080, **more: Any) -> Object:
    """Return an HTTP probe."""
    return {"httpGet": {"path": path, "port": port}, **more}


PORT_80 = [{"containerPort": 80}]


def test_a_wrong_port_is_held_against_the_declared_one() -> None:
    said = failing("Readiness", REFUSED, http(), ports=PORT_80).diagnose()
    assert said.reasons == ["ProbeWrongPort"]
    assert "nothing listens on port 8080" in said.messages[0]
    assert "declares port 80" in said.messages[0]
    assert [t for t, _ in said.offers] == ["Set the readiness probe of app to port 80"]


@pytest.mark.parametrize(
    ("fields", "log", "port"),
    [
        ({}, "INFO: Uvicorn running on http://0.0.0.0:8000 (Press CTRL+C to quit)", 8000),
        ({}, "listening on :3000", 3000),
        ({}, "Tomcat started on port(s): 9090 (http)", 9090),
        ({"command": ["httpd", "-f", "-p", "8081"]}, "", 8081),
        ({"args": ["--port=9000"]}, "", 9000),
        ({"args": ["--listen", "0.0.0.0:9001"]}, "", 9001),
        ({"env": [{"name": "PORT", "value": "5000"}]}, "", 5000),
    ],
)
def test_where_it_really_listens(fields: Object, log: str, port: int) -> None:
    declared = [{"containerPort": 8080}]
    said = failing("Readiness", REFUSED, http(), log=log, ports=declared, **fields).diagnose()
    assert said.reasons == ["ProbeWrongPort"]
    assert said.options[0].title == f"Set the readiness probe of app to port {port}"


def test_a_server_on_localhost_only() -> None:
    probe = {"tcpSocket": {"port": 8080}}
    command = ["httpd", "-f", "-p", "127.0.0.1:8080"]
    said = failing("Readiness", TCP_REFUSED, probe, command=command).diagnose()
    assert said.reasons == ["ListensOnLocalhost"]
    assert said.options[0].actions[0].parameters["run"][-1] == "0.0.0.0:8080"


def test_a_grpc_probe_that_gets_no_connection() -> None:
    says = 'timeout: failed to connect service "10.244.0.9:9000" within 1s: context deadline'
    said = failing("Readiness", says, {"grpc": {"port": 9000}}, args=["--port=9090"]).diagnose()
    assert said.reasons == ["ProbeWrongPort"]
    assert said.options[0].title == "Set the readiness probe of app to port 9090"


def test_a_port_name_that_is_not_declared() -> None:
    world = failing(
        "Readiness",
        'port "web" not found',
        http(port="web"),
        errored=True,
        ports=[{"name": "http", "containerPort": 80}],
    )
    said = world.diagnose()
    assert said.reasons == ["ProbePortUnknown"]
    assert said.options[0].title == "Set the readiness probe of app to port http"


def test_a_path_that_is_not_there() -> None:
    said = failing(
        "Liveness",
        "HTTP probe failed with statuscode: 404",
        http("/healthz", 80),
        killed=0,
        readinessProbe=http("/ok", 80),
    ).diagnose()
    assert said.reasons == ["ProbePathNotFound"]
    assert "/healthz" in said.messages[0]
    assert "4 restarts" in said.messages[0]
    assert [t for t, _ in said.offers] == [
        "Set the liveness probe of app to path /ok",
        "Set the liveness probe of app to path /",
        "Set the liveness probe of app to connect to port 80 only",
    ]
    only = said.options[2].diff
    assert any("tcpSocket" in line for line in only)


def test_a_slow_start_under_a_liveness_probe_gets_a_startup_probe() -> None:
    probe = {"tcpSocket": {"port": 8080}, "periodSeconds": 3, "failureThreshold": 2}
    said = failing(
        "Liveness", TCP_REFUSED, probe, killed=137, log="warming up",
        ports=[{"containerPort": 8080}],
    ).diagnose()  # fmt: skip
    assert said.reasons == ["StartsTooSlowly"]
    assert "6 s" in said.messages[0]
    [(title, _)] = said.offers
    assert title == "Give container app a startup probe that allows 300 s"


def test_a_startup_probe_that_allows_too_little() -> None:
    probe = {"tcpSocket": {"port": 8080}, "periodSeconds": 2, "failureThreshold": 3}
    said = failing("Startup", TCP_REFUSED, probe, killed=137, command=["serve"]).diagnose()
    assert said.reasons == ["StartsTooSlowly"]
    assert said.options[0].title == "Set the startup probe of app to allow 300 s"


def test_no_answer_in_time() -> None:
    says = 'command timed out: "sh -c sleep 3" timed out after 1s'
    probe = {"exec": {"command": ["sh", "-c", "sleep 3"]}}
    said = failing("Liveness", says, probe, killed=137).diagnose()
    assert said.reasons == ["ProbeTimeout"]
    assert said.options[0].title == "Set the liveness probe of app to wait 5 s for an answer"


def test_curl_that_is_not_in_the_image() -> None:
    probe = {"exec": {"command": ["curl", "-f", "http://localhost:8080/ok"]}}
    said = failing("Readiness", NO_CURL, probe, errored=True).diagnose()
    assert said.reasons == ["ProbeCommandNotFound"]
    assert said.options[0].title == "Set the readiness probe of app to ask /ok on port 8080 by HTTP"


def test_a_file_that_the_program_writes_under_another_name() -> None:
    said = failing(
        "Readiness",
        "cat: can't open '/tmp/redy': No such file or directory",
        {"exec": {"command": ["cat", "/tmp/redy"]}},  # noqa: S108 - a path in a container
        command=["sh", "-c", "touch /tmp/ready; sleep 9"],
    ).diagnose()
    assert said.reasons == ["ReadinessProbeFailing"]
    assert said.options[0].title == "Set the readiness probe of app to look at /tmp/ready"


def test_https_asked_of_plain_http() -> None:
    says = 'Get "https://10.244.0.9:80/": http: server gave HTTP response to HTTPS client'
    probe = {"httpGet": {"path": "/", "port": 80, "scheme": "HTTPS"}}
    said = failing("Readiness", says, probe).diagnose()
    assert said.reasons == ["ProbeWrongScheme"]
    assert said.options[0].title == "Set the readiness probe of app by HTTP"


def test_an_application_that_says_so_itself_gets_no_weaker_probe() -> None:
    says = "HTTP probe failed with statuscode: 503"
    said = failing("Readiness", says, http(), log="ERROR: DATABASE_URL must be set").diagnose()
    assert said.reasons == ["ReadinessProbeFailing"]
    assert "503" in said.messages[0]
    assert "DATABASE_URL must be set" in said.messages[0]
    assert said.offers == []


def test_the_revision_before_the_probe_comes_first() -> None:
    world = failing("Readiness", REFUSED, http(), ports=PORT_80)
    world.revisions = [revision(world.target, 2), revision(world.target, 1, ready=1)]
    world.revisions[1]["spec"]["template"]["spec"]["containers"][0].pop("readinessProbe")
    assert world.diagnose().options[0].title == "Roll back to revision 1"


@pytest.mark.parametrize("since", ["11:59:25", "11:59:58"])
def test_a_container_that_is_only_starting_is_left_alone(since: str) -> None:
    assert failing("Readiness", REFUSED, http(), since=since).diagnose().reasons == []


def test_the_initial_delay_is_waited_for() -> None:
    slow = http(initialDelaySeconds=400)
    assert failing("Readiness", REFUSED, slow).diagnose().reasons == []


def test_a_startup_probe_within_its_budget_is_left_alone() -> None:
    probe = {"tcpSocket": {"port": 8080}, "periodSeconds": 10, "failureThreshold": 60}
    assert failing("Startup", TCP_REFUSED, probe).diagnose().reasons == []


def test_a_ready_container_with_an_old_failure_is_left_alone() -> None:
    world = failing("Readiness", REFUSED, http())
    world.pods[0]["status"]["containerStatuses"][0]["ready"] = True
    assert world.diagnose().reasons == []


def test_a_crash_is_no_probe_failure() -> None:
    """Between two crashes nothing listens; the crash is the cause."""
    world = failing("Liveness", REFUSED, http(), killed=1, log="FATAL: licence expired")
    assert world.diagnose().reasons == ["CrashLoop"]


def test_between_two_crashes_a_failing_readiness_probe_is_only_a_symptom() -> None:
    world = failing("Readiness", REFUSED, http(), since="11:58:30")
    last = {
        "exitCode": 1,
        "startedAt": "2026-11-03T11:57:20Z",
        "finishedAt": "2026-11-03T11:58:20Z",
    }
    status = world.pods[0]["status"]["containerStatuses"][0]
    status |= {"restartCount": 4, "lastState": {"terminated": last}}
    assert world.diagnose().reasons == ["CrashLoop"]


def test_a_readiness_gate_that_nobody_sets() -> None:
    web = deployment(readinessGates=[{"conditionType": "example.com/lb"}])
    pod = pod_of(web)
    pod["status"] = {"phase": "Running", "conditions": [
        {"type": "ContainersReady", "status": "True",
         "lastTransitionTime": "2026-11-03T11:58:00Z"},
        {"type": "Ready", "status": "False", "message": 'gate "example.com/lb" does not exist'},
    ]}  # fmt: skip
    said = World(web, pods=[pod]).diagnose()
    assert said.reasons == ["ReadinessGateNotMet"]
    met = {"type": "example.com/lb", "status": "True"}
    pod["status"]["conditions"].append(met)
    assert World(web, pods=[pod]).diagnose().reasons == []


RECORDED = [
    ("probes-liveness-path", "ProbePathNotFound", "/healthz", "to path /"),
    ("probes-starts-slowly", "StartsTooSlowly", "8080", "startup probe"),
    ("probes-sidecar", "StartsTooSlowly", "proxy", "to allow 300 s"),
    ("probes-command-missing", "ProbeCommandNotFound", "curl", "by HTTP"),
    ("probes-port-name", "ProbePortUnknown", "web", "to port http"),
]


@pytest.mark.parametrize(
    ("name", "reason", "word", "title"), RECORDED, ids=[r[0] for r in RECORDED]
)
def test_recorded(name: str, reason: str, word: str, title: str) -> None:
    snapshot = load(RECORDINGS / f"{name}.json")
    results = probes.analyze(snapshot)
    assert [r.finding.reason for r in results] == [reason]
    assert word in results[0].finding.message
    seen = texts(snapshot)
    assert len(results[0].finding.evidence) >= 2
    for evidence in results[0].finding.evidence:
        assert any(evidence.quote in text for text in seen), evidence.quote
    assert title in offer_options(snapshot, results, 60)[0].title


_nasty = st.sampled_from(
    ["", "\x00", "\ud800", "a b", "{}", "/", "connection refused", "x" * 9000, "statuscode: 999"]
)


@given(_nasty, _nasty, st.sampled_from([0, -1, 99999, "80", "x", ""]), st.booleans())
def test_hostile_input_never_raises(said: str, log: str, port: int | str, killed: bool) -> None:
    world = failing(
        "Liveness" if killed else "Readiness",
        said,
        http(said, port, periodSeconds=-1, failureThreshold=10**9, initialDelaySeconds=-(10**9)),
        log=log,
        killed=137 if killed else None,
        args=[log],
    )
    snapshot = world.snapshot()
    offer_options(snapshot, probes.analyze(snapshot), 60)
