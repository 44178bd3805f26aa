"""From what a watch sees to what sinks are offered: once, also after a restart."""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import cast

import pytest

from podiatrist.api.diagnosis import Diagnosis
from podiatrist.cluster.connect import connect
from podiatrist.cluster.errors import RefusedError
from podiatrist.cluster.notes import Notes
from podiatrist.notify import notifier as notifying
from podiatrist.notify.notification import Notification
from podiatrist.notify.notifier import Notifier
from podiatrist.notify.post import poster
from podiatrist.notify.sender import Counts, Sender
from podiatrist.notify.told import Told, parse, render
from tests.fakeapi.server import FakeApi
from tests.unit.notify.receiver import receiving
from tests.unit.notify.told import EVERYTHING, Clock, seen
from tests.unit.stories import NOW, option

KEY = ("shop", "web-7f3a9c")
CAUSE = "Diagnosed=True:CauseFound"
TRIED = seen(CAUSE, options=[option(previewed=True)])
UNTRIED = seen(CAUSE, options=[option()])
HOPELESS = seen(CAUSE, options=[option(previewed=False)])
HEALED = seen(CAUSE, "Verified=True:WentAway")


@dataclass
class Memory:
    """Notes that outlive a process."""

    data: dict[str, str] = field(default_factory=dict)
    fails: bool = False

    async def read(self) -> Mapping[str, str]:
        if self.fails:
            raise RefusedError("configmaps is forbidden")
        return self.data

    async def change(self, change: Callable[[Mapping[str, str]], dict[str, str]]) -> None:
        if self.fails:
            raise RefusedError("configmaps is forbidden")
        self.data = change(self.data)


@dataclass
class Taker:
    """A sender that takes everything at once."""

    told: Told
    name: str = "slack"
    taken: list[Notification] = field(default_factory=list)

    @property
    def sink(self) -> "Taker":
        return self

    counts = Counts()

    def offer(self, notification: Notification) -> None:
        self.taken.append(notification)
        self.told.add(self.name, [notification.id])

    async def run(self) -> None:
        await asyncio.Event().wait()


@dataclass
class Process:
    """An operator's notifier, for as long as it lives."""

    memory: Memory = field(default_factory=Memory)
    clock: Clock = field(default_factory=Clock)

    def __post_init__(self) -> None:
        told = Told(self.memory, self.clock.now)
        self.taker = Taker(told)
        senders = [cast(Sender, self.taker)]
        self.notifier = Notifier(EVERYTHING, senders, told, self.clock.now)

    async def sees(self, *diagnoses: Diagnosis | None) -> list[str]:
        """Live through some changes; returns the states that were told."""
        await self.notifier.load()
        running = asyncio.create_task(self.notifier.run())
        for each in diagnoses:
            self.notifier.changed(KEY, each)
            await asyncio.sleep(0.01)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        return [n.state.value for n in self.taker.taken]


def told(*diagnoses: Diagnosis | None) -> list[str]:
    return asyncio.run(Process().sees(*diagnoses))


def test_a_sick_workload_is_told_once_and_its_end_once() -> None:
    assert told(seen(), TRIED, TRIED, TRIED, HEALED, HEALED) == [
        "Investigating", "AwaitingApproval", "Resolved",
    ]  # fmt: skip


def test_a_state_that_comes_and_goes_is_told_once() -> None:
    assert told(TRIED, HOPELESS, TRIED, HOPELESS) == ["AwaitingApproval", "NeedsHuman"]


def test_an_option_that_was_not_tried_yet_is_not_told_in_vain() -> None:
    assert told(UNTRIED, HOPELESS) == ["NeedsHuman"]
    assert told(UNTRIED, TRIED) == ["AwaitingApproval"]


def test_where_nobody_tries_it_is_told_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notifying, "UNTRIED", timedelta(milliseconds=20))

    async def story() -> tuple[int, int]:
        process = Process()
        process.notifier.changed(KEY, UNTRIED)
        at_first = len(process.taker.taken)
        await asyncio.sleep(0.1)
        return at_first, len(process.taker.taken)

    assert asyncio.run(story()) == (0, 1)


def test_one_that_is_gone_may_come_back_as_another() -> None:
    other = seen(CAUSE, options=[option(previewed=True)], uid="v")
    assert told(TRIED, None, other) == ["AwaitingApproval"] * 2
    assert told(TRIED, other) == ["AwaitingApproval"] * 2


def test_who_takes_over_tells_nothing_again() -> None:
    async def story() -> None:
        memory = Memory()
        assert await Process(memory).sees(TRIED) == ["AwaitingApproval"]
        assert await Process(memory).sees(TRIED) == []
        assert await Process(memory).sees(TRIED, HEALED) == ["Resolved"]

    asyncio.run(story())


def test_who_takes_over_tells_what_nobody_told_and_is_young() -> None:
    async def story() -> None:
        assert await Process(clock=Clock(120)).sees(HEALED) == ["Resolved"]
        assert await Process(clock=Clock(3600)).sees(HEALED) == []

    asyncio.run(story())


def test_a_memory_that_cannot_be_read_or_written_stops_nobody(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def story() -> list[str]:
        return await Process(Memory(fails=True)).sees(TRIED, HEALED)

    with caplog.at_level(logging.WARNING):
        assert asyncio.run(story()) == ["AwaitingApproval", "Resolved"]
    assert [r.message.split(";")[0] for r in caplog.records] == [
        "what was told before is not known: configmaps is forbidden"
    ]


def test_a_defect_is_logged_and_nothing_else(caplog: pytest.LogCaptureFixture) -> None:
    process = Process()
    process.notifier.changed(KEY, cast(Diagnosis, "nonsense"))
    assert "what became of shop/web-7f3a9c is not told" in caplog.text


def test_each_sink_has_its_counts() -> None:
    assert Process().notifier.counts() == {"slack": Counts()}


@pytest.mark.parametrize(
    "stored",
    ["", "x", "id ", "id -1", "id 99999999999999", "id 12:00", " 5", "id " + "9" * 11, "id ²"],
)
def test_a_memory_that_somebody_edited_is_read_as_far_as_it_goes(stored: str) -> None:
    good = f"good {int(NOW.timestamp())}"
    read = parse({"slack": f"{stored}\n{good}", "webhook": stored}, NOW)
    assert {sink: set(ids) for sink, ids in read.items()} == {"slack": {"good"}, "webhook": set()}


def test_a_memory_stays_small() -> None:
    ids = {f"id-{n}": NOW - timedelta(seconds=n) for n in range(5000)}
    kept = parse(render({"slack": ids}), NOW)["slack"]
    assert len(kept) == 1000
    assert "id-0" in kept
    assert parse(render({"slack": ids}), NOW + timedelta(hours=3)) == {"slack": {}}


def test_two_replicas_write_into_one_memory(tmp_path: Path) -> None:
    """Given a leader that is not quite gone, when both write, then nothing is forgotten."""

    async def story() -> None:
        async with FakeApi().serve() as api, connect(api.kubeconfig(tmp_path), "test") as client:

            def adding(key: str) -> Callable[[Mapping[str, str]], dict[str, str]]:
                return lambda stored: {**stored, key: "id 1"}

            notes = [Notes(client, "notified") for _ in range(3)]
            assert await notes[0].read() == {}
            await asyncio.gather(*(n.change(adding(f"s{i}")) for i, n in enumerate(notes)))
            assert set(await notes[0].read()) == {"s0", "s1", "s2"}

    asyncio.run(story())


def test_what_another_replica_told_stays_written_down() -> None:
    async def story() -> str:
        memory, clock = Memory(), Clock()
        for each in ("one", "two"):  # neither has read what the other wrote
            told = Told(memory, clock.now)
            running = asyncio.create_task(told.run())
            told.add("slack", [each])
            await asyncio.sleep(0.01)
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
        return memory.data["slack"]

    at = int(NOW.timestamp())
    assert asyncio.run(story()) == f"one {at}\ntwo {at}"


def test_what_a_sink_took_is_written_down_on_the_way_out() -> None:
    async def story() -> str:
        memory, clock = Memory(), Clock()
        told = Told(memory, clock.now)
        running = asyncio.create_task(told.run())
        told.add("slack", ["one"])
        await asyncio.sleep(0.01)
        told.add("slack", ["two"])  # within the pause between two writes
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        return memory.data["slack"]

    assert asyncio.run(story()).count("\n") == 1


def test_a_whole_story_over_http() -> None:
    """Given a receiver, when a workload falls sick and heals, then it gets two events."""

    async def story() -> Sequence[str]:
        clock = Clock()
        async with receiving() as receiver, poster(5) as post:
            told = Told(Memory(), clock.now)
            done = asyncio.Event()

            def hear(sink: str, ids: Sequence[str]) -> None:
                told.add(sink, ids)
                if len(receiver.bodies) == 2:
                    done.set()

            sender = Sender(receiver.sink, post, hear, at=clock.time)
            notifier = Notifier(EVERYTHING, [sender], told, clock.now)
            running = asyncio.create_task(notifier.run())
            for each in (TRIED, TRIED, HEALED):
                notifier.changed(KEY, each)
            async with asyncio.timeout(10):
                await done.wait()
            running.cancel()
            return [body["type"] for body in receiver.bodies]

    assert asyncio.run(story()) == [
        "dev.podiatrist.diagnosis.AwaitingApproval", "dev.podiatrist.diagnosis.Resolved",
    ]  # fmt: skip
