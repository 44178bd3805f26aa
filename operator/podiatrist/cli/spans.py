"""Time spans as kubectl writes them: `30s`, `10m`, `1h30m`, `7d`, and ages in a table."""

import re
from datetime import datetime, timedelta
from typing import Any

import click

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_YEAR = 365


class Span(click.ParamType[timedelta]):
    """An option's value that is a time span: `30m`, `24h`, `7d`, `1h30m`."""

    name = "age"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> timedelta:
        """Return the time span; a usage error says how to write one."""
        if isinstance(value, timedelta):
            return value
        parts = re.findall(r"([0-9]{1,5})([smhd])", str(value))
        if not parts or "".join(map("".join, parts)) != value:
            self.fail(f"{value!r} is no time span; write it like 30m, 24h or 7d", param, ctx)
        return timedelta(seconds=sum(int(number) * _UNITS[unit] for number, unit in parts))


def age(since: datetime | None, now: datetime) -> str:
    """Return an age as kubectl prints it (`HumanDuration` in k8s.io/apimachinery)."""
    if since is None:
        return "<unknown>"
    seconds = max(int((now - since).total_seconds()), 0)
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86400
    if seconds < 120:
        return f"{seconds}s"
    if minutes < 10:
        return _two(minutes, "m", seconds % 60, "s")
    if minutes < 180:
        return f"{minutes}m"
    if hours < 8:
        return _two(hours, "h", minutes % 60, "m")
    if hours < 48:
        return f"{hours}h"
    if days < 8:
        return _two(days, "d", hours % 24, "h")
    if days < 2 * _YEAR:
        return f"{days}d"
    if days < 8 * _YEAR:
        return _two(days // _YEAR, "y", days % _YEAR, "d")
    return f"{days // _YEAR}y"


def _two(big: int, unit: str, small: int, smaller: str) -> str:
    return f"{big}{unit}{small}{smaller}" if small else f"{big}{unit}"
