"""Who holds a Lease, by the rules of client-go, and what is written."""

import asyncio
from typing import Any

import pytest

from podiatrist.cluster.errors import (
    ConflictError,
    NotFoundError,
    RefusedError,
    UnreachableError,
)
from podiatrist.cluster.lease import Lease, LeaseTimes
from podiatrist.handlers.leading import LeaseLostError, keep, wait_in_line
from podiatrist.handlers.pulse import Pulse


class Server:
    """One stored Lease, with compare-and-swap."""

    def __init__(self) -> None:
        self.stored: dict[str, Any] | None = None
        self.version = 0
        self.down = False

    async def get(self, kind: Any, namespace: str, name: str) -> dict[str, Any]:
        if self.down:
            raise UnreachableError("no answer")
        if self.stored is None:
            raise NotFoundError(name)
        return {**self.stored, "metadata": {"resourceVersion": str(self.version)}}

    async def create(self, kind: Any, namespace: str, body: dict[str, Any]) -> dict[str, Any]:
        if self.stored is not None:
            raise ConflictError("there is one")
        return self._store(body)

    async def replace(
        self, kind: Any, namespace: str, name: str, body: dict[str, Any]
    ) -> dict[str, Any]:
        if body["metadata"]["resourceVersion"] != str(self.version):
            raise ConflictError("changed")
        return self._store(body)

    def _store(self, body: dict[str, Any]) -> dict[str, Any]:
        self.stored, self.version = body, self.version + 1
        return body

    @property
    def spec(self) -> dict[str, Any]:
        assert self.stored is not None
        spec: dict[str, Any] = self.stored["spec"]
        return spec


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def candidate(server: Server, name: str, clock: Clock, times: LeaseTimes | None = None) -> Lease:
    client: Any = server
    return Lease(client, "podiatrist-operator", name, times or LeaseTimes(), clock)


def test_the_first_gets_it_and_keeps_it() -> None:
    async def story() -> None:
        server, clock = Server(), Clock()
        a, b = candidate(server, "a", clock), candidate(server, "b", clock)
        assert await a.hold()
        assert not await b.hold()
        assert b.holder == "a"
        for _ in range(5):
            clock.now += 8
            assert await a.hold()
            assert not await b.hold(), "it was renewed since"
        assert server.spec["leaseTransitions"] == 1

    asyncio.run(story())


def test_a_lease_that_nobody_renews_is_taken_when_it_was_seen_unchanged_for_long_enough() -> None:
    async def story() -> None:
        server, clock = Server(), Clock()
        a, b = candidate(server, "a", clock), candidate(server, "b", clock)
        await a.hold()
        clock.now = 1000  # b never saw it before: how old it is by its own time says nothing
        assert not await b.hold()
        clock.now += 9.9
        assert not await b.hold()
        clock.now += 0.1
        assert await b.hold()
        assert server.spec["holderIdentity"] == "b"
        assert server.spec["leaseTransitions"] == 2
        assert not await a.hold()

    asyncio.run(story())


def test_what_is_given_back_is_taken_at_once() -> None:
    async def story() -> None:
        server, clock = Server(), Clock()
        a, b = candidate(server, "a", clock), candidate(server, "b", clock)
        await a.hold()
        await b.release()
        assert server.spec["holderIdentity"] == "a", "only who has it gives it back"
        await a.release()
        assert await b.hold()

    asyncio.run(story())


def test_of_two_at_once_one_wins() -> None:
    async def story() -> None:
        server, clock = Server(), Clock()
        a, b = candidate(server, "a", clock), candidate(server, "b", clock)
        await a.hold()
        await a.release()
        stale = await server.get(None, "", "")
        assert await b.hold()
        assert not await a._replace(stale, "a")

    asyncio.run(story())


@pytest.mark.parametrize("why", ["down", "stolen"])
def test_who_cannot_renew_stops_before_another_may_begin(why: str) -> None:
    async def story() -> float:
        server = Server()
        times = LeaseTimes(duration=0.5, deadline=0.3, retry=0.05)
        client: Any = server
        lease = Lease(client, "x", "a", times)
        await lease.hold()
        begun = asyncio.get_running_loop().time()
        if why == "down":
            server.down = True
        else:
            server.spec["holderIdentity"] = "b"
        with pytest.raises(LeaseLostError):
            await keep(lease)
        return asyncio.get_running_loop().time() - begun

    assert asyncio.run(story()) < 0.45


class Refusing(Server):
    """A server whose Role for Leases was lost."""

    refuses = True

    async def create(self, kind: Any, namespace: str, body: dict[str, Any]) -> dict[str, Any]:
        if self.refuses:
            raise RefusedError("cannot create leases")
        return await super().create(kind, namespace, body)


def test_who_may_not_even_ask_is_not_ready_to_take_over() -> None:
    """Else a rollout would take the old pods away for new ones of which none can ever lead."""

    async def story() -> None:
        server, pulse = Refusing(), Pulse()
        pulse.reached()
        lease = candidate(server, "a", Clock(), LeaseTimes(retry=0.01))
        waiting = asyncio.create_task(wait_in_line(lease, pulse))
        await asyncio.sleep(0.05)
        refused = "Lease podiatrist-operator is refused: cannot create leases"
        assert pulse.unready() == refused
        server.refuses = False
        await waiting
        pulse.heard("diagnoses")
        assert pulse.unready() is None

    asyncio.run(story())
