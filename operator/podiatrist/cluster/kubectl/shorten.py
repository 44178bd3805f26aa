"""Makes a long text short: what repeats is told once, of the rest head and tail are kept.

`fold` comes before redaction, which takes its time; `shorten` after it: it could cut a secret in
two.
"""

import re
from collections.abc import Sequence

_LONGEST_PERIOD = 4
"""Lines of the longest block that is recognised when it repeats, as retries do."""
_FEWEST = 3
"""Repetitions below this are left as they are."""
_LINE = 1000
"""Characters of one line; of a longer one its two ends are kept."""

_VARIABLE = re.compile(r"0x[0-9a-f]+|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9]+", re.I)


def fold(text: str, *, alike: bool = False) -> str:
    """Return the text with each run of repeated lines, or of blocks of a few lines, told once.

    With `alike`, lines count as repeated that differ in nothing but numbers: right for logs,
    wrong for tables.
    """
    lines = text.splitlines()
    shapes = [_VARIABLE.sub("0", line) if alike else line for line in lines]
    kept: list[str] = []
    at = 0
    while at < len(lines):
        period, times = _repetition(shapes, at)
        kept += lines[at : at + period]
        if times > 1:
            what = "the line above" if period == 1 else f"the {period} lines above"
            but = ", with other numbers" if not _same(lines, at, period, times) else ""
            kept.append(f"({what} {times - 1} more times{but})")
        at += period * times
    return "\n".join(kept)


def shorten(text: str, most: int, head: float) -> str:
    """Return `text` in at most about `most` characters.

    `head` is the part of them that is kept for the beginning.
    """
    lines = [_clipped(line) for line in text.splitlines()]
    whole = "\n".join(lines)
    if len(whole) <= most:
        return whole
    first = _fitting(lines, int(most * head))
    last = _fitting(lines[::-1], most - int(most * head))
    note = f"(... {len(lines) - first - last} lines left out ...)"
    return "\n".join([*lines[:first], note, *lines[len(lines) - last :]])


def _repetition(shapes: Sequence[str], at: int) -> tuple[int, int]:
    """Return the length of the block that begins here, and how many times it stands in a row."""
    for period in range(1, _LONGEST_PERIOD + 1):
        block, times = shapes[at : at + period], 1
        while shapes[at + period * times : at + period * (times + 1)] == block:
            times += 1
        if times >= _FEWEST:
            return period, times
    return 1, 1


def _same(lines: Sequence[str], at: int, period: int, times: int) -> bool:
    return all(lines[at + i] == lines[at + i % period] for i in range(period * times))


def _clipped(line: str) -> str:
    if len(line) <= _LINE:
        return line
    half = _LINE // 2
    return f"{line[:half]} (... {len(line) - 2 * half} characters left out ...) {line[-half:]}"


def _fitting(lines: Sequence[str], room: int) -> int:
    """Return how many of the first lines fit."""
    for count, line in enumerate(lines):
        room -= len(line) + 1
        if room < 0:
            return count
    return len(lines)
