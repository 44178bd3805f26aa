"""The queue before a sink: retries, limits, and a receiver that is dead."""

import asyncio
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import pytest
from pydantic import SecretStr

from podiatrist.notify.bucket import Bucket
from podiatrist.notify.notification import Digest, Message
from podiatrist.notify.post import SinkDownError, SinkRefusedError, poster
from podiatrist.notify.sender import Counts, Limits, Sender
from podiatrist.notify.sink import Request
from tests.unit.notify.receiver import TOKEN, receiving, status
from tests.unit.notify.told import Clock, notification

DOWN = SinkDownError("HTTP 503")


@dataclass
class Scripted:
    """A sink and its line, in one: keeps what it is asked to send, fails as the script says."""

    script: Iterator[Exception | None] = field(default_factory=lambda: iter(()))
    url: SecretStr = field(default_factory=lambda: SecretStr(f"https://hooks.example.com/{TOKEN}"))
    name: str = "scripted"
    tried: list[Message] = field(default_factory=list)
    told: list[str] = field(default_factory=list)

    def request(self, message: Message, now: object) -> Request:
        self.tried.append(message)
        return Request(b"")

    async def post(self, url: SecretStr, request: Request) -> None:
        await asyncio.sleep(0)
        error = next(self.script, None)
        if error is not None:
            raise error

    def hear(self, sink: str, ids: Sequence[str]) -> None:
        self.told += ids


def sent(
    sink: Scripted, offers: int, limits: Limits | None = None, clock: Clock | None = None
) -> Counts:
    """Offer notifications at once, and return the counts when nothing moves any more."""
    clock = clock or Clock()

    async def story() -> Counts:
        sender = Sender(sink, sink.post, sink.hear, limits, clock.time)
        for number in range(offers):
            sender.offer(notification(number))
        running = asyncio.create_task(sender.run())
        for _ in range(2000):
            await asyncio.sleep(0)
        running.cancel()
        return sender.counts

    return asyncio.run(story())


def test_what_is_offered_is_sent_in_order() -> None:
    sink = Scripted()
    assert sent(sink, 3) == Counts(sent=3)
    assert sink.told == ["id-0", "id-1", "id-2"]


def test_what_fails_is_tried_again_and_sent_once() -> None:
    sink, clock = Scripted(iter([DOWN, DOWN, None])), Clock()
    assert sent(sink, 1, clock=clock) == Counts(sent=1)
    assert clock.slept == [1.0, 2.0]
    assert len(sink.tried) == 3
    assert sink.told == ["id-0"]


def test_who_says_when_to_come_back_is_obeyed() -> None:
    sink, clock = Scripted(iter([SinkDownError("HTTP 429", 37.0), None])), Clock()
    assert sent(sink, 1, clock=clock) == Counts(sent=1)
    assert clock.slept == [37.0]


def test_a_long_wish_costs_the_message_and_holds_for_the_next() -> None:
    sink, clock = Scripted(iter([SinkDownError("HTTP 429", 86_400.0)])), Clock()
    assert sent(sink, 2, clock=clock) == Counts(sent=1, failed=1)
    assert clock.slept == [600.0]
    assert sink.told == ["id-1"]


def test_what_is_refused_is_given_up_at_once() -> None:
    sink, clock = Scripted(iter([SinkRefusedError("HTTP 404"), None])), Clock()
    assert sent(sink, 2, clock=clock) == Counts(sent=1, failed=1)
    assert clock.slept == []


def test_a_dead_sink_costs_one_line_and_shows_no_token(caplog: pytest.LogCaptureFixture) -> None:
    dead = Scripted(iter([DOWN] * 10_000))
    with caplog.at_level(logging.INFO):
        counts = sent(dead, 4, Limits(patience=60.0))
    assert counts == Counts(failed=4)
    (line,) = [record.message for record in caplog.records]
    assert line.startswith("notifications to scripted at hooks.example.com do not go through: HTTP")
    assert TOKEN not in caplog.text


def test_that_it_is_back_is_said_as_well(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        sent(Scripted(iter([DOWN, DOWN])), 3)
    assert len(caplog.records) == 2
    assert "go through again" in caplog.text


def test_a_defect_of_a_sinks_costs_its_message_only(caplog: pytest.LogCaptureFixture) -> None:
    broken = Scripted(iter([KeyError(TOKEN), None]))
    assert sent(broken, 2) == Counts(sent=1, failed=1)
    assert "KeyError" in caplog.text
    assert TOKEN not in caplog.text


def test_the_oldest_are_dropped_where_too_many_wait() -> None:
    sink = Scripted()
    assert sent(sink, 8, Limits(queue=3)) == Counts(sent=3, dropped=5)
    assert sink.told == ["id-5", "id-6", "id-7"]


def test_beyond_the_limit_the_rest_comes_in_one_message() -> None:
    sink, clock = Scripted(), Clock()
    assert sent(sink, 17, Limits(per_minute=5), clock) == Counts(sent=6, held_back=12)
    assert clock.slept == [12.0]
    last = sink.tried[-1]
    assert isinstance(last, Digest)
    assert len(last.notifications) == 12
    assert len(sink.told) == 17


def test_a_single_one_beyond_the_limit_is_no_digest() -> None:
    sink = Scripted()
    assert sent(sink, 6, Limits(per_minute=5)) == Counts(sent=6)


def test_what_waits_already_is_not_offered_twice() -> None:
    async def story() -> list[str]:
        sink = Scripted()
        sender = Sender(sink, sink.post, sink.hear, at=Clock().time)
        running = asyncio.create_task(sender.run())
        sender.offer(notification(1))
        sender.offer(notification(1))
        await asyncio.sleep(0)
        sender.offer(notification(1))  # in hand by now
        for _ in range(50):
            await asyncio.sleep(0)
        running.cancel()
        return sink.told

    assert asyncio.run(story()) == ["id-1"]


def test_a_bucket_fills_up_over_a_minute() -> None:
    bucket = Bucket(2, 0.0)
    for _ in range(2):
        assert bucket.wait(0.0) == 0
        bucket.take(0.0)
    assert bucket.wait(0.0) == 30.0
    assert bucket.wait(20.0) == pytest.approx(10.0)
    bucket.take(1000.0)
    bucket.take(1000.0)
    assert bucket.wait(1000.0) == 30.0


def test_a_real_server_gets_it_in_the_end_and_once() -> None:
    async def story() -> None:
        answers = [status(503), status(429, Retry_After="0"), status(200)]
        async with receiving(*answers) as receiver, poster(5) as post:
            done = asyncio.Event()
            sender = Sender(receiver.sink, post, lambda sink, ids: done.set(), at=Clock().time)
            running = asyncio.create_task(sender.run())
            sender.offer(notification(7))
            async with asyncio.timeout(10):
                await done.wait()
            running.cancel()
            assert receiver.ids == ["id-7"] * 3
            assert sender.counts == Counts(sent=1)

    asyncio.run(story())
