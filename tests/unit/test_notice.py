"""Which pods are sick, since when, and when that is worth a Diagnosis. The clock is the test's."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from podiatrist.api.diagnosis import ObservedTarget, State
from podiatrist.cluster.objects import Pod, parse
from podiatrist.notice.diagnoser import begins_anew
from podiatrist.notice.symptoms import Grace, symptom_of
from podiatrist.notice.watchlist import Watchlist
from tests.unit.builders import NOW, deployment, not_found, pod_of, running, unscheduled, waiting
from tests.unit.stories import diagnosis

GRACE = Grace(unschedulable=30, image=15)
POD = pod_of(deployment())
SICK = not_found(POD, "docker.io/library/ngnix:latest")
STUCK = unscheduled(POD)  # since a minute before NOW


def read(raw: Any) -> Pod:
    pod = parse(Pod, raw)
    assert pod is not None
    return pod


def due(watchlist: Watchlist, pod: Pod, now: datetime) -> datetime | None:
    entry = watchlist.observe(pod, now)
    return entry.due if entry else None


def at(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def stuck_since(seconds: float) -> Any:
    raw = unscheduled(POD)
    raw["status"]["conditions"][0]["lastTransitionTime"] = at(seconds).isoformat()
    return raw


def preempting(raw: Any) -> Any:
    """The scheduler is ending other pods to make room for this one."""
    return {**raw, "status": {**raw["status"], "nominatedNodeName": "n1"}}


def leaving(raw: Any) -> Any:
    return {**raw, "metadata": {**raw["metadata"], "deletionTimestamp": NOW.isoformat()}}


@pytest.mark.parametrize(
    ("raw", "reason", "grace"),
    [
        (STUCK, "Unschedulable", 30),
        (SICK, "ErrImagePull", 15),
        (waiting(POD, "ImagePullBackOff"), "ImagePullBackOff", 15),
        (waiting(POD, "ErrImageNeverPull"), "ErrImageNeverPull", 15),
        (waiting(POD, "InvalidImageName"), "InvalidImageName", 0),  # never gets well by itself
    ],
)
def test_a_symptom_has_its_own_grace(raw: Any, reason: str, grace: float) -> None:
    symptom = symptom_of(read(raw), GRACE, NOW)
    assert symptom is not None
    assert (symptom.reason, symptom.grace) == (reason, grace)


@pytest.mark.parametrize(
    "raw",
    [
        running(POD),
        preempting(STUCK),
        POD,
        {},
    ],
    ids=["running", "preempting", "new", "empty"],
)
def test_a_pod_without_symptom_is_left_alone(raw: Any) -> None:
    assert symptom_of(read(raw), GRACE, NOW) is None
    watchlist = Watchlist(GRACE)
    assert due(watchlist, read(raw), NOW) is None
    assert len(watchlist) == 0


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (waiting(POD, "ContainerCreating"), "NotStarted"),
        (waiting(POD, "ErrImagePull", "pull QPS exceeded"), "NotStarted"),  # the kubelet's own
        (leaving(SICK), "Terminating"),
        (leaving(STUCK), "Terminating"),
    ],
)
def test_what_is_on_its_way_is_watched_and_proves_nothing_by_itself(raw: Any, reason: str) -> None:
    symptom = symptom_of(read(raw), GRACE, NOW)
    assert symptom is not None
    assert (symptom.reason, symptom.grace, symptom.hard) == (reason, 60, False)


def test_a_failed_pull_is_believed_after_its_grace_however_often_it_is_seen() -> None:
    watchlist = Watchlist(GRACE)
    for seconds in (0, 3, 9):
        assert due(watchlist, read(SICK), at(seconds)) == at(15)
    assert due(watchlist, read(SICK), at(20)) == at(20)  # overdue: now


def test_the_pods_own_word_counts_from_when_the_scheduler_gave_up() -> None:
    watchlist = Watchlist(GRACE)
    assert due(watchlist, read(stuck_since(-10)), NOW) == at(20)
    assert due(watchlist, read(stuck_since(-60)), NOW) == NOW


def test_a_clock_that_is_ahead_does_not_delay_us() -> None:
    assert due(Watchlist(GRACE), read(stuck_since(3600)), NOW) == at(30)


def test_a_flicker_begins_anew() -> None:
    watchlist = Watchlist(GRACE)
    due(watchlist, read(SICK), NOW)
    assert due(watchlist, read(running(POD)), at(10)) is None
    assert due(watchlist, read(SICK), at(12)) == at(27)


def test_a_pod_that_is_gone_is_forgotten() -> None:
    watchlist = Watchlist(GRACE)
    due(watchlist, read(SICK), NOW)
    assert len(watchlist) == 1
    watchlist.forget("shop", "web-1")
    watchlist.forget("shop", "never-seen")
    assert len(watchlist) == 0
    assert due(watchlist, read(SICK), at(100)) == at(115)


def test_pods_of_one_name_in_two_namespaces_are_two() -> None:
    watchlist = Watchlist(GRACE)
    there = {**SICK, "metadata": {**SICK["metadata"], "namespace": "elsewhere"}}
    due(watchlist, read(SICK), NOW)
    due(watchlist, read(there), NOW)
    assert len(watchlist) == 2


@pytest.mark.parametrize(
    ("state", "spec_hash", "anew"),
    [
        (State.SUCCEEDED, "same", True),
        (State.RESOLVED, "same", True),
        (State.REJECTED, "same", False),
        (State.ROLLED_BACK, "same", False),
        (State.FAILED, "same", False),
        (State.EXPIRED, "same", False),
        (State.REJECTED, "changed", True),
        (State.ROLLED_BACK, "changed", True),
        (State.FAILED, None, True),  # it was never looked at
    ],
)
def test_a_workload_that_is_sick_again_gets_another_diagnosis(
    state: State, spec_hash: str | None, anew: bool
) -> None:
    last = diagnosis()
    last.status.state = state
    if spec_hash:
        last.status.observed_target = ObservedTarget(uid="uid-web", spec_hash=spec_hash)
    assert begins_anew(last, "same") is anew
