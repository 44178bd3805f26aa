"""The day's budget on a real API server: two operators, restarts, and rights that are missing."""

import asyncio
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from podiatrist.cluster.connect import connect
from podiatrist.cluster.ledger import Ledger, Reservation
from tests.cluster import Cluster
from tests.e2e.kube import Kube
from tests.harness.install import identity

pytestmark = pytest.mark.serial  # the budget is one for the whole cluster

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


def clock() -> datetime:
    return NOON


@pytest.fixture
def budget(kube: Kube) -> Iterator[Kube]:
    """Take the budget away before and after; a running operator begins a new one."""
    gone = ("-n", "podiatrist", "delete", "configmap", "budget", "--ignore-not-found")
    kube.admin(*gone)
    yield kube
    kube.admin(*gone)


def test_two_operators_never_pass_the_limit_together(
    budget: Kube, cluster: Cluster, tmp_path: Path
) -> None:
    config = identity(cluster, "operator", tmp_path)

    async def story() -> None:
        async with connect(config, "one") as first, connect(config, "two") as second:
            operators = [Ledger(first, 1000, clock), Ledger(second, 1000, clock)]
            took = await asyncio.gather(*(operators[n % 2].reserve(150) for n in range(10)))
            taken = [t for t in took if isinstance(t, Reservation)]
            assert len(taken) == 6
            for number, reservation in enumerate(taken):
                await operators[number % 2].settle(reservation, 50)
            restarted = Ledger(first, 1000, clock)
            assert isinstance(await restarted.reserve(700), Reservation)
            assert isinstance(await restarted.reserve(1), str)

    asyncio.run(story())
    stored = json.loads(
        budget.admin("-n", "podiatrist", "get", "configmap", "budget", "-o", "json")
    )
    assert stored["data"] == {"2026-11-24": "1000"}


def test_who_may_not_write_the_budget_consults_nobody(
    budget: Kube, cluster: Cluster, tmp_path: Path
) -> None:
    config = identity(cluster, "reader", tmp_path)

    async def story() -> None:
        async with connect(config, "reader") as client:
            ledger = Ledger(client, 1000, clock)
            refusal = str(await ledger.reserve(1))
            assert "cannot be written down" in refusal
            assert "forbidden" in refusal

    asyncio.run(story())


def test_an_immutable_budget_stops_consultations(
    budget: Kube, cluster: Cluster, tmp_path: Path
) -> None:
    budget.admin("-n", "podiatrist", "create", "configmap", "budget", "--from-literal=2026-11-24=5")
    freeze = ("patch", "configmap", "budget", "-p", '{"immutable": true}')
    budget.admin("-n", "podiatrist", *freeze)
    config = identity(cluster, "operator", tmp_path)

    async def story() -> None:
        async with connect(config, "operator") as client:
            ledger = Ledger(client, 1000, clock)
            assert "immutable" in str(await ledger.reserve(1))

    asyncio.run(story())
