"""What was found is told below the sick workload: once for each state, however often it is seen."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, cast

from podiatrist.api.conditions import derive_state
from podiatrist.api.diagnosis import Diagnosis, ObservedTarget
from podiatrist.cluster.client import Client
from podiatrist.cluster.errors import UnreachableError
from podiatrist.cluster.events import EXECUTOR
from podiatrist.cluster.reader import Reader
from podiatrist.lifecycle.context import Context
from podiatrist.lifecycle.telling.states import (
    StepFunction,
    telling_state,
    telling_state_of_stored,
)
from tests.unit.stories import diagnosis, option
from tests.unit.test_announce import events, world

CAUSE = "Diagnosed=True:CauseFound"
NEEDS_HUMAN = diagnosis(CAUSE)
AWAITS = diagnosis(CAUSE, options=[option()])
RESOLVED = diagnosis(CAUSE, "Verified=True:WentAway")


def becoming(then: Diagnosis) -> StepFunction:
    """Return a step that leads to the state of another Diagnosis."""

    async def step(context: Context, diagnosis: Diagnosis) -> None:
        diagnosis.status = then.status.model_copy(deep=True)
        diagnosis.status.state = derive_state(diagnosis.status)
        diagnosis.status.summary = "image ngnix does not exist"
        diagnosis.status.observed_target = ObservedTarget(uid="uid-web", spec_hash="h")

    return step


def test_what_a_consultation_led_to_is_told_from_what_is_stored(tmp_path: Path) -> None:
    """A consultation writes onto a reading of its own; where that is gone, nothing is told."""
    fresh = diagnosis(CAUSE)
    fresh.status.state = derive_state(fresh.status)

    class Store:
        answers: ClassVar[list[Diagnosis | Exception | None]] = [
            fresh, None, UnreachableError("no answer")
        ]  # fmt: skip

        async def get(self, *key: str) -> Diagnosis | None:
            answer = self.answers.pop(0)
            if isinstance(answer, Exception):
                raise answer
            return answer

    async def step(context: Context, diagnosis: Diagnosis) -> float:
        return 7.0

    async def story() -> list[str]:
        async with world(tmp_path) as (api, context):
            vars(context)["store"] = Store()
            for _ in range(3):
                assert await telling_state_of_stored(step)(context, diagnosis()) == 7.0
            return [e["reason"] for e in events(api)]

    assert asyncio.run(story()) == ["NeedsHuman"] * 2


def told(folder: Path, *states: Diagnosis, reporter: str | None = None) -> list[tuple[str, ...]]:
    """Lead one Diagnosis through states; returns kind, type, reason and text of all Events."""

    async def story() -> Sequence[tuple[str, ...]]:
        one = diagnosis()
        async with world(folder) as (api, context):
            for state in states:
                step = becoming(state)
                wrapped = telling_state(step, reporter) if reporter else telling_state(step)
                await wrapped(context, one)
            return [
                (e["involvedObject"]["kind"], e["type"], e["reason"], e["reportingComponent"],
                 e["message"])
                for e in events(api)
            ]  # fmt: skip

    return sorted(asyncio.run(story()))


def test_workload_and_diagnosis_both_tell_what_was_found(tmp_path: Path) -> None:
    message = (
        "Diagnosis web-7f3a9c: image ngnix does not exist; 1 fix(es) to approve, "
        "see: kubectl -n shop describe diagnosis web-7f3a9c"
    )
    assert told(tmp_path, AWAITS) == [
        (kind, "Warning", "AwaitingApproval", "podiatrist.dev/operator", message)
        for kind in ("Deployment", "Diagnosis")
    ]


def test_a_recheck_tells_nothing_new(tmp_path: Path) -> None:
    assert len(told(tmp_path, *[AWAITS] * 5)) == 2


def test_a_recheck_does_not_even_ask(tmp_path: Path) -> None:
    async def story() -> tuple[int, int]:
        one = diagnosis()
        async with world(tmp_path) as (api, context):
            step = telling_state(becoming(AWAITS))
            await step(context, one)
            first = len(api.requests)
            await step(context, one)
            return first, len(api.requests)

    first, then = asyncio.run(story())
    assert first == then > 0


def test_a_state_that_comes_and_goes_is_told_once(tmp_path: Path) -> None:
    reasons = [e[2] for e in told(tmp_path, *[AWAITS, NEEDS_HUMAN] * 3, RESOLVED)]
    assert sorted(reasons) == sorted(["AwaitingApproval", "NeedsHuman", "Resolved"] * 2)


def test_that_it_got_well_is_no_warning(tmp_path: Path) -> None:
    assert {e[1] for e in told(tmp_path, RESOLVED)} == {"Normal"}


def test_the_executor_tells_in_its_own_name_what_its_dry_run_led_to(tmp_path: Path) -> None:
    found = told(tmp_path, NEEDS_HUMAN, reporter=EXECUTOR)
    assert {e[2:4] for e in found} == {("NeedsHuman", "podiatrist.dev/executor")}
    assert all("no fix to offer" in e[4] for e in found)


def test_what_is_under_way_is_not_told(tmp_path: Path) -> None:
    assert told(tmp_path, diagnosis(), diagnosis(CAUSE, "Approved=True:DigestMatched")) == []


def test_our_own_events_are_no_evidence() -> None:
    asked: list[str] = []

    class Api:
        async def list_typed(self, *_: object, fields: str) -> list[object]:
            asked.append(fields)
            return []

    asyncio.run(Reader(cast(Client, Api()))._events("shop"))
    for reporter in ("podiatrist.dev/operator", "podiatrist.dev/executor"):
        assert f"reportingComponent!={reporter}" in asked[0].split(",")
