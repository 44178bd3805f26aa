import asyncio
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podiatrist.agent.model import BrokenAnswerError, UnreachableModelError
from podiatrist.agent.models.retry import (
    PassingError,
    Patience,
    Time,
    pause,
    persist,
)
from podiatrist.cluster.retry_after import seconds_to_wait


@dataclass
class Line:
    """An endpoint that fails a few times, on a clock that only sleep and asking move."""

    failures: list[PassingError]
    takes: float = 0.0
    now: float = 1000.0
    chance: float = 1.0
    slept: list[float] = field(default_factory=list)
    left: list[float] = field(default_factory=list)

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    async def ask(self, left: float) -> str:
        self.left.append(left)
        self.now += self.takes
        if self.failures:
            raise self.failures.pop(0)
        return "well"

    def persist(self, patience: Patience) -> str:
        at = Time(lambda: self.now, self.sleep, lambda: self.chance)
        return asyncio.run(persist(self.ask, patience, at))


def busy(times: int, retry_after: float | None = None) -> list[PassingError]:
    return [PassingError("says 503", retry_after) for _ in range(times)]


def test_waits_double_up_to_the_longest() -> None:
    line = Line(busy(5))
    assert line.persist(Patience(attempts=6, wait=1, longest_wait=5)) == "well"
    assert line.slept == [1, 2, 4, 5, 5]


def test_those_who_failed_together_do_not_come_back_together() -> None:
    line = Line(busy(2), chance=0.0)
    line.persist(Patience(wait=1))
    assert line.slept == [0.5, 1.0]


def test_a_retry_after_is_obeyed_up_to_the_longest_wait() -> None:
    line = Line([*busy(1, 3.0), *busy(1, 86_400)])
    assert line.persist(Patience(wait=0.1, longest_wait=20)) == "well"
    assert line.slept == [3.0, 20]


def test_after_the_attempts_it_says_why_and_how_often() -> None:
    line = Line(busy(9))
    with pytest.raises(UnreachableModelError, match=r"^says 503 \(asked 3 times\)$"):
        line.persist(Patience(attempts=3))
    assert len(line.left) == 3


def test_an_attempt_that_may_be_paid_for_is_not_repeated_here() -> None:
    line = Line([PassingError("says 504", 7.0, paid=True)])
    with pytest.raises(BrokenAnswerError, match=r"^says 504$") as raised:
        line.persist(Patience())
    assert (raised.value.paid, raised.value.wait, len(line.left)) == (True, 7.0, 1)


def test_who_would_wait_past_the_deadline_gives_up_at_once() -> None:
    line = Line(busy(9), takes=8)
    with pytest.raises(UnreachableModelError, match=r"\(asked once\)$"):
        line.persist(Patience(seconds=10, wait=3))
    assert line.slept == []


def test_each_attempt_is_told_what_is_left() -> None:
    line = Line(busy(2), takes=2)
    line.persist(Patience(seconds=10, wait=1))
    assert line.left == [10, 7, 3]


@given(
    attempt=st.integers(0, 60),
    retry_after=st.none() | st.floats(0, 1e12),
    chance=st.floats(0, 1),
)
def test_no_pause_is_longer_than_the_longest(
    attempt: int, retry_after: float | None, chance: float
) -> None:
    assert 0 < pause(attempt, retry_after, Patience(longest_wait=20), chance) <= 20


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7),
        ("0.5", 0.5),
        ("-3", 0),
        ("Tue, 24 Nov 2026 03:00:30 GMT", 30),
        ("Tue, 24 Nov 2026 02:00:00 GMT", 0),
        ("", None),
        (None, None),
        ("soon", None),
        ("nan", None),
        ("inf", None),
        ("Tue, 99 Nov 2026", None),
    ],
)
def test_a_retry_after_is_seconds_or_a_date_or_nothing(
    header: str | None, seconds: float | None
) -> None:
    assert seconds_to_wait(header, lambda: 1795489200.0) == seconds
