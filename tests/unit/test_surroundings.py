"""One reading for all who ask within a few seconds; and never one that is too old to know."""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from podiatrist.cluster.errors import RefusedError, UnreachableError
from podiatrist.cluster.kinds import NODE, SERVICE
from podiatrist.cluster.surroundings import LIFE, Surroundings
from tests.unit.jumping_loop import JumpingLoop, run_on


class Client:
    """A stand-in for the API server: takes a second for each list, and counts them."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.errors: list[Exception] = []

    async def list_all(self, kind: Any, namespace: str | None = None) -> list[Any]:
        self.asked.append(f"{kind.plural} {namespace}")
        await asyncio.sleep(1)
        if self.errors:
            raise self.errors.pop(0)
        return [{"metadata": {"name": str(len(self.asked))}}]

    async def list_typed(self, kind: Any, struct: Any, namespace: Any, **_: Any) -> list[Any]:
        return await self.list_all(kind, namespace)


Story = Callable[[Surroundings, Client], Coroutine[Any, Any, None]]


def play(story: Story) -> Client:
    client = Client()

    async def begin() -> None:
        await story(Surroundings(client), client)  # type: ignore[arg-type]

    run_on(JumpingLoop(), begin())
    return client


def test_fifty_who_ask_at_once_share_one_reading() -> None:
    async def story(shared: Surroundings, _: Client) -> None:
        found = await asyncio.gather(*(shared.objects(SERVICE, "shop") for _ in range(50)))
        assert all(one is found[0] for one in found)

    assert play(story).asked == ["services shop"]


def test_namespaces_and_kinds_are_read_apart() -> None:
    async def story(shared: Surroundings, _: Client) -> None:
        await shared.objects(SERVICE, "shop")
        await shared.objects(SERVICE, "data")
        await shared.objects(NODE)

    assert play(story).asked == ["services shop", "services data", "nodes None"]


def test_a_reading_is_shared_for_a_few_seconds_only() -> None:
    async def story(shared: Surroundings, _: Client) -> None:
        await shared.objects(NODE)
        await asyncio.sleep(LIFE - 2)
        await shared.objects(NODE)
        await asyncio.sleep(2)
        await shared.objects(NODE)

    assert len(play(story).asked) == 2


def test_what_may_not_be_read_is_none_and_no_error() -> None:
    async def story(shared: Surroundings, client: Client) -> None:
        client.errors = [RefusedError("forbidden")]
        assert await shared.objects(NODE) is None

    play(story)


def test_a_failure_is_told_to_all_and_shared_no_further() -> None:
    async def story(shared: Surroundings, client: Client) -> None:
        client.errors = [UnreachableError("down")]
        asking = [shared.objects(NODE) for _ in range(3)]
        answers = await asyncio.gather(*asking, return_exceptions=True)
        assert all(isinstance(answer, UnreachableError) for answer in answers)
        assert await shared.objects(NODE) is not None

    assert len(play(story).asked) == 2


def test_who_gives_up_does_not_take_the_reading_from_the_others() -> None:
    async def story(shared: Surroundings, _: Client) -> None:
        other = asyncio.ensure_future(shared.objects(NODE))
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(shared.objects(NODE), 0.5)
        assert await other is not None

    assert len(play(story).asked) == 1


@pytest.mark.parametrize(("seconds", "readings"), [(-60, 1), (+60, 2)])
def test_pods_younger_than_the_reading_want_a_new_one(seconds: int, readings: int) -> None:
    async def story(shared: Surroundings, _: Client) -> None:
        await shared.pods()
        await shared.pods(not_older_than=datetime.now(UTC) + timedelta(seconds=seconds))

    assert len(play(story).asked) == readings
