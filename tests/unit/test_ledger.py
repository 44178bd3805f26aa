"""The day's budget: never passed, whoever restarts, races or edits."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podiatrist.cluster.connect import connect
from podiatrist.cluster.ledger import Ledger, Reservation
from tests.fakeapi.server import FakeApi

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


@dataclass
class World:
    """A real client, a server that keeps one ConfigMap, and a clock."""

    api: FakeApi
    client: Any
    now: datetime = NOON
    slept: list[float] = field(default_factory=list)

    def ledger(self, per_day: int = 100) -> Ledger:
        return Ledger(self.client, per_day, lambda: self.now, self.sleep)

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)

    def put(self, data: Any) -> None:
        metadata = {"name": "budget", "namespace": "podiatrist", "uid": "u"}
        metadata["creationTimestamp"] = "2026-11-02T09:00:00Z"
        self.api.store.put("configmaps", {"metadata": metadata, "data": data})

    @property
    def days(self) -> dict[str, str]:
        body = self.api.store.get("configmaps", "podiatrist", "budget")
        return json.loads(body)["data"] if body else {}


@asynccontextmanager
async def world(folder: Path) -> AsyncIterator[World]:
    async with (
        FakeApi().serve() as api,
        connect(api.kubeconfig(folder), "test") as client,
    ):
        yield World(api, client)


async def take(ledger: Ledger, tokens: int) -> Reservation:
    reservation = await ledger.reserve(tokens)
    assert isinstance(reservation, Reservation), reservation
    return reservation


async def refusal(ledger: Ledger, tokens: int) -> str:
    answer = await ledger.reserve(tokens)
    assert isinstance(answer, str)
    return answer


def test_what_a_consultation_did_not_use_comes_back(tmp_path: Path) -> None:
    async def story() -> None:
        async with world(tmp_path) as w:
            ledger = w.ledger(100)
            reservation = await take(ledger, 60)
            why = await refusal(ledger, 60)
            assert "60 of 100 tokens of this day" in why
            assert "PODIATRIST_TOKENS_PER_DAY" in why
            assert (ledger.refused, ledger.left) == (1, 40), "refused, with tokens left"

            await ledger.settle(reservation, 25)

            assert w.days == {"2026-11-24": "25"}
            await take(ledger, 60)

    asyncio.run(story())


def test_a_crash_leaves_the_reservation_charged(tmp_path: Path) -> None:
    async def story() -> None:
        async with world(tmp_path) as w:
            await take(w.ledger(100), 60)
            restarted = w.ledger(100)
            await refusal(restarted, 60)
            await take(restarted, 40)

    asyncio.run(story())


def test_many_at_once_never_pass_the_limit(tmp_path: Path) -> None:
    async def story() -> None:
        async with world(tmp_path) as w:
            operators = [w.ledger(100), w.ledger(100)]
            took = await asyncio.gather(*(operators[n % 2].reserve(15) for n in range(12)))
            assert sum(isinstance(t, Reservation) for t in took) == 6
            assert w.days == {"2026-11-24": "90"}

    asyncio.run(story())


def test_more_used_than_set_aside_is_charged_too(tmp_path: Path) -> None:
    async def story() -> None:
        async with world(tmp_path) as w:
            ledger = w.ledger(100)
            await ledger.settle(await take(ledger, 10), 35)
            assert w.days == {"2026-11-24": "35"}

    asyncio.run(story())


def test_a_consultation_over_midnight_counts_for_the_day_it_began(tmp_path: Path) -> None:
    async def story() -> None:
        async with world(tmp_path) as w:
            ledger = w.ledger(100)
            reservation = await take(ledger, 60)
            w.now += timedelta(hours=13)
            await take(ledger, 90)
            await ledger.settle(reservation, 10)
            assert w.days == {"2026-11-24": "10", "2026-11-25": "90"}

    asyncio.run(story())


def test_two_of_one_size_on_two_days_come_back_each_on_its_own(tmp_path: Path) -> None:
    async def story() -> None:
        async with world(tmp_path) as w:
            ledger = w.ledger(100)
            before = await take(ledger, 60)
            w.now += timedelta(hours=13)
            after = await take(ledger, 60)
            await ledger.settle(after, 20)
            await ledger.settle(before, 10)
            assert w.days == {"2026-11-24": "10", "2026-11-25": "20"}

    asyncio.run(story())


def test_a_week_is_kept(tmp_path: Path) -> None:
    async def story() -> None:
        async with world(tmp_path) as w:
            for _ in range(9):
                await take(w.ledger(100), 60)
                w.now += timedelta(days=1)
            assert list(w.days) == [f"2026-11-{day}" for day in (26, 27, 28, 29, 30)] + [
                "2026-12-01",
                "2026-12-02",
            ]

    asyncio.run(story())


@pytest.mark.parametrize(
    "data",
    [
        {"2026-11-24": "a lot"},
        {"2026-11-24": "-50"},
        {"2026-11-24": ""},
        {"2026-11-24": "1e3"},
        {"2026-11-24": "٣"},
        {"2026-11-24": "9" * 5000},
        {"2026-11-24": "5", "spent": "0"},
        {"20261124": "5"},
        {"2026-11-25": "99"},
        {"2099-01-01": "x"},
    ],
)
def test_a_budget_that_was_edited_counts_as_spent(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, data: dict[str, str]
) -> None:
    async def story() -> None:
        async with world(tmp_path) as w:
            w.put(data)
            ledger = w.ledger(100)
            with caplog.at_level(logging.ERROR):
                await refusal(ledger, 10)
                why = await refusal(ledger, 10)
            assert w.days == data
            assert ledger.refused == 2
            if "2026-11-25" not in data:
                assert "kubectl -n podiatrist delete configmap budget" in why
                assert len(caplog.records) == 1

    asyncio.run(story())


@pytest.mark.parametrize("data", [None, {}, {"2026-11-20": "rubbish"}])
def test_an_empty_budget_and_odd_days_gone_by_are_no_obstacle(
    tmp_path: Path, data: dict[str, str] | None
) -> None:
    async def story() -> None:
        async with world(tmp_path) as w:
            w.put(data)
            await take(w.ledger(100), 10)

    asyncio.run(story())


@pytest.mark.parametrize("status", [403, 422, 429, 500, 503])
def test_without_a_budget_that_can_be_written_there_is_no_consultation(
    tmp_path: Path, status: int
) -> None:
    async def story() -> None:
        async with world(tmp_path) as w:
            w.put({"2026-11-24": "1"})
            w.api.refuse(status, path="configmaps/budget", times=4)
            ledger = w.ledger(100)
            assert "cannot be written down" in await refusal(ledger, 10)
            assert w.days == {"2026-11-24": "1"}

    asyncio.run(story())


def test_an_api_server_that_restarts_is_asked_again(tmp_path: Path) -> None:
    async def story() -> None:
        async with world(tmp_path) as w:
            w.put({"2026-11-24": "1"})
            w.api.refuse(503, path="configmaps/budget", times=2)
            await take(w.ledger(100), 10)
            assert w.days == {"2026-11-24": "11"}
            assert w.slept == [0.5, 1.0]

    asyncio.run(story())


def test_what_cannot_be_put_back_stays_spent(tmp_path: Path) -> None:
    async def story() -> None:
        async with world(tmp_path) as w:
            ledger = w.ledger(100)
            reservation = await take(ledger, 60)
            w.api.refuse(503, path="configmaps/budget", times=4)
            await ledger.settle(reservation, 1)
            assert w.days == {"2026-11-24": "60"}

    asyncio.run(story())


def test_a_lost_answer_puts_nothing_back_twice(tmp_path: Path) -> None:
    """The HTTP client sends a PUT again when its connection broke: the second one conflicts."""

    async def story() -> None:
        async with world(tmp_path) as w:
            other, ledger = w.ledger(100), w.ledger(100)
            await take(other, 50)
            reservation = await take(ledger, 40)
            w.api.lose_answer("PUT")
            await ledger.settle(reservation, 30)
            assert w.days == {"2026-11-24": "80"}
            assert sum("PUT" in r for r in w.api.requests) == 3

    asyncio.run(story())


consultations = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60), st.booleans()))


@given(consultations)
def test_used_tokens_never_pass_the_limit(
    tmp_path_factory: pytest.TempPathFactory, consultations: list[tuple[int, int, bool]]
) -> None:
    """Whatever is reserved, used, and cut off by a crash."""

    async def story() -> None:
        async with world(tmp_path_factory.mktemp("ledger")) as w:
            ledger, used = w.ledger(100), 0
            for reserved, wanted, crashes in consultations:
                reservation = await ledger.reserve(reserved)
                if isinstance(reservation, str):
                    continue
                used += min(reserved, wanted)
                if crashes:
                    ledger = w.ledger(100)
                else:
                    await ledger.settle(reservation, min(reserved, wanted))
            assert used <= int(w.days.get("2026-11-24", "0")) <= 100

    asyncio.run(story())
