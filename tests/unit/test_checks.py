"""Checks: what an option promises, line by line, and when each line holds."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podiatrist.actions.compiler import Proposal
from podiatrist.actions.set_image import SetImage
from podiatrist.analyzers.common.result import Result
from podiatrist.api.diagnosis import Finding, ObjectRef, Option
from podiatrist.cluster.kinds import (
    CRON_JOB,
    DAEMON_SET,
    DEPLOYMENT,
    JOB,
    NODE,
    POD,
    SERVICE,
    TARGETS,
    Kind,
)
from podiatrist.lifecycle.options.agent_part import joined, suggested_options
from podiatrist.lifecycle.options.propose import offer_options
from podiatrist.lifecycle.verification.checks import (
    Check,
    ConditionTrue,
    NoFewerReadyPods,
    NoLongerFires,
    NothingFires,
    NothingNewFires,
    Seen,
    Settled,
    Soak,
    checks_for,
    parse_check,
    unknown_checks,
)
from podiatrist.lifecycle.verification.pod_count import ready_pods
from tests.unit.builders import (
    World,
    container,
    deployment,
    node,
    not_found,
    pod_of,
    running,
    workload,
)

Object = dict[str, Any]
WEB = ObjectRef(api_version="apps/v1", kind="Deployment", namespace="shop", name="web")

NAMES = st.from_regex(r"[a-z0-9]([-.a-z0-9]{0,60}[a-z0-9])?", fullmatch=True)
WORDS = st.from_regex(r"[A-Z][A-Za-z0-9]{0,63}", fullmatch=True)
CHECKS: st.SearchStrategy[Check] = st.one_of(
    st.builds(Settled, st.sampled_from(["deployment", "daemonset", "cronjob", "pod"]), NAMES),
    st.builds(ConditionTrue, WORDS, st.sampled_from(["deployment", "node", "pod"]), NAMES),
    st.builds(NoLongerFires, WORDS),
    st.sampled_from([NothingFires(), NothingNewFires(), NoFewerReadyPods()]),
    st.builds(Soak, st.integers(0, 99_999)),
)


@given(CHECKS)
def test_a_check_is_read_as_it_was_written(check: Check) -> None:
    assert parse_check(str(check)) == check


@given(
    st.one_of(
        st.text(),
        st.tuples(CHECKS, st.integers(0, 80), st.text(min_size=1, max_size=3)).map(
            lambda t: str(t[0])[: t[1]] + t[2] + str(t[0])[t[1] :]
        ),
    )
)
def test_a_line_is_a_check_only_if_it_says_exactly_what_the_check_says(line: str) -> None:
    check = parse_check(line)
    assert check is None or str(check) == line


@pytest.mark.parametrize(
    "line",
    [
        "",
        "rollout complete",  # of an older version
        "symptom gone for 60s",
        "rollout status deployment/web\n",
        "rollout status deployment/web ",
        "rollout status deployment/web --timeout=1s",
        "rollout status deployment/web or true",
        "rollout status secret/web",
        "rollout status replicaset/web",  # kubectl has no such thing
        "rollout status deployment/",
        "settled deployment/web",
        "condition=Ready secret/web",
        "condition=Ready=False node/n1",
        "jsonpath='{.status}'=x deployment/web",
        "imageNotFound no longer fires",
        "ImageNotFound, CrashLoop no longer fires",
        " no longer fires",
        "No rule fires",
        "nothing new fires\u202e",
        "for 060s",
        "for -1s",
        "for \u0666\u0660s",
        "for 60",
        "for 100000s",
        "true",
        "A" * 65 + " no longer fires",
    ],
)
def test_what_is_no_check_is_named(line: str) -> None:
    assert unknown_checks(["no rule fires", line, "for 60s"]) == [line]


@pytest.mark.parametrize(
    ("kind", "reasons", "lines"),
    [
        (
            DEPLOYMENT,
            ["ImageNotFound"],
            [
                "rollout status deployment/web",
                "ImageNotFound no longer fires",
                "nothing new fires",
                "no fewer ready pods",
                "for 60s",
            ],
        ),
        (
            DAEMON_SET,
            [],
            [
                "rollout status daemonset/web",
                "no rule fires",
                "nothing new fires",
                "no fewer ready pods",
                "for 60s",
            ],
        ),
        (
            CRON_JOB,
            ["CrashLoop", "OOMKilled"],
            [
                "settled cronjob/web",
                "CrashLoop no longer fires",
                "OOMKilled no longer fires",
                "nothing new fires",
                "for 60s",
            ],
        ),
        (NODE, ["NodeCordoned"], ["condition=Ready node/web", "NodeCordoned no longer fires",
                                  "nothing new fires", "for 60s"]),
        (SERVICE, ["NoReadyEndpoints"],
         ["NoReadyEndpoints no longer fires", "nothing new fires", "for 60s"]),
        (DEPLOYMENT, [f"Fault{number}" for number in range(4)],
         ["rollout status deployment/web", "Fault0 no longer fires", "Fault1 no longer fires",
          "Fault2 no longer fires", "Fault3 no longer fires", "nothing new fires",
          "no fewer ready pods", "for 60s"]),
        # More than there is room for: then all rules must fall silent.
        (DEPLOYMENT, [f"Fault{number}" for number in range(5)],
         ["rollout status deployment/web", "no rule fires", "nothing new fires",
          "no fewer ready pods", "for 60s"]),
        # Another controller's reasons may be any text.
        (JOB, ["it went; wrong"],
         ["settled job/web", "no rule fires", "nothing new fires", "for 60s"]),
    ],
)  # fmt: skip
def test_what_a_fix_promises(kind: Kind, reasons: list[str], lines: list[str]) -> None:
    assert checks_for(kind, "web", reasons, 60) == lines


@given(st.sampled_from(TARGETS), st.lists(WORDS | st.text(), max_size=12), st.integers(0, 3600))
def test_what_is_written_can_be_read(kind: Kind, reasons: list[str], soak: int) -> None:
    lines = checks_for(kind, "web", reasons, soak)
    assert unknown_checks(lines) == []
    assert len(lines) <= 8
    assert sum("fire" in line and "new" not in line for line in lines) >= 1


def finding(reason: str, about: ObjectRef = WEB) -> Finding:
    return Finding(analyzer="test", reason=reason, message=f"{reason} it is", object=about)


def web(*, replicas: int = 2, ready: int = 2) -> Object:
    """Return a Deployment of that many pods, of which so many are up to date and ready."""
    counts = dict.fromkeys(["replicas", "updatedReplicas", "readyReplicas"], replicas)
    conditions = [{"type": "Available", "status": "True" if ready else "False"}]
    status = {**counts, "availableReplicas": ready, "observedGeneration": 1}
    return deployment(replicas=replicas) | {"status": {**status, "conditions": conditions}}


def seen(
    target: Object, *reasons: str, pods: int = 2, before: Sequence[str] = (), ready: int = 2
) -> Seen:
    made = [running(pod_of(target, number + 1)) for number in range(pods)]
    results = [Result(finding(reason)) for reason in reasons]
    return Seen(World(target, made).snapshot(), results, frozenset(before), ready)


@pytest.mark.parametrize(
    ("line", "look", "why_not"),
    [
        ("rollout status deployment/web", seen(web()), None),
        (
            "rollout status deployment/web",
            seen(web(ready=1)),
            "availableReplicas is 1 of 2",
        ),
        ("rollout status deployment/db", seen(web()), "deployment/db is not what was mended"),
        ("rollout status statefulset/web", seen(web()), "statefulset/web is not what was mended"),
        ("condition=Available deployment/web", seen(web()), None),
        ("condition=Available deployment/web", seen(web(ready=0)), "condition Available is False"),
        ("condition=Progressing deployment/web", seen(web()), "condition Progressing is missing"),
        ("condition=Available deployment/db", seen(web()), "deployment/db is not what was mended"),
        ("ImageNotFound no longer fires", seen(web(), "CrashLoop"), None),
        (
            "ImageNotFound no longer fires",
            seen(web(), "CrashLoop", "ImageNotFound"),
            "ImageNotFound still fires: ImageNotFound it is",
        ),
        ("no rule fires", seen(web()), None),
        ("no rule fires", seen(web(), "CrashLoop"), "CrashLoop fires: CrashLoop it is"),
        ("nothing new fires", seen(web(), "CrashLoop", before=["CrashLoop"]), None),
        ("nothing new fires", seen(web(), "CrashLoop"), "CrashLoop showed: CrashLoop it is"),
        ("no fewer ready pods", seen(web()), None),
        ("no fewer ready pods", seen(web(), pods=1), "1 ready pod, 2 before the fix"),
        # Two more were ready than are wanted: in the middle of an update.
        ("no fewer ready pods", seen(web(), ready=4), None),
        # Somebody, or the approved fix, scaled it down.
        ("no fewer ready pods", seen(web(replicas=1), pods=1), None),
        ("for 60s", seen(web(), "CrashLoop"), None),
    ],
)
def test_a_check_holds_or_says_why_not(line: str, look: Seen, why_not: str | None) -> None:
    check = parse_check(line)
    assert check is not None
    assert check.why_not(look) == why_not


def test_a_node_that_is_not_ready_fails_its_condition() -> None:
    check = ConditionTrue("Ready", "node", "n1")
    sick = node() | {"status": {"conditions": [{"type": "Ready", "status": "Unknown"}]}}
    assert check.why_not(Seen(World(sick).snapshot(), [])) == "condition Ready is Unknown"


def test_pods_of_a_daemon_set_are_counted_by_their_nodes() -> None:
    """While it is updated with a surge, two of its pods are ready on one node."""
    logs = workload("DaemonSet", "logs")
    pods = [running(pod_of(logs, 1)), running(pod_of(logs, 2)), running(pod_of(logs, 3), "n2")]
    assert ready_pods(World(logs, pods).snapshot()) == 2


def test_pods_that_end_are_not_ready_ones() -> None:
    leaving = running(pod_of(web(), 1))
    leaving["metadata"]["deletionTimestamp"] = "2026-11-03T12:00:00Z"
    assert ready_pods(World(web(), [leaving, running(pod_of(web(), 2))]).snapshot()) == 1


@pytest.mark.parametrize(("kind", "count"), [("Job", None), ("CronJob", None), ("Pod", 1)])
def test_pods_of_jobs_come_and_go(kind: str, count: int | None) -> None:
    target = workload(kind)
    pod = running(pod_of(target if kind == "Pod" else web()))
    assert ready_pods(World(target, [pod]).snapshot()) == count


def sick_web(name: str = "web") -> World:
    sick = deployment(name, containers=[container(image="ngnix")])
    return World(sick, [not_found(pod_of(sick), "docker.io/library/ngnix:latest")])


def test_an_option_promises_that_its_own_finding_goes() -> None:
    (option,) = sick_web().diagnose().options
    assert option.checks == [
        "rollout status deployment/web",
        "ImageNotFound no longer fires",
        "nothing new fires",
        "no fewer ready pods",
        "for 60s",
    ]


def image(tag: str = "nginx") -> Proposal:
    return Proposal("Set it", "It helps", (SetImage(object=WEB, container="app", image=tag),))


def test_two_findings_that_ask_for_one_change_are_one_option_that_answers_both() -> None:
    snapshot = sick_web().snapshot()
    results = [
        Result(finding("ImageNotFound"), (image(),)),
        Result(finding("CrashLoop"), (image("nginx:1"), image())),
    ]
    options = offer_options(snapshot, results, 60)
    assert [[c for c in o.checks if "no longer" in c] for o in options] == [
        ["ImageNotFound no longer fires", "CrashLoop no longer fires"],
        ["CrashLoop no longer fires"],
    ]


def test_what_a_model_suggests_must_silence_every_rule() -> None:
    (option,) = suggested_options(sick_web().snapshot(), [image()], 60)
    assert option.checks[1] == "no rule fires"


def test_a_change_that_rules_and_model_suggest_is_offered_once() -> None:
    snapshot = sick_web().snapshot()
    rules = offer_options(snapshot, [Result(finding("ImageNotFound"), (image(),))], 60)
    rules[0].diff = ["as the API server's dry run answered"]
    model = suggested_options(snapshot, [image(), image("nginx:1")], 60)

    offered: list[Option] = joined(rules, model)

    assert [o.suggested_by for o in offered] == ["rules", "agent"]


def test_a_target_whose_name_fits_into_no_check_gets_no_option() -> None:
    """A line that is cut would be another one than the digest covers."""
    assert sick_web("w" * 200).diagnose().options
    assert not sick_web("w" * 201).diagnose().options


def test_a_pod_may_end_well_after_its_fix() -> None:
    """It is not waited for to be Ready: `kubectl wait` would wait for ever."""
    assert checks_for(POD, "once", ["ImageNotFound"], 60)[0] == "settled pod/once"
