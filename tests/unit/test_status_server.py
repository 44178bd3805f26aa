"""Probes and metrics over real HTTP, and the counting of Diagnoses."""

import asyncio
import contextlib
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from podiatrist.api import names
from podiatrist.api.diagnosis import Diagnosis
from podiatrist.cluster.connect import connect
from podiatrist.handlers.status_server import serve_status
from podiatrist.handlers.vitals import Vitals
from podiatrist.handlers.ward import Ward, recount
from tests.fakeapi.server import FakeApi

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)


@pytest.fixture
def served() -> Iterator[tuple[Vitals, str]]:
    vitals = Vitals()
    server = serve_status(0, vitals)
    yield vitals, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def ask(url: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310 - loopback
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def test_probes_say_why(served: tuple[Vitals, str]) -> None:
    vitals, url = served
    assert ask(f"{url}/readyz") == (503, "the API server has not answered yet\n")
    assert ask(f"{url}/healthz") == (200, "ok\n")
    vitals.pulse.reached()
    assert ask(f"{url}/readyz?verbose") == (200, "ok\n")
    assert ask(f"{url}/../etc/passwd")[0] == 404


def diagnosed(status: str, reason: str) -> dict[str, Any]:
    return {"type": "Diagnosed", "status": status, "reason": reason, "message": "",
            "lastTransitionTime": NOW.isoformat()}  # fmt: skip


def diagnosis(state: str, *, uid: str = "u1", born: datetime = NOW, **more: Any) -> Diagnosis:
    conditions = [diagnosed("True", "CauseFound")]
    return Diagnosis.model_validate({
        "metadata": {"name": "web-1", "namespace": "shop", "uid": uid,
                     "creationTimestamp": born.isoformat(),
                     "annotations": more.pop("annotations", {})},
        "spec": {"target": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}},
        "status": {"state": state, "conditions": [] if state == "Investigating" else conditions,
                   "findings": [{"analyzer": "images", "reason": "ImageNotFound", "message": "m",
                                 "evidence": [], "object": {"apiVersion": "apps/v1",
                                 "kind": "Deployment", "name": "web"}}], **more},
    })  # fmt: skip


def counted(text: str, name: str) -> dict[str, float]:
    """Return each series of a metric, by its labels."""
    samples = (line.rpartition(" ") for line in text.splitlines() if line.startswith(f"{name}{{"))
    return {series.removeprefix(name): float(value) for series, _, value in samples}


def usage(calls: int, sent: int, cost: str) -> dict[str, Any]:
    return {"model": "m", "calls": calls, "promptTokens": sent, "completionTokens": 5, "cost": cost}


def test_what_becomes_of_diagnoses_is_counted_once(served: tuple[Vitals, str]) -> None:
    vitals, url = served
    moment = [NOW]
    ward = Ward(vitals.metrics, lambda: moment[0])
    key = ("shop", "web-1")
    ward.changed(key, diagnosis("Investigating"))
    moment[0] += timedelta(seconds=3)
    ward.changed(key, diagnosis("AwaitingApproval", usage=usage(2, 100, "0.10")))
    ward.changed(key, diagnosis("AwaitingApproval", usage=usage(2, 100, "0.10")))
    moment[0] += timedelta(seconds=100)
    ward.changed(key, diagnosis("Succeeded", usage=usage(3, 150, "0.15")))
    ward.changed(key, diagnosis("Succeeded", usage=usage(3, 150, "0.15")))

    text = ask(f"{url}/metrics")[1].splitlines()
    assert 'podiatrist_diagnoses{state="Succeeded"} 1.0' in text
    assert 'podiatrist_diagnoses{state="AwaitingApproval"} 0.0' in text
    ended = 'podiatrist_diagnoses_ended_total{reason="ImageNotFound",state="Succeeded"} 1.0'
    assert ended in text
    assert "podiatrist_time_to_diagnosis_seconds_sum 3.0" in text
    assert "podiatrist_time_to_success_seconds_sum 103.0" in text
    assert 'podiatrist_model_calls_total{model="m"} 3.0' in text
    assert 'podiatrist_model_tokens_total{direction="sent",model="m"} 150.0' in text
    (cost,) = (line for line in text if line.startswith('podiatrist_model_cost_total{model="m"}'))
    assert float(cost.split()[1]) == pytest.approx(0.15)
    ward.changed(key, None)
    assert 'podiatrist_diagnoses{state="Succeeded"} 0.0' in ask(f"{url}/metrics")[1]


def test_what_was_over_before_is_not_counted_again(served: tuple[Vitals, str]) -> None:
    vitals, url = served
    ward = Ward(vitals.metrics, lambda: NOW)
    old = NOW - timedelta(hours=1)
    ward.changed(("shop", "web-1"), diagnosis("Succeeded", born=old, usage=usage(9, 9, "1")))
    text = ask(f"{url}/metrics")[1]
    assert 'podiatrist_diagnoses{state="Succeeded"} 1.0' in text
    assert set(counted(text, "podiatrist_diagnoses_ended_total").values()) == {0}
    assert 'podiatrist_model_calls_total{model="m"} 0.0' in text


@pytest.mark.parametrize("known", [True, False], ids=["by us", "by the leader before"])
def test_the_time_to_a_diagnosis_is_told_once(
    served: tuple[Vitals, str],
    known: bool,
) -> None:
    """Given a Diagnosis of old, then looking at a changed target anew does not tell of its age."""
    vitals, url = served
    moment = [NOW]
    ward = Ward(vitals.metrics, lambda: moment[0])
    born = NOW if known else NOW - timedelta(days=1)
    key = ("shop", "web-1")
    if known:
        ward.changed(key, diagnosis("Investigating"))
        moment[0] += timedelta(seconds=3)
        ward.changed(key, diagnosis("AwaitingApproval"))
    moment[0] += timedelta(hours=5)
    for status, reason in (("Unknown", "TargetChanged"), ("True", "CauseFound"),
                           ("False", "TargetNotFound"), ("True", "CauseFound")):  # fmt: skip
        conditions = [diagnosed(status, reason)]
        ward.changed(key, diagnosis("AwaitingApproval", born=born, conditions=conditions))
    text = ask(f"{url}/metrics")[1]
    assert f"podiatrist_time_to_diagnosis_seconds_sum {3.0 * known}" in text
    assert f"podiatrist_time_to_diagnosis_seconds_count {1.0 * known}" in text


def test_the_time_to_a_fix_is_told_once(served: tuple[Vitals, str]) -> None:
    """Given a fix that was verified, then one after a retry ends it again, and is no slow fix."""
    vitals, url = served
    moment = [NOW]
    ward = Ward(vitals.metrics, lambda: moment[0])
    for state in ("Executing", "Succeeded", "AwaitingApproval", "Executing", "Succeeded"):
        moment[0] += timedelta(seconds=50)
        ward.changed(("shop", "web-1"), diagnosis(state))
    text = ask(f"{url}/metrics")[1]
    assert "podiatrist_time_to_success_seconds_sum 100.0" in text
    assert counted(text, "podiatrist_diagnoses_ended_total")[
        '{reason="ImageNotFound",state="Succeeded"}'
    ] == 2  # fmt: skip


def test_whatever_may_be_counted_is_there_at_nought_before(served: tuple[Vitals, str]) -> None:
    """Prometheus sees no increase in what is born at 1: so is each first of a reason and leader."""
    vitals, url = served
    ward = Ward(vitals.metrics, lambda: NOW)
    ward.changed(("shop", "web-1"), diagnosis("AwaitingApproval"))
    ward.changed(("shop", "web-2"), diagnosis("Succeeded", born=NOW - timedelta(hours=1)))
    before = ask(f"{url}/metrics")[1]
    ward.changed(("shop", "web-1"), diagnosis("Rejected", annotations={names.REJECT: "no"}))
    ward.changed(("shop", "web-2"), diagnosis("Failed", born=NOW - timedelta(hours=1)))
    ward.changed(("shop", "web-3"), diagnosis("Investigating", uid="u3", findings=[]))
    ward.changed(("shop", "web-3"), diagnosis("Failed", uid="u3", findings=[]))
    after = ask(f"{url}/metrics")[1]
    for name, ends in (("podiatrist_diagnoses_ended_total", 3),
                       ("podiatrist_diagnoses_rejected_total", 1)):  # fmt: skip
        assert set(counted(before, name).values()) == {0}, name
        assert counted(before, name).keys() == counted(after, name).keys(), name
        assert sum(counted(after, name).values()) == ends, name


def test_a_target_that_is_gone_is_no_fix_that_failed(served: tuple[Vitals, str]) -> None:
    """Given findings about a workload that is deleted, then it ends for no reason of theirs."""
    vitals, url = served
    ward = Ward(vitals.metrics, lambda: NOW)
    ward.changed(("shop", "web-1"), diagnosis("AwaitingApproval"))
    gone = [diagnosed("False", "TargetNotFound")]
    ward.changed(("shop", "web-1"), diagnosis("Failed", conditions=gone))
    ended = counted(ask(f"{url}/metrics")[1], "podiatrist_diagnoses_ended_total")
    assert {series for series, count in ended.items() if count} == {'{reason="",state="Failed"}'}


def test_a_false_alarm_is_told_by_users(served: tuple[Vitals, str]) -> None:
    vitals, url = served
    ward = Ward(vitals.metrics, lambda: NOW)
    for number, why in enumerate(("false-alarm", "we know")):
        key = ("shop", f"web-{number}")
        ward.changed(key, diagnosis("Investigating", uid=str(number)))
        rejected = diagnosis("Rejected", uid=str(number), annotations={names.REJECT: why})
        ward.changed(key, rejected)
    text = ask(f"{url}/metrics")[1]
    for word in ("true", "false"):
        line = f'rejected_total{{false_alarm="{word}",reason="ImageNotFound"}} 1.0'
        assert line in text


def test_a_refused_consultation_is_counted_from_nought(served: tuple[Vitals, str]) -> None:
    """An alert asks for the increase, which a counter that is born at 1 does not have."""
    vitals, url = served
    refused = 0
    vitals.metrics.budget(lambda: None, lambda: refused)
    assert "podiatrist_consultations_refused_total 0.0" in ask(f"{url}/metrics")[1]
    refused += 1
    assert "podiatrist_consultations_refused_total 1.0" in ask(f"{url}/metrics")[1]


def test_an_end_that_the_watch_missed_is_counted_later(
    served: tuple[Vitals, str], tmp_path: Path
) -> None:
    """Of three that were heard of, one is there and one is too new to be missed."""
    vitals, url = served
    moment = [NOW]
    ward = Ward(vitals.metrics, lambda: moment[0])
    for uid in ("there", "gone"):
        ward.changed(("shop", uid), diagnosis("Succeeded", uid=uid))
    moment[0] += timedelta(seconds=1)

    async def story() -> None:
        async with FakeApi().serve() as api, connect(api.kubeconfig(tmp_path), "test") as client:
            api.store.put("diagnoses", diagnosis("Succeeded", uid="there").model_dump(
                mode="json", by_alias=True, exclude_none=True))  # fmt: skip
            ward.changed(("shop", "new"), diagnosis("Succeeded", uid="new"))
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(recount(ward, client, every=0.01), 1)

    asyncio.run(story())
    assert 'podiatrist_diagnoses{state="Succeeded"} 2.0' in ask(f"{url}/metrics")[1]
