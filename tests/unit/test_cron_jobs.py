"""CronJobs that do not start, pile up or never end; and those that only take their time."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podiatrist.analyzers import analyze
from podiatrist.analyzers.batch import cron_jobs
from podiatrist.api.diagnosis import Risk
from podiatrist.cluster.kinds import JOB
from podiatrist.cluster.logs import ContainerLog
from podiatrist.cluster.snapshot import Object
from tests.harness.recording import load, texts
from tests.unit.builders import World, container, copy_of, event

RECORDINGS = Path(__file__).parent / "recordings"
RUNNING: Object = {"running": {"startedAt": "2026-11-03T11:00:00Z"}}
DONE: Object = {
    "terminated": {"exitCode": 0, "reason": "Completed", "finishedAt": "2026-11-03T11:40:00Z"}
}


def cron_job(
    schedule: str = "0 * * * *", *containers: Object, status: Object | None = None, **spec: Any
) -> Object:
    """Return a CronJob, made a month ago; its last start was at the last full hour."""
    template = {"spec": {"containers": list(containers) or [container("report")]}}
    return {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": {
            "name": "nightly",
            "namespace": "shop",
            "uid": "uid-nightly",
            "creationTimestamp": "2026-10-03T12:00:00Z",
        },
        "spec": {
            "schedule": schedule,
            "concurrencyPolicy": "Allow",
            "jobTemplate": {"spec": {"template": template}},
            **spec,
        },
        "status": {"lastScheduleTime": "2026-11-03T12:00:00Z"} if status is None else status,
    }


def run(number: int, start: str, *, ends: str = "", well: bool = True) -> Object:
    """Return a Job of the CronJob, still going on where it has no end."""
    name = f"nightly-{number}"
    status: Object = {"startTime": start}
    if ends:
        kind, reason = ("Complete", "") if well else ("Failed", "BackoffLimitExceeded")
        condition = {"type": kind, "status": "True", "reason": reason, "message": "it ended so",
                     "lastTransitionTime": ends}  # fmt: skip
        status["conditions"] = [condition]
        status |= {"completionTime": ends} if well else {"failed": 1}
    return {
        "metadata": {"name": name, "namespace": "shop", "uid": f"uid-{name}",
                     "creationTimestamp": start},
        "spec": {"backoffLimit": 0, "template": {"spec": {"containers": [container("report")]}}},
        "status": status,
    }  # fmt: skip


def pod_of_run(job: Object, phase: str = "Running", **states: Object) -> Object:
    """Return the pod of a run; its containers' states by name."""
    name = job["metadata"]["name"]
    owner = {"apiVersion": "batch/v1", "kind": "Job", "name": name,
             "uid": job["metadata"]["uid"], "controller": True}  # fmt: skip
    found = states or {"report": RUNNING}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": f"{name}-x1", "namespace": "shop", "ownerReferences": [owner]},
        "spec": {"nodeName": "n1", "containers": [container(c) for c in found]},
        "status": {
            "phase": phase,
            "conditions": [{"type": "Ready", "status": "True"}],
            "containerStatuses": [
                {"name": c, "ready": True, "state": state} for c, state in found.items()
            ],
        },
    }


def world(target: Object, *jobs: Object, **more: Any) -> World:
    """Return a CronJob and its Jobs; those that go on have a running pod."""
    going = [pod_of_run(j) for j in jobs if not j["status"].get("conditions")]
    return World(target, **{"pods": going, "around": {JOB: list(jobs)}, **more})


def test_the_last_run_that_failed_is_told_with_its_log() -> None:
    bad = run(2, "2026-11-03T11:00:00Z", ends="2026-11-03T11:01:00Z", well=False)
    good = run(1, "2026-11-03T10:00:00Z", ends="2026-11-03T10:01:00Z")
    ended = {"terminated": {"exitCode": 2, "finishedAt": "2026-11-03T11:01:00Z"}}
    pod = pod_of_run(bad, "Failed", report=ended)
    log = ContainerLog("shop", "nightly-2-x1", "report", False, "ERROR: disk quota exceeded\n")
    said = world(cron_job(), good, bad, pods=[pod], logs=[log]).diagnose()
    mine = [r.finding for r in said.results if r.finding.analyzer == "cron_jobs"]
    assert [f.reason for f in mine] == ["BackoffLimitExceeded"]
    assert "last run" in mine[0].message
    assert "exit code 2" in mine[0].message
    assert "disk quota exceeded" in mine[0].message
    assert mine[0].object.kind == "CronJob"


def test_a_run_whose_tries_all_fail_is_told_before_it_gives_up() -> None:
    job = run(1, "2026-11-03T11:55:00Z")
    job["status"] |= {"failed": 3, "active": 1}
    ended = {"terminated": {"exitCode": 3, "finishedAt": "2026-11-03T11:56:00Z"}}
    pod = pod_of_run(job, "Failed", report=ended)
    said = world(cron_job(), job, pods=[pod]).diagnose()
    mine = [r.finding for r in said.results if r.finding.analyzer == "cron_jobs"]
    assert [f.reason for f in mine] == ["JobKeepsFailing"]


def test_failures_in_a_row_are_counted_up_to_the_last_success() -> None:
    jobs = [run(n, f"2026-11-03T0{n}:00:00Z", ends=f"2026-11-03T0{n}:01:00Z", well=n in (1, 4))
            for n in range(1, 8)]  # fmt: skip
    assert "last 3 runs" in world(cron_job(), *jobs).diagnose().messages[0]


def test_a_run_that_succeeded_after_one_that_failed_ends_the_story() -> None:
    bad = run(1, "2026-11-03T10:00:00Z", ends="2026-11-03T10:01:00Z", well=False)
    good = run(2, "2026-11-03T11:00:00Z", ends="2026-11-03T11:01:00Z")
    assert world(cron_job(), bad, good).diagnose().reasons == []


def test_a_failed_run_of_which_nothing_is_kept() -> None:
    status = {"lastScheduleTime": "2026-11-03T12:00:00Z"}
    lost = cron_job(failedJobsHistoryLimit=0, status=status)
    assert world(lost).diagnose().reasons == ["LastRunFailed"]
    well = {**status, "lastSuccessfulTime": "2026-11-03T12:00:05Z"}
    assert world(cron_job(failedJobsHistoryLimit=0, status=well)).diagnose().reasons == []


def test_a_date_that_never_comes() -> None:
    said = world(cron_job("0 0 30 2 *", status={})).diagnose()
    assert said.reasons == ["ScheduleNeverFires"]
    assert "0 0 30 2 *" in said.messages[0]


@pytest.mark.parametrize(
    ("reason", "text", "spec"),
    [
        ("UnknownTimeZone", 'invalid timeZone: "Europe/Berln": no', {"timeZone": "Europe/Berln"}),
        ("UnparseableSchedule", 'unparseable schedule: "0 * * * *" : why', {}),
    ],
)  # fmt: skip
def test_words_that_the_controller_cannot_read(reason: str, text: str, spec: Object) -> None:
    told = event("nightly", reason, text)
    said = world(cron_job(**spec), events=[told]).diagnose()
    assert said.reasons == [reason]
    mended = cron_job("5 * * * *", timeZone="Europe/Berlin", status={})
    mended["metadata"]["creationTimestamp"] = "2026-11-03T11:58:00Z"
    assert world(mended, events=[told]).diagnose().reasons == []


def test_a_deadline_that_nobody_can_meet() -> None:
    late = {"lastScheduleTime": "2026-11-03T09:00:00Z"}
    said = world(cron_job(startingDeadlineSeconds=0, status=late)).diagnose()
    assert said.reasons == ["StartingDeadlineTooShort"]
    assert "missed 2 starts" in said.messages[0]
    assert said.offers == [("Let runs start up to 120 s late", Risk.LOW)]
    on_time = world(cron_job(startingDeadlineSeconds=5))
    assert on_time.diagnose().reasons == []


def test_a_job_that_is_refused_is_told_by_its_event() -> None:
    status = {"lastScheduleTime": "2026-11-03T10:00:00Z"}
    told = event("nightly", "FailedCreate", "Error creating job: jobs.batch is forbidden: quota")
    said = world(cron_job(status=status), events=[told]).diagnose()
    assert [r.finding.reason for r in said.results if r.finding.analyzer == "cron_jobs"] == [
        "JobNotCreated"
    ]
    assert world(cron_job(), events=[told]).diagnose().reasons == []


def test_starts_that_nobody_made_accuse_the_controller() -> None:
    status = {"lastScheduleTime": "2026-11-03T09:00:00Z"}
    assert world(cron_job(status=status)).diagnose().reasons == ["StartsMissed"]
    late = event("nightly", "MissSchedule", "Missed scheduled time to start a job: Tue, 03 Nov")
    deadline = cron_job(status=status, startingDeadlineSeconds=60)
    assert world(deadline, events=[late]).diagnose().reasons == ["StartsMissed"]
    # Resumed after a suspension: what was due meanwhile is too late by intent.
    assert world(deadline).diagnose().reasons == []


def test_a_start_that_is_a_moment_late_is_no_news() -> None:
    due_now = cron_job("0 12 * * *", status={"lastScheduleTime": "2026-11-02T12:00:00Z"})
    assert world(due_now).diagnose().reasons == []


def test_runs_that_never_end_pile_up_under_allow() -> None:
    jobs = [run(n, f"2026-11-03T{n:02d}:00:00Z") for n in (9, 10, 11)]
    said = world(cron_job(), *jobs).diagnose()
    assert said.reasons == ["RunsPileUp"]
    assert "nightly-9" in said.messages[0]
    assert said.offers == [
        ("Start no run while another one goes on", Risk.MEDIUM),
        ("Let each run replace the one before", Risk.HIGH),
    ]


def test_runs_that_overlap_and_do_end_are_healthy() -> None:
    jobs = [run(n, f"2026-11-03T{n:02d}:00:00Z") for n in (9, 10, 11)]
    status = {
        "lastScheduleTime": "2026-11-03T12:00:00Z",
        "lastSuccessfulTime": "2026-11-03T11:10:00Z",
    }
    assert world(cron_job(status=status), *jobs).diagnose().reasons == []
    assert world(cron_job(), *jobs[:2]).diagnose().reasons == []
    fresh = [run(n, f"2026-11-03T11:{n}:30Z") for n in (57, 58, 59)]
    assert world(cron_job("* * * * *"), *fresh).diagnose().reasons == []


def test_a_run_that_does_not_end_blocks_all_others_under_forbid() -> None:
    hanging = run(1, "2026-11-03T08:00:00Z")
    status = {"lastScheduleTime": "2026-11-03T08:00:00Z"}
    target = cron_job(concurrencyPolicy="Forbid", status=status)
    said = world(target, hanging).diagnose()
    assert said.reasons == ["CronJobBlocked"]
    assert "3 starts were skipped" in said.messages[0]
    assert said.offers == [("Let each run replace the one before", Risk.HIGH)]


def test_a_run_that_takes_a_little_longer_than_usual_may_block() -> None:
    usual = run(1, "2026-11-03T05:00:00Z", ends="2026-11-03T07:00:00Z")
    long = run(2, "2026-11-03T08:00:00Z")
    status = {
        "lastScheduleTime": "2026-11-03T08:00:00Z",
        "lastSuccessfulTime": "2026-11-03T07:00:00Z",
    }
    target = cron_job(concurrencyPolicy="Forbid", status=status)
    assert world(target, usual, long).diagnose().reasons == []
    quick = run(1, "2026-11-03T05:00:00Z", ends="2026-11-03T05:01:00Z")
    assert world(target, quick, long).diagnose().reasons == ["CronJobBlocked"]


def test_runs_whose_pods_are_sick_are_told_by_other_rules() -> None:
    jobs = [run(n, f"2026-11-03T{n:02d}:00:00Z") for n in (9, 10, 11)]
    pods = [pod_of_run(j, "Pending", report={"waiting": {"reason": "x"}}) for j in jobs]
    snapshot = world(cron_job(), *jobs, pods=pods).snapshot()
    assert cron_jobs.analyze(snapshot) == []


def sidecar_world(schedule: str, policy: str) -> World:
    """Return a CronJob whose run is done but for its proxy."""
    job = run(1, "2026-11-03T11:30:00Z")
    pod = pod_of_run(job, report=DONE, proxy=RUNNING)
    target = cron_job(
        schedule, container("report"), container("proxy"), concurrencyPolicy=policy,
        status={"lastScheduleTime": "2026-11-03T11:30:00Z"},
    )  # fmt: skip
    return world(target, job, pods=[pod])


def test_a_sidecar_that_goes_on_is_made_a_native_one_and_the_stuck_run_replaced() -> None:
    said = sidecar_world("* * * * *", "Forbid").diagnose()
    assert said.reasons == ["SidecarKeepsJobRunning"]
    assert said.offers == [("Make proxy a native sidecar", Risk.MEDIUM)]
    assert [a.type for a in said.options[0].actions] == [
        "MakeNativeSidecar",
        "SetConcurrencyPolicy",
    ]


def test_a_change_that_no_run_would_prove_for_hours_is_only_explained() -> None:
    said = sidecar_world("0 3 * * *", "Forbid").diagnose()
    assert said.reasons == ["SidecarKeepsJobRunning"]
    assert said.options == []


def test_a_stuck_run_of_a_template_that_was_mended_is_history() -> None:
    mended = sidecar_world("* * * * *", "Replace")
    spec = mended.target["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    spec["initContainers"] = [{**spec["containers"].pop(), "restartPolicy": "Always"}]
    assert cron_jobs.analyze(mended.snapshot()) == []


def test_who_asks_about_a_suspended_one_learns_it_and_may_resume() -> None:
    status = {"lastScheduleTime": "2026-11-03T09:00:00Z"}
    said = world(cron_job(suspend=True, status=status)).diagnose()
    assert said.reasons == ["CronJobSuspended"]
    assert said.offers == [("Resume it", Risk.MEDIUM)]
    assert world(cron_job(suspend=False)).diagnose().reasons == []


@pytest.mark.parametrize(
    ("name", "reason", "words"),
    [
        ("failing", "BackoffLimitExceeded", "/data/in.csv"),
        ("piled", "RunsPileUp", "piled-29924642"),
        ("sidecar", "SidecarKeepsJobRunning", "proxy"),
        ("never", "ScheduleNeverFires", "0 0 30 2 *"),
        ("zero-deadline", "StartingDeadlineTooShort", "startingDeadlineSeconds is 0"),
    ],
)
def test_recorded_cron_jobs(name: str, reason: str, words: str) -> None:
    snapshot = load(RECORDINGS / f"cron_jobs-{name}.json")
    [result] = cron_jobs.analyze(snapshot)
    assert result.finding.reason == reason
    assert words in result.finding.message
    seen = texts(snapshot)
    for evidence in result.finding.evidence:
        assert any(evidence.quote in text for text in seen), evidence.quote


def test_a_recorded_run_blocks_once_three_starts_were_skipped() -> None:
    early = load(RECORDINGS / "cron_jobs-blocked.json")
    assert cron_jobs.analyze(early) == []
    later = replace(early, taken_at=early.taken_at + timedelta(minutes=3))
    assert [r.finding.reason for r in cron_jobs.analyze(later)] == ["CronJobBlocked"]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=10,
)


@given(json_values, json_values, json_values)
def test_no_cron_job_makes_the_rules_raise(spec: Any, status: Any, job: Any) -> None:
    target = {**cron_job(), "spec": spec, "status": status}
    hostile = {**copy_of(run(1, "2026-11-03T11:30:00Z")), "status": job}
    cron_jobs.analyze(World(target, around={JOB: [hostile]}).snapshot())


@pytest.mark.parametrize("when", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"])
def test_times_out_of_this_world(when: str) -> None:
    for zone in ("", "Asia/Tokyo", "America/New_York"):
        target = cron_job(timeZone=zone, status={"lastScheduleTime": when})
        results = analyze(world(target, run(1, when)).snapshot())
        assert "RuleFailed" not in [r.finding.reason for r in results]
