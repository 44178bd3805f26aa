"""5,000 crashing pods of 50 workloads are 50 Diagnoses, whichever feed tells of them.

On a server of our own: one node of a real cluster has no room for 5,000 pods. The operator is the
real one, in a process of its own.
"""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from tests.fakeapi.operator import operator
from tests.fakeapi.pods import Generator, Object, crashed
from tests.fakeapi.server import FakeApi, until

OWNERS, PODS_EACH = 50, 100

_PATIENCE = 300.0
"""Seconds; half a minute is enough where nothing else runs."""


def settle(api: FakeApi) -> list[Object]:
    """Fill the server; returns the pods, all of them in a crash loop."""
    generator = Generator()
    pods: list[Object] = []
    for number in range(OWNERS):
        namespace = f"team-{number % 5}"
        deployment = generator.deployment(namespace, f"service-{number:02}", PODS_EACH)
        replica_set = generator.replica_set(deployment)
        pods += [crashed(generator.pod(replica_set)) for _ in range(PODS_EACH)]
        api.store.put_all("namespaces", [{"metadata": {"name": namespace}}])
        api.store.put_all("deployments", [deployment])
        api.store.put_all("replicasets", [replica_set])
    return pods


def diagnoses(api: FakeApi) -> list[dict[str, Any]]:
    return [json.loads(d.body) for d in api.store.collection("diagnoses").objects.values()]


@pytest.mark.parametrize("feed", ["kopf", "stream"])
def test_one_diagnosis_for_each_owner(tmp_path: Path, feed: str) -> None:
    async def story() -> None:
        async with FakeApi().serve() as api:
            pods = settle(api)
            half = len(pods) // 2
            # Half of them were sick before the operator came, the others get sick as it looks.
            api.store.put_all("pods", pods[:half])
            async with operator(api, tmp_path, feed):
                await until(lambda: api.watching("pods") > 0, _PATIENCE)
                for pod in pods[half:]:
                    api.store.put("pods", pod)
                await until(lambda: len(diagnoses(api)) >= OWNERS, _PATIENCE)
                for pod in pods:  # and all of them crash once more
                    api.store.put("pods", crashed(pod, restarts=5))
                await asyncio.sleep(5)
            targets = [d["spec"]["target"] for d in diagnoses(api)]
            assert len(targets) == OWNERS
            assert {t["kind"] for t in targets} == {"Deployment"}
            assert len({t["uid"] for t in targets}) == OWNERS

    asyncio.run(story())
