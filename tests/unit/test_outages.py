"""The operator outlives errors of its watches, in every feed, without being started again.

The error is one that a healthy API server cannot be made to send, and that Kopf does not survive.
"""

import asyncio
from pathlib import Path

import pytest

from tests.fakeapi.operator import operator
from tests.fakeapi.pods import Generator, unpullable
from tests.fakeapi.server import FakeApi, until
from tests.fakeapi.store import encode

LEADER_CHANGED = {
    "type": "ERROR",
    "object": {
        "kind": "Status",
        "status": "Failure",
        "message": "etcdserver: leader changed",
        "code": 500,
    },
}


@pytest.mark.parametrize(
    ("feed", "plural"), [("kopf", "pods"), ("stream", "pods"), ("stream", "diagnoses")]
)
def test_an_error_in_a_watch_is_survived(tmp_path: Path, feed: str, plural: str) -> None:
    async def story() -> None:
        async with FakeApi().serve() as api:
            generator = Generator()
            deployment = generator.deployment("shop", "web", 1)
            replica_set = generator.replica_set(deployment)
            pod = generator.pod(replica_set)
            api.store.put_all("namespaces", [{"metadata": {"name": "shop"}}])
            api.store.put_all("deployments", [deployment])
            api.store.put_all("replicasets", [replica_set])
            api.store.put_all("pods", [pod])

            def watches() -> int:
                return sum(f"/{plural}?watch=true" in r for r in api.requests)

            async with operator(api, tmp_path, feed, {"PODIATRIST_GRACE_IMAGE": "0"}):
                await until(lambda: api.watching(plural) > 0, 60)
                before = watches()
                api.send_raw(plural, encode(LEADER_CHANGED) + b"\n")
                await until(lambda: watches() > before and api.watching(plural) > 0, 60)
                await until(lambda: api.watching("pods") > 0, 60)
                api.store.put("pods", unpullable(pod))
                await until(lambda: len(api.store.collection("diagnoses").objects) == 1, 60)

    asyncio.run(story())
