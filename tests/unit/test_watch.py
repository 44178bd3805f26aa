"""The bare watch against a server that lists, watches, and breaks in every way we know of."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from podiatrist.cluster import watch as watch_module
from podiatrist.cluster.connect import connect
from podiatrist.cluster.kinds import POD
from podiatrist.cluster.objects import Pod
from podiatrist.cluster.watch import Watch, whole_lines
from tests.fakeapi.pods import Generator, Object, unpullable
from tests.fakeapi.server import FakeApi, until
from tests.fakeapi.store import encode


@dataclass
class World:
    """A server with some pods, and what our watch told of them."""

    api: FakeApi
    pods: list[Object]
    seen: list[tuple[Pod, bool]] = field(default_factory=list)

    async def hears(self, count: int, seconds: float = 10) -> list[tuple[Pod, bool]]:
        """Wait until that many deliveries were made; returns them and forgets them."""
        await until(lambda: len(self.seen) >= count, seconds)
        told, self.seen[:] = list(self.seen), []
        assert len(told) == count
        return told

    async def watched(self) -> None:
        await until(lambda: self.api.watching("pods") > 0)


def names(told: list[tuple[Pod, bool]]) -> list[str]:
    return [pod.metadata.name for pod, _ in told]


@asynccontextmanager
async def world(
    folder: Path, pods: int = 3, prepare: Callable[[FakeApi], None] | None = None
) -> AsyncIterator[World]:
    async with FakeApi().serve() as api:
        made = World(api, Generator().pods(pods))
        api.store.put_all("pods", made.pods)
        if prepare:
            prepare(api)
        async with connect(api.kubeconfig(folder), "test") as client:
            watch = Watch(
                client, POD, Pod, lambda pod, gone: made.seen.append((pod, gone)),
                fields="status.phase!=Succeeded",
            )  # fmt: skip
            running = asyncio.create_task(watch.run())
            try:
                yield made
            finally:
                running.cancel()
                with suppress(asyncio.CancelledError):
                    await running


Story = Callable[[World], Awaitable[None]]


def play(
    folder: Path,
    story: Story,
    *,
    pods: int = 3,
    prepare: Callable[[FakeApi], None] | None = None,
) -> None:
    async def run() -> None:
        async with world(folder, pods, prepare) as made:
            await story(made)

    asyncio.run(run())


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch_module, "_FIRST_PAUSE", 0.01)


def lists_of(api: FakeApi) -> list[str]:
    return [r for r in api.requests if "/pods?" in r and "watch=" not in r]


def test_everything_is_told_page_by_page_and_then_what_changes(tmp_path: Path) -> None:
    async def story(w: World) -> None:
        told = await w.hears(1201)
        assert names(told) == [p["metadata"]["name"] for p in w.pods]
        assert len(lists_of(w.api)) == 3  # 500 + 500 + 201
        assert all("fieldSelector=status.phase" in r for r in w.api.requests)
        await w.watched()
        w.api.store.put("pods", unpullable(w.pods[7]))
        w.api.store.delete("pods", "team-00", w.pods[0]["metadata"]["name"])
        (sick, gone), (first, deleted) = await w.hears(2)
        waiting = sick.status.container_statuses[0].state.waiting
        assert waiting is not None
        assert (waiting.reason, gone) == ("ImagePullBackOff", False)
        assert (first.metadata.name, deleted) == (w.pods[0]["metadata"]["name"], True)

    play(tmp_path, story, pods=1201)


def test_a_watch_that_ends_well_goes_on_where_it_was(tmp_path: Path) -> None:
    async def story(w: World) -> None:
        await w.hears(3)
        for number in range(3):
            await w.watched()
            w.api.store.put("pods", w.pods[number])
            await w.hears(1)
            w.api.close("pods")
        assert len(lists_of(w.api)) == 1

    play(tmp_path, story)


def test_changes_while_nobody_watched_are_not_lost(tmp_path: Path) -> None:
    async def story(w: World) -> None:
        await w.hears(3)
        await w.watched()
        w.api.cut("pods")
        w.api.store.put("pods", w.pods[1])
        assert names(await w.hears(1)) == [w.pods[1]["metadata"]["name"]]
        assert len(lists_of(w.api)) == 1

    play(tmp_path, story)


def test_a_line_cut_in_the_middle_is_told_again_in_full(tmp_path: Path) -> None:
    async def story(w: World) -> None:
        await w.hears(3)
        await w.watched()
        line, _ = w.api.store.prepare("pods", w.pods[2])
        w.api.send_raw("pods", line[: len(line) // 2])
        await asyncio.sleep(0.05)
        w.api.cut("pods")
        assert names(await w.hears(1)) == [w.pods[2]["metadata"]["name"]]

    play(tmp_path, story)


def test_a_forgotten_version_lists_anew(tmp_path: Path) -> None:
    async def story(w: World) -> None:
        await w.hears(3)
        await w.watched()
        w.api.store.put("pods", w.pods[0])
        await w.hears(1)
        w.api.store.compact("pods")
        w.api.close("pods")
        await w.hears(3)
        await w.watched()
        w.api.store.put("pods", w.pods[1])
        await w.hears(1)
        assert len(lists_of(w.api)) == 2

    play(tmp_path, story)


def test_bookmarks_move_our_place_forward(tmp_path: Path) -> None:
    async def story(w: World) -> None:
        await w.hears(3)
        await w.watched()
        w.api.store.compact("pods")
        w.api.store.bookmark("pods")
        await asyncio.sleep(0.05)
        w.api.close("pods")
        await asyncio.sleep(0.05)
        await w.watched()
        w.api.store.put("pods", w.pods[1])
        await w.hears(1)
        assert len(lists_of(w.api)) == 1, "without the bookmark the version would be too old"

    play(tmp_path, story)


def test_garbage_is_skipped_and_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def story(w: World) -> None:
        await w.hears(3)
        await w.watched()
        for text in (b"\n", b"no json\n", b"\xff\xfe\n", b"[1]\n", b'{"type":"NEW","object":{}}\n'):
            w.api.send_raw("pods", text)
        w.api.send_raw("pods", b'{"type":"ADDED","object":null}\n')
        w.api.send_raw("pods", b'{"type":"ADDED","object":{"metadata":{"name":7}}}\n')
        w.api.send_raw("pods", b"[" * 100_000 + b"\n")
        w.api.store.put("pods", w.pods[0])
        assert names(await w.hears(1)) == [w.pods[0]["metadata"]["name"]]

    with caplog.at_level(logging.WARNING):
        play(tmp_path, story)
    assert len([r for r in caplog.records if "skipped" in r.message]) == 6


def test_a_line_of_ten_megabytes_is_a_line(tmp_path: Path) -> None:
    async def story(w: World) -> None:
        await w.hears(3)
        await w.watched()
        huge = {**w.pods[0], "metadata": {**w.pods[0]["metadata"], "annotations": {}}}
        huge["metadata"]["annotations"]["big"] = "x" * 10_000_000
        w.api.store.put("pods", huge)
        w.api.store.put("pods", w.pods[1])
        (first, _), (second, _) = await w.hears(2)
        assert len(first.metadata.annotations["big"]) == 10_000_000
        assert second.metadata.name == w.pods[1]["metadata"]["name"]

    play(tmp_path, story)


def test_null_fields_count_as_missing(tmp_path: Path) -> None:
    def nulls(pod: Object) -> Object:
        meta = {**pod["metadata"], "labels": None, "ownerReferences": None}
        return {**pod, "metadata": meta, "status": {"phase": None, "conditions": None}}

    def prepare(api: FakeApi) -> None:
        api.store.put_all("pods", [nulls(Generator(1).pods(1)[0])])

    async def story(w: World) -> None:
        assert len(names(await w.hears(4))) == 4
        await w.watched()
        w.api.store.put("pods", nulls(w.pods[2]))
        ((pod, _),) = await w.hears(1)
        assert (pod.metadata.name, pod.status.phase) == (w.pods[2]["metadata"]["name"], "")

    play(tmp_path, story, prepare=prepare)


@pytest.mark.parametrize("status", [401, 403, 410, 429, 500, 503])
def test_refused_requests_are_tried_again(tmp_path: Path, status: int) -> None:
    def prepare(api: FakeApi) -> None:
        api.refuse(status, times=2, path="limit=500")
        api.refuse(status, times=1, path="watch=true")

    async def story(w: World) -> None:
        await w.hears(6 if status == 410 else 3)  # gone means: list anew
        await w.watched()
        w.api.store.put("pods", w.pods[0])
        await w.hears(1)

    play(tmp_path, story, prepare=prepare)


def test_a_page_that_is_too_old_begins_the_list_anew(tmp_path: Path) -> None:
    async def story(w: World) -> None:
        await w.hears(500 + 700)
        assert len(lists_of(w.api)) == 4

    play(tmp_path, story, pods=700, prepare=lambda api: api.refuse(410, path="continue="))


def test_what_the_listener_raises_ends_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def run() -> None:
        async with FakeApi().serve() as api:
            api.store.put_all("pods", Generator().pods(2))
            told: list[str] = []

            def stumble(pod: Pod, _: bool) -> None:
                told.append(pod.metadata.name)
                raise ValueError("a bug of ours")

            async with connect(api.kubeconfig(tmp_path), "test") as client:
                running = asyncio.create_task(Watch(client, POD, Pod, stumble).run())
                await until(lambda: api.watching("pods") > 0)
                running.cancel()
            assert len(told) == 2

    asyncio.run(run())
    assert "a bug of ours" in caplog.text


def test_the_pause_grows_and_has_an_end() -> None:
    watch = Watch(None, POD, Pod, lambda *_: None)  # type: ignore[arg-type] # nothing is asked
    pauses = [watch._pause() for _ in range(20)]
    assert pauses[0] <= watch_module._FIRST_PAUSE
    assert 15 <= pauses[-1] <= 30


@pytest.mark.parametrize("size", [1, 2, 3, 5, 100])
def test_lines_are_the_same_however_they_are_cut(size: int) -> None:
    text = b"a\nbcd\n\nefgh\nunfinished"

    async def chunks() -> AsyncIterator[bytes]:
        for start in range(0, len(text), size):
            yield text[start : start + size]

    async def collect() -> list[bytes]:
        return [line async for lines in whole_lines(chunks()) for line in lines]

    assert asyncio.run(collect()) == [b"a", b"bcd", b"", b"efgh"]


def test_the_generated_pods_are_the_same_each_time() -> None:
    assert encode(Generator().pods(3)) == encode(Generator().pods(3))
    assert 4_000 < len(encode(Generator().pods(1)[0])) < 6_000
