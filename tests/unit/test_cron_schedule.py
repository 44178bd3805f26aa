"""Cron schedules, read as robfig/cron reads them."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podiatrist.analyzers.batch.cron_schedule import parse_schedule

NOON = datetime(2026, 11, 3, 12, 0, 0, tzinfo=UTC)  # a Tuesday


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("* * * * *", "2026-11-03 12:01"),
        ("*/15 * * * *", "2026-11-03 12:15"),
        ("0 2 * * *", "2026-11-04 02:00"),
        ("30 8-10/2 * * 1-5", "2026-11-04 08:30"),
        ("0 0 1 jan *", "2027-01-01 00:00"),
        ("0 0 * * SUN", "2026-11-08 00:00"),
        ("0 0 29 2 *", "2028-02-29 00:00"),
        ("0 0 13 * 5", "2026-11-06 00:00"),  # the 13th or a Friday, whichever comes first
        ("0 0 */2 * 5", "2026-11-05 00:00"),  # a step is a restriction: odd days or Fridays
        ("0 0 ? * 5", "2026-11-06 00:00"),
        ("59/10 * * * *", "2026-11-03 12:59"),
        ("@hourly", "2026-11-03 13:00"),
        ("@every 1h30m", "2026-11-03 13:30"),
    ],
)
def test_next_start(text: str, expected: str) -> None:
    schedule = parse_schedule(text)
    assert schedule is not None
    coming = schedule.next(NOON)
    assert coming is not None
    assert f"{coming:%Y-%m-%d %H:%M}" == expected


@pytest.mark.parametrize("text", ["0 0 30 2 *", "0 0 31 4,6,9,11 *", "0 0 31 feb *"])
def test_some_dates_never_come(text: str) -> None:
    schedule = parse_schedule(text)
    assert schedule is not None
    assert schedule.next(NOON) is None


@pytest.mark.parametrize(
    "text", ["", "* * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "* * * 13 *", "* * * * 7",
             "a * * * *", "*/0 * * * *", "5-1 * * * *", "@reboot", "* * * * * *", "1,,2 * * * *"],
)  # fmt: skip
def test_what_the_controller_refuses_is_none(text: str) -> None:
    assert parse_schedule(text) is None


def test_a_zone_moves_the_start_and_an_unknown_one_counts_as_utc() -> None:
    berlin = parse_schedule("0 13 * * *", "Europe/Berlin")
    assert berlin is not None
    assert berlin.next(NOON - timedelta(hours=1)) == NOON
    unknown = parse_schedule("0 13 * * *", "Nowhere/\x00../x")
    assert unknown is not None
    assert unknown.next(NOON) == NOON + timedelta(hours=1)


def test_between_is_bounded() -> None:
    every_minute = parse_schedule("* * * * *")
    assert every_minute is not None
    assert len(every_minute.between(NOON - timedelta(days=9), NOON)) == 100
    assert every_minute.between(NOON, NOON + timedelta(minutes=2))[-1] == NOON + timedelta(
        minutes=2
    )


fields = st.sampled_from(["*", "0", "5", "*/7", "1-3", "31", "feb", "sun", "2,4", "?", "0/2", "6"])


@given(st.lists(fields, min_size=5, max_size=5))
def test_starts_come_in_order_and_after_the_moment(parts: list[str]) -> None:
    schedule = parse_schedule(" ".join(parts))
    if schedule is None:
        return
    starts = schedule.between(NOON, NOON + timedelta(days=40), most=20)
    assert starts == sorted(set(starts))
    assert all(start > NOON for start in starts)


@given(st.text(max_size=40), st.text(max_size=20))
def test_no_text_makes_the_parser_raise(text: str, zone: str) -> None:
    schedule = parse_schedule(text, zone)
    if schedule is not None:
        schedule.next(NOON)
