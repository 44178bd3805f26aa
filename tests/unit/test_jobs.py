"""Jobs that gave up, ran out of time or cannot end; and those that are only on their way."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podiatrist.analyzers import analyze
from podiatrist.analyzers.batch import jobs
from podiatrist.analyzers.batch.job_sidecars import looks_like_sidecar
from podiatrist.cluster.logs import ContainerLog
from podiatrist.cluster.objects import Container
from podiatrist.cluster.snapshot import Object, Snapshot
from tests.harness.recording import load, texts
from tests.unit.builders import World, container, copy_of, event, workload

RECORDINGS = Path(__file__).parent / "recordings"


def job(*conditions: Object, pods: Object | None = None, **spec: Any) -> Object:
    """Return a Job with these conditions; `pods` is what its template holds."""
    made = workload("Job", "import", **(pods or {}))
    made["spec"] = {"backoffLimit": 1, "template": made["spec"]["template"], **spec}
    made["metadata"]["creationTimestamp"] = "2026-11-03T11:30:00Z"
    made["status"] = {"failed": 2, "conditions": list(conditions)}
    return made


def failed(reason: str, message: str, at: str = "2026-11-03T11:50:00Z") -> Object:
    """Return the condition of a Job that failed."""
    return {
        "type": "Failed",
        "status": "True",
        "reason": reason,
        "message": message,
        "lastTransitionTime": at,
    }


def backoff(**more: str) -> Object:
    """Return the condition of a Job that tried often enough."""
    return failed("BackoffLimitExceeded", "Job has reached the specified backoff limit", **more)


def run_of(owner: Object, number: int = 1, phase: str = "Failed", **states: Object) -> Object:
    """Return a pod of a Job; its containers' states by name."""
    made = copy_of(owner["spec"]["template"])
    made["metadata"] |= {
        "name": f"{owner['metadata']['name']}-p{number}",
        "namespace": "shop",
        "creationTimestamp": f"2026-11-03T11:4{number}:00Z",
        "ownerReferences": [
            {
                "apiVersion": "batch/v1",
                "kind": "Job",
                "name": owner["metadata"]["name"],
                "uid": owner["metadata"]["uid"],
                "controller": True,
            }
        ],
    }
    statuses = [{"name": name, "state": state} for name, state in states.items()]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        **made,
        "status": {"phase": phase, "containerStatuses": statuses},
    }


def ended(code: int, at: str = "2026-11-03T11:45:00Z", reason: str = "") -> Object:
    """Return the state of a container that ended."""
    reason = reason or ("Error" if code else "Completed")
    return {"terminated": {"exitCode": code, "reason": reason, "finishedAt": at}}


def log_of(pod: Object, text: str, name: str = "app") -> ContainerLog:
    """Return the log of a pod's container."""
    return ContainerLog("shop", pod["metadata"]["name"], name, False, text)


def test_a_job_that_gave_up_is_told_by_the_last_pods_exit_code_and_log() -> None:
    mine = job(backoff())
    pods = [run_of(mine, 1, app=ended(1)), run_of(mine, 2, app=ended(3))]
    log = log_of(pods[1], 'connecting\nERROR: relation "users" does not exist\n')
    said = World(mine, pods=pods, logs=[log]).diagnose()
    assert said.reasons == ["BackoffLimitExceeded"]
    assert "2 failed tries (backoffLimit 1)" in said.messages[0]
    assert "import-p2 ended with exit code 3" in said.messages[0]
    assert 'relation "users" does not exist' in said.messages[0]
    assert said.options == []


def test_what_a_log_error_means_replaces_what_the_exit_code_means() -> None:
    mine = job(backoff())
    pod = run_of(mine, 1, app=ended(2))
    log = log_of(pod, "cat: /data/in.csv: No such file or directory\n")
    message = World(mine, pods=[pod], logs=[log]).diagnose().messages[0]
    assert "/data/in.csv" in message
    assert "wrong usage" not in message


def test_of_two_containers_the_one_that_failed_first_is_to_blame() -> None:
    mine = job(backoff(), pods={"containers": [container("app"), container("other")]})
    pod = run_of(
        mine, 1, other=ended(143, "2026-11-03T11:45:09Z"), app=ended(7, "2026-11-03T11:45:01Z")
    )
    assert "Container app" in World(mine, pods=[pod]).diagnose().messages[0]


def test_out_of_memory_is_said_and_quoted() -> None:
    mine = job(backoff())
    said = World(mine, pods=[run_of(mine, 1, app=ended(137, reason="OOMKilled"))]).diagnose()
    assert "memory" in said.messages[0]
    assert '"reason":"OOMKilled"' in [e.quote for e in said.results[0].finding.evidence]


def test_pods_that_are_gone_leave_their_last_warning() -> None:
    mine = job(failed("DeadlineExceeded", "Job was active longer than specified deadline"))
    warning = event("import-x7k2p", "Failed", 'Failed to pull image "nope": not found')
    repeats = event("import-x7k2p", "Failed", "Error: ErrImagePull")
    other = event("import-two-x7k2p", "Failed", "of another Job")
    for e in (warning, repeats, other):
        e["involvedObject"]["kind"] = "Pod"
    message = World(mine, events=[repeats, warning, other]).diagnose().messages[0]
    assert 'Failed to pull image "nope": not found' in message
    assert "another" not in message


def test_that_no_node_had_room_explains_a_deadline_and_no_exit_code() -> None:
    waited = event("import-x7k2p", "FailedScheduling", "0/1 nodes are available: 1 too small.")
    waited["involvedObject"]["kind"] = "Pod"
    late = job(failed("DeadlineExceeded", "Job was active longer than specified deadline"))
    assert "waited for a node: 0/1" in World(late, events=[waited]).diagnose().messages[0]
    tried = job(backoff(), pods={"restartPolicy": "OnFailure"})
    assert "OnFailure" in World(tried, events=[waited]).diagnose().messages[0]


def test_a_deadline_without_any_warning_means_that_the_work_took_too_long() -> None:
    mine = job(
        failed("DeadlineExceeded", "Job was active longer than specified deadline"),
        activeDeadlineSeconds=600,
    )
    said = World(mine).diagnose()
    assert said.reasons == ["DeadlineExceeded"]
    assert "deadline of 600 s" in said.messages[0]
    assert "takes longer than it may" in said.messages[0]
    helped = job(
        failed("DeadlineExceeded", "Job was active longer than specified deadline"),
        pods={"containers": [container("work"), container("istio-proxy")]},
    )
    assert "istio-proxy looks like a sidecar" in World(helped).diagnose().messages[0]


def trying(times: int, **now: Object) -> World:
    """Return a Job whose tries failed so often; the present one is as `now` says."""
    mine = job(backoffLimit=6)
    mine["status"] = {"failed": times, "active": 1}
    pods = [run_of(mine, n, app=ended(3)) for n in range(1, times + 1)]
    present = [run_of(mine, times + 1, "Running", **now)] if now else []
    return World(mine, pods=[*pods, *present])


def test_a_job_that_fails_again_and_again_need_not_give_up_to_be_told() -> None:
    said = trying(3).diagnose()
    assert said.reasons == ["JobKeepsFailing"]
    assert "failed 3 times so far" in said.messages[0]
    assert "exit code 3" in said.messages[0]
    assert trying(2).diagnose().reasons == []


def test_a_try_that_goes_well_is_given_its_time() -> None:
    begun = {"running": {"startedAt": "2026-11-03T11:59:30Z"}}
    assert jobs.analyze(trying(3, app=begun).snapshot()) != []
    begun["running"]["startedAt"] = "2026-11-03T11:55:00Z"
    assert jobs.analyze(trying(3, app=begun).snapshot()) == []


def test_that_a_container_was_restarted_says_nothing_about_why() -> None:
    bare = event("import-x7k2p", "BackOff", "Back-off restarting failed container app in pod x")
    bare["involvedObject"]["kind"] = "Pod"
    tried = job(backoff(), pods={"restartPolicy": "OnFailure"})
    assert "to Never to keep" in World(tried, events=[bare]).diagnose().messages[0]


def test_an_old_failure_stays_a_finding_and_says_how_old_it_is() -> None:
    said = World(job(backoff(at="2026-11-01T12:00:00Z"))).diagnose()
    assert "2 days ago" in said.messages[0]


def helped_job(main: Object, helper: Object, name: str = "proxy", **more: Any) -> World:
    """Return a Job whose pod has a main container and one more."""
    mine = job(pods={"containers": [container("work"), container(name), *more.pop("extra", ())]})
    return World(mine, pods=[run_of(mine, 1, "Running", **{"work": main, name: helper}, **more)])


RUNNING: Object = {"running": {"startedAt": "2026-11-03T11:41:00Z"}}


def test_a_sidecar_that_goes_on_keeps_the_job_from_completing() -> None:
    said = helped_job(ended(0), RUNNING).diagnose()
    assert said.reasons == ["SidecarKeepsJobRunning"]
    assert "proxy" in said.messages[0]
    assert "restartPolicy: Always" in said.messages[0]


def test_a_helper_of_any_name_counts_when_it_goes_on_for_long() -> None:
    assert helped_job(ended(0), RUNNING, "second").diagnose().reasons
    assert not helped_job(ended(0, "2026-11-03T11:55:00Z"), RUNNING, "second").diagnose().reasons


@pytest.mark.parametrize(
    ("main", "helper", "name"),
    [
        (RUNNING, RUNNING, "proxy"),
        (RUNNING, ended(0), "second"),  # the first container works, the other one is done
        (ended(0, "2026-11-03T11:59:50Z"), RUNNING, "proxy"),  # it may follow in a moment
        (ended(1), RUNNING, "proxy"),  # it failed: what is wrong with it is another story
        (ended(0), {"waiting": {"reason": "ErrImagePull"}}, "proxy"),
    ],
)
def test_a_job_at_work_is_left_alone(main: Object, helper: Object, name: str) -> None:
    world = helped_job(main, helper, name)
    assert jobs.analyze(world.snapshot()) == []


def test_a_proxy_that_is_done_does_not_accuse_the_work_that_goes_on() -> None:
    assert jobs.analyze(helped_job(RUNNING, ended(0)).snapshot()) == []


@pytest.mark.parametrize(
    ("raw", "is_one"),
    [
        ({"name": "istio-proxy"}, True),
        ({"name": "x", "image": "fluent/fluent-bit:3"}, True),
        ({"name": "x", "command": ["sleep", "infinity"]}, True),
        ({"name": "x", "command": ["sh", "-c", "tail -n +1 -F /var/log/app.log"]}, True),
        ({"name": "x", "command": ["sh", "-c", "while true; do date; sleep 5; done"]}, True),
        ({"name": "main", "image": "busybox", "command": ["sleep", "60"]}, False),
        ({"name": "catalog", "image": "shop/catalog:1"}, False),
        ({"name": "blogger", "image": "shop/report:2"}, False),
    ],
)
def test_sidecars_are_known_by_name_image_or_command(raw: Object, is_one: bool) -> None:
    given_one = Container(
        name=raw["name"], image=raw.get("image", ""), command=raw.get("command", [])
    )
    assert looks_like_sidecar(given_one) is is_one


def test_who_asks_about_a_job_that_stands_still_learns_why() -> None:
    assert World(job(suspend=True)).diagnose().reasons == ["JobSuspended"]
    assert World(job(parallelism=0)).diagnose().reasons == ["JobHasNoParallelism"]


def test_finished_and_trying_jobs_are_healthy() -> None:
    done = job({"type": "Complete", "status": "True"})
    failed_before = [run_of(done, 1, app=ended(1)), run_of(done, 2, "Succeeded", app=ended(0))]
    assert jobs.analyze(World(done, pods=failed_before).snapshot()) == []
    trying = job()
    assert jobs.analyze(World(trying, pods=[run_of(trying, 1, app=ended(1))]).snapshot()) == []


@pytest.mark.parametrize(
    ("name", "reason", "words"),
    [
        ("fail-never", "BackoffLimitExceeded", 'relation "users" does not exist'),
        ("fail-onfailure", "BackoffLimitExceeded", "OnFailure"),
        ("badimage", "DeadlineExceeded", "nnnnnnnginx:latest: not found"),
        ("indexed", "MaxFailedIndexesExceeded", "index 1,2"),
        ("sidecar", "SidecarKeepsJobRunning", "proxy"),
    ],
)
def test_recorded_jobs(name: str, reason: str, words: str) -> None:
    snapshot = load(RECORDINGS / f"jobs-{name}.json")
    assert_said(snapshot, reason, words)


def assert_said(snapshot: Snapshot, reason: str, words: str) -> None:
    """Require the one finding of our families, with quotes that are in the snapshot."""
    [result] = jobs.analyze(snapshot)
    assert result.finding.reason == reason
    assert words in result.finding.message
    seen = texts(snapshot)
    assert result.finding.evidence
    for evidence in result.finding.evidence:
        assert any(evidence.quote in text for text in seen), evidence.quote


def test_a_moment_after_the_work_a_recorded_sidecar_is_not_yet_blamed() -> None:
    snapshot = load(RECORDINGS / "jobs-sidecar.json")
    ends = [s.state.terminated for p in snapshot.pods for s in p.all_statuses if s.state.terminated]
    assert ends[0].finished_at is not None
    early = replace(snapshot, taken_at=ends[0].finished_at + timedelta(seconds=5))
    assert jobs.analyze(early) == []


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=10,
)


@given(json_values, json_values)
def test_no_job_makes_the_rules_raise(spec: Any, status: Any) -> None:
    mine = {**job(), "spec": spec, "status": status}
    jobs.analyze(World(mine).snapshot())


@given(st.text(max_size=300))
def test_no_text_makes_the_rules_raise(text: str) -> None:
    mine = job(failed(text, text))
    pod = run_of(mine, 1, app={"terminated": {"exitCode": 5, "reason": text, "message": text}})
    results = analyze(World(mine, pods=[pod], logs=[log_of(pod, text)]).snapshot())
    assert not [r for r in results if r.finding.reason == "RuleFailed"]
