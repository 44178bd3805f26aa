"""The reader's kubeconfig: what is on disk is what is told, whatever fails in between."""

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from kubernetes.aio.client import Configuration

from podiatrist.cluster.errors import ClusterError
from podiatrist.cluster.reader_access import ReaderAccess

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


class Tokens:
    """A client that gives a new token each time, good for half an hour."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self.configuration = Configuration(host="https://cluster.test")
        self.given = 0
        self._now = now

    async def create_token(self, *_: Any) -> dict[str, Any]:
        self.given += 1
        ends = self._now() + timedelta(minutes=30)
        return {"status": {"token": f"t{self.given}", "expirationTimestamp": ends.isoformat()}}


def token(path: Path) -> str:
    return str(json.loads(path.read_text())["users"][0]["user"]["token"])


def test_a_renewal_that_could_not_be_written_is_made_again(tmp_path: Path) -> None:
    async def story() -> None:
        now = [NOON]
        client: Any = Tokens(lambda: now[0])
        access = ReaderAccess(client, tmp_path, now=lambda: now[0])
        assert token(await access.kubeconfig()) == "t1"
        now[0] += timedelta(minutes=29)
        blocked = tmp_path / "reader.new"
        blocked.mkdir()  # a folder where the new file is to be
        with pytest.raises(ClusterError, match=r"reader\.new"):
            await access.kubeconfig()
        blocked.rmdir()
        assert token(await access.kubeconfig()) == "t3"
        assert token(await access.kubeconfig()) == "t3"

    asyncio.run(story())


def test_a_ca_that_cannot_be_read_is_an_error_of_the_cluster(tmp_path: Path) -> None:
    async def story() -> None:
        client: Any = Tokens(lambda: NOON)
        client.configuration.ssl_ca_cert = str(tmp_path / "ca.crt")
        with pytest.raises(ClusterError, match=r"ca\.crt: No such file"):
            await ReaderAccess(client, tmp_path, now=lambda: NOON).kubeconfig()

    asyncio.run(story())
