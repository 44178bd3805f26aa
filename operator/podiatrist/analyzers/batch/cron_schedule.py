"""Cron schedules as the CronJob controller reads them (robfig/cron, ParseStandard).

Five fields or a descriptor such as `@hourly`. Where both the day of the month and the day of the
week are restricted, either is enough; a `*` in one of them leaves the decision to the other.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

_MONTHS = {
    "jan": 1, "feb": 2, "mar": 3, "apr": 4, "may": 5, "jun": 6,
    "jul": 7, "aug": 8, "sep": 9, "oct": 10, "nov": 11, "dec": 12,
}  # fmt: skip
_DAYS = {"sun": 0, "mon": 1, "tue": 2, "wed": 3, "thu": 4, "fri": 5, "sat": 6}

_DESCRIPTORS = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
_EVERY = re.compile(r"@every ((?:[0-9]{1,6}(?:h|m|s)){1,3})")
_PART = re.compile(r"([0-9a-z]{1,3}|\*|\?)(?:-([0-9a-z]{1,3}))?(?:/([0-9]{1,4}))?")

_YEARS_AHEAD = 5
"""How far robfig/cron looks for the next time; what lies beyond never comes for it."""


@dataclass(frozen=True)
class Schedule:
    """When something runs: sets of minutes and so on, or every so many seconds."""

    minutes: frozenset[int] = frozenset()
    hours: frozenset[int] = frozenset()
    days: frozenset[int] = frozenset()
    months: frozenset[int] = frozenset()
    weekdays: frozenset[int] = frozenset()
    either_day: bool = False
    every: timedelta | None = None
    zone: tzinfo = UTC

    def after(self, moment: datetime) -> Iterator[datetime]:
        """Yield the times after a moment, in UTC, in order; none where it never comes again."""
        if self.every is not None:
            while True:
                moment += self.every
                yield moment
        start = moment.astimezone(self.zone).replace(second=0, microsecond=0, tzinfo=None)
        day = start.replace(hour=0, minute=0)
        for ahead in range(366 * _YEARS_AHEAD):
            today = day + timedelta(days=ahead)
            if today.year >= 9999 or not self._has_day(today):
                continue
            for hour in sorted(self.hours):
                for minute in sorted(self.minutes):
                    wall = today.replace(hour=hour, minute=minute)
                    found = wall.replace(tzinfo=self.zone).astimezone(UTC)
                    if found > moment:
                        yield found

    def next(self, moment: datetime) -> datetime | None:
        """Return the first time after a moment, None where it never comes."""
        return next(self.after(moment), None)

    def between(self, start: datetime, end: datetime, most: int = 100) -> list[datetime]:
        """Return the times after `start` up to `end`, at most `most` of them."""
        found: list[datetime] = []
        for moment in self.after(start):
            if moment > end or len(found) == most:
                break
            found.append(moment)
        return found

    def _has_day(self, day: datetime) -> bool:
        if day.month not in self.months:
            return False
        of_month, of_week = day.day in self.days, day.isoweekday() % 7 in self.weekdays
        return (of_month or of_week) if self.either_day else (of_month and of_week)


def parse_schedule(text: str, zone: str = "") -> Schedule | None:
    """Return a schedule, None for what we cannot read; an unknown zone counts as UTC."""
    where = _zone(zone)
    text = text.strip().lower()
    every = _EVERY.fullmatch(text)
    if every:
        units = {"h": 3600, "m": 60, "s": 1}
        parts = re.findall(r"([0-9]+)([hms])", every.group(1))
        seconds = sum(int(number) * units[unit] for number, unit in parts)
        return Schedule(every=timedelta(seconds=max(1, seconds)), zone=where)
    fields = _DESCRIPTORS.get(text, text).split() if len(text) <= 512 else []
    if len(fields) != 5:
        return None
    try:
        return Schedule(
            minutes=_numbers(fields[0], 0, 59),
            hours=_numbers(fields[1], 0, 23),
            days=_numbers(fields[2], 1, 31),
            months=_numbers(fields[3], 1, 12, _MONTHS),
            weekdays=_numbers(fields[4], 0, 6, _DAYS),
            either_day=not (_starred(fields[2]) or _starred(fields[4])),
            zone=where,
        )
    except ValueError:
        return None


def _zone(name: str) -> tzinfo:
    try:
        return ZoneInfo(name) if name else UTC
    except (
        KeyError,
        ValueError,
        OSError,
    ):
        return UTC  # unknown, hostile, or no zone data here: better than nothing


def _starred(field: str) -> bool:
    """Whether a field leaves the decision to the other one: `*`, `?`, `*/1`, also in a list.

    `*/2` does not: robfig/cron gives no star to a step beyond one.
    """
    return any(part in ("*", "?", "*/1", "?/1") for part in field.split(","))


def _numbers(
    field: str, low: int, high: int, names: dict[str, int] | None = None
) -> frozenset[int]:
    found: set[int] = set()
    for part in field.split(","):
        match = _PART.fullmatch(part)
        if match is None:
            raise ValueError(part)
        first, last, step = match.groups()
        if first in ("*", "?"):
            start, end = low, high
        else:
            start = _number(first, names)
            end = _number(last, names) if last else (high if step else start)
        size = int(step) if step else 1
        if not (low <= start <= end <= high) or size < 1:
            raise ValueError(part)
        found.update(range(start, end + 1, size))
    return frozenset(found)


def _number(text: str, names: dict[str, int] | None) -> int:
    return names[text] if names and text in names else int(text)
