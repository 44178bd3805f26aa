"""Our client against a server that does what it is asked and loses the answer."""

import asyncio
from contextlib import aclosing
from pathlib import Path

import pytest

from podiatrist.cluster.connect import connect
from podiatrist.cluster.errors import UnreachableError
from podiatrist.cluster.kinds import CONFIG_MAP
from tests.fakeapi.server import FakeApi, until


def test_a_deletion_whose_answer_is_lost_is_not_sent_again(tmp_path: Path) -> None:
    """Whoever asked for it has to look first what became of it."""

    async def story() -> None:
        async with FakeApi().serve() as api, connect(api.kubeconfig(tmp_path), "test") as client:
            metadata = {"name": "a", "namespace": "shop", "uid": "u"}
            api.store.put("configmaps", {"metadata": metadata})
            await client.get(CONFIG_MAP, "shop", "a")  # a connection that is kept
            api.lose_answer("DELETE")
            with pytest.raises(UnreachableError, match="DELETE"):
                await client.delete(CONFIG_MAP, "shop", "a", {})
            assert [r for r in api.requests if r.startswith("DELETE")] == [
                "DELETE /api/v1/namespaces/shop/configmaps/a"
            ]

    asyncio.run(story())


def test_however_many_watches_there_are_a_request_waits_for_none(tmp_path: Path) -> None:
    """A Lease is renewed by the same client that holds two watches for each namespace."""

    async def story() -> None:
        async with FakeApi().serve() as api, connect(api.kubeconfig(tmp_path), "test") as client:
            api.store.put("configmaps", {"metadata": {"name": "a", "namespace": "shop"}})

            async def follow() -> None:
                async with aclosing(client.watch(CONFIG_MAP, "0", "shop")) as told:
                    async for _ in told:
                        pass

            async with asyncio.TaskGroup() as group:
                watches = [group.create_task(follow()) for _ in range(101)]
                await until(lambda: sum("watch=true" in r for r in api.requests) >= 100)
                async with asyncio.timeout(5):
                    await client.get(CONFIG_MAP, "shop", "a")
                for watch in watches:
                    watch.cancel()

    asyncio.run(story())
