"""The judge of the random interleavings: each crime it must see, on a trail made up for it."""

from typing import Any

import pytest

from podiatrist.api import names
from podiatrist.api.diagnosis import Diagnosis
from tests.interleavings.judge import EXECUTOR, OPERATOR, Court, contradictions
from tests.interleavings.trail import Entry

MARK = "web-a/11111111/r1"


class Log:
    """A trail as it is written, entry by entry."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []

    def add(self, who: str, verb: str, resource: str, body: Any, **more: str) -> None:
        at = f"{len(self.entries):04}"
        name, manager = more.get("name", "web-a"), more.get("manager", "kubectl")
        self.entries.append(Entry(at, who, verb, resource, name, manager, body))

    def approval(self, digest: str | None, who: str = "alice") -> None:
        body = {"metadata": {"annotations": {names.APPROVE: digest}}}
        self.add(who, "patch", "diagnoses", body)

    def status(self, run: str | None, executed: str | None, by: str = "alice", **more: Any) -> None:
        status: dict[str, Any] = {"approval": {"digest": "11111111", "by": by}}
        if run is not None:
            status["execution"] = {"run": run, **more}
        if executed is not None:
            status["conditions"] = [{"type": "Executed", "status": executed}]
        self.add(EXECUTOR, "update", "diagnoses/status", {"status": status})

    def fix(self, mark: str = MARK, who: str = EXECUTOR, manager: str | None = None) -> None:
        body = [{"op": "add", "path": "/metadata/annotations/podiatrist.dev~1fix", "value": mark}]
        manager = manager or names.field_manager("web-a", "11111111")
        self.add(who, "patch", "deployments", body, name="web", manager=manager)

    def inverse(self, mark: str = MARK) -> None:
        path = "/metadata/annotations/podiatrist.dev~1fix"
        body = [{"op": "test", "path": path, "value": mark}, {"op": "remove", "path": path}]
        manager = names.field_manager("web-a", "11111111")
        self.add(EXECUTOR, "patch", "deployments", body, name="web", manager=manager)

    def judged(self) -> list[str]:
        court = Court({"alice"}, "web")
        court.hear(self.entries)
        return court.problems


def honest() -> Log:
    log = Log()
    log.approval("11111111")
    log.status("r1", "Unknown")
    log.fix()
    log.status("r1", "True")
    return log


def test_an_approved_run_and_its_undoing_are_no_crime() -> None:
    log = honest()
    log.inverse()
    log.approval(None)
    log.approval("11111111")
    log.status("r2", "Unknown")
    log.fix("web-a/11111111/r2")
    log.status("r2", "True")
    assert log.judged() == []


def test_a_crash_between_intent_and_fix_and_a_withdrawal_are_no_crime() -> None:
    log = Log()
    log.approval("11111111")
    log.status("r1", "Unknown")
    log.approval(None)
    log.status(None, None)
    assert log.judged() == []


def test_forgetting_a_fix_of_which_people_left_nothing_is_no_crime() -> None:
    for left_in_place in (False, True):
        log = Log()
        log.approval("11111111")
        log.status("r1", "Unknown")
        log.fix()
        unmark = {"metadata": {"annotations": {names.FIX: None}}}
        log.add("alice", "patch", "deployments", unmark, name="web")
        if not left_in_place:
            rule: Any = {"spec": {"template": {"spec": {"affinity": {"nodeAffinity": {}}}}}}
            log.add("alice", "patch", "deployments", rule, name="web")
        log.status(None, None)
        assert bool(log.judged()) is left_in_place


def test_crimes_are_seen() -> None:
    def crime(told: str) -> Log:
        log = Log()
        crimes.append((told, log))
        return log

    crimes: list[tuple[str, Log]] = []
    crime("stands on None").status("r1", "Unknown")
    log = crime("stands on None")
    log.approval("11111111")
    log.approval(None)
    log.status("r1", "Unknown")
    log = crime("stands on Approval(digest='22222222'")
    log.approval("22222222")
    log.status("r1", "Unknown")
    log = crime("stands on Approval(digest='11111111', by='alice'")
    log.approval("11111111")
    log.status("r1", "Unknown", by="eve")
    crime("mallory could approve").approval("11111111", "mallory")
    log = crime("stand on one approval")
    log.entries = honest().entries
    log.status("r2", "Unknown")
    log = crime("2 times done")
    log.entries = honest().entries
    log.fix()
    log = crime("2 times undone")
    log.entries = honest().entries
    log.inverse()
    log.inverse()
    crime("no run of an approved fix does that").fix()
    log = crime("no run of an approved fix does that")
    log.entries = honest().entries
    log.add(EXECUTOR, "delete", "pods", {}, name="web-1")
    log = crime("no run of an approved fix does that")
    log.entries = honest().entries
    log.fix(who=OPERATOR)
    log = crime("goes by the name")
    log.approval("11111111")
    log.status("r1", "Unknown")
    log.fix(manager="kubectl")
    log = crime("it was not")
    log.approval("11111111")
    log.status("r1", "Unknown")
    log.status("r1", "True")
    log = crime("forgot that run r1 was done")
    log.approval("11111111")
    log.status("r1", "Unknown")
    log.fix()
    log.status(None, None)
    log = crime("it was said before that nothing was done")
    log.approval("11111111")
    log.status("r1", "Unknown")
    log.status("r1", "False", message="nothing was done: it was refused")
    log.fix()

    for told, log in crimes:
        assert any(told in problem for problem in log.judged()), (told, log.judged())


def status_of(*conditions: tuple[str, str, str], **status: Any) -> Diagnosis:
    at = "2026-01-01T00:00:00Z"
    return Diagnosis.model_validate(
        {
            "metadata": {"name": "web-a", "namespace": "shop"},
            "spec": {"target": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}},
            "status": {
                "conditions": [
                    {"type": kind, "status": value, "reason": reason, "lastTransitionTime": at}
                    for kind, value, reason in conditions
                ],
                **status,
            },
        }
    )


@pytest.mark.parametrize(
    ("diagnosis", "told"),
    [
        (status_of(("Executed", "True", "PatchesApplied")), "an execution without a word on it"),
        (status_of(("Executed", "Unknown", "Started")), "carried out without an approval"),
        (status_of(("Approved", "True", "DigestMatched")), "approved by nobody"),
        (status_of(("Verified", "False", "RolledBack")), "a fix was verified that was not made"),
        (status_of(("Diagnosed", "True", "RulesMatched"), state="Executing"), "state is not"),
    ],
)
def test_a_status_that_contradicts_itself_is_seen(diagnosis: Diagnosis, told: str) -> None:
    assert any(told in problem for problem in contradictions(diagnosis))
