"""Where transcripts are kept, found again, and when they go."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from podiatrist.api.diagnosis import Diagnosis
from podiatrist.cluster.client import Client
from podiatrist.cluster.connect import connect
from podiatrist.cluster.transcripts import Kept, Transcripts, superfluous
from podiatrist.notice.housekeeping import Housekeeping, Keeping
from tests.fakeapi.server import FakeApi
from tests.unit.stories import NOW, diagnosis


class Words:
    """Stands for a Transcript: bytes are all that is asked of one."""

    def __init__(self, text: str) -> None:
        self.text = text

    def to_bytes(self) -> bytes:
        return self.text.encode()


def of(uid: str, name: str = "web-7f3a9c") -> Diagnosis:
    made = diagnosis()
    made.metadata.uid, made.metadata.name = uid, name
    return made


@asynccontextmanager
async def world(folder: Path) -> AsyncIterator[tuple[FakeApi, Client]]:
    async with FakeApi().serve() as api, connect(api.kubeconfig(folder), "test") as client:
        yield api, client


def kept_in(api: FakeApi) -> list[str]:
    return sorted(name for _, name in api.store.collection("configmaps").objects)


def test_a_second_consultation_takes_the_place_of_the_first(tmp_path: Path) -> None:
    async def story() -> None:
        async with world(tmp_path) as (api, client):
            transcripts = Transcripts(client)
            await transcripts.save(of("a"), Words("first"))
            await transcripts.save(of("a"), Words("second"))
            assert kept_in(api) == ["transcript-a"]
            assert await transcripts.load("shop", "web-7f3a9c") == b"second"
            assert await transcripts.load("shop", "web-7f3a9c", "a") == b"second"

    asyncio.run(story())


def test_a_namesake_has_a_transcript_of_its_own(tmp_path: Path) -> None:
    async def story() -> None:
        async with world(tmp_path) as (_, client):
            transcripts = Transcripts(client)
            await transcripts.save(of("a"), Words("of a"))
            await transcripts.save(of("b", "x" * 250), Words("of b"))
            assert await transcripts.load("shop", "web-7f3a9c", "other") is None
            assert await transcripts.load("prod", "web-7f3a9c") is None
            assert await transcripts.load("shop", "x" * 250, "b") == b"of b"

    asyncio.run(story())


def test_transcripts_go_with_their_diagnosis(tmp_path: Path) -> None:
    async def story() -> None:
        async with world(tmp_path) as (api, client):
            for uid in "abc":
                await Transcripts(client).save(of(uid), Words(uid))
            api.store.put("configmaps", {"metadata": {"namespace": "podiatrist", "name": "budget"}})
            metadata = {"namespace": "shop", "name": "web", "uid": "b"}
            api.store.put("diagnoses", {"metadata": metadata, "spec": "unreadable"})

            await Housekeeping(client, Keeping(), lambda: NOW).once()

            assert kept_in(api) == ["budget", "transcript-b"]

    asyncio.run(story())


def names(kept: Sequence[Kept]) -> list[str]:
    return [k.name for k in kept]


def test_the_oldest_of_too_many_transcripts_go() -> None:
    known = [Kept(f"t{n}", f"u{n}", f"d{n}") for n in range(5)]
    assert names(superfluous(known, {f"d{n}" for n in range(5)}, 3)) == ["t3", "t4"]
    assert names(superfluous(known, {"d1", "d2", "d3", "d4"}, 3)) == ["t0", "t4"]
    assert superfluous(known, {f"d{n}" for n in range(9)}, 5) == []
