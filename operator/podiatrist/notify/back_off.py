"""How long to wait before the next attempt."""

import email.utils
import math
import time
from collections.abc import Callable

_FIRST, _LONGEST = 1.0, 60.0
"""Seconds before the second attempt, doubled each time, and the most that is waited for."""


def back_off(attempt: int, chance: float) -> float:
    """Return the seconds to wait after an attempt, the first being 0.

    Between half and all of a doubling time, by `chance` (0 to 1), so that many who failed together
    do not come back together.
    """
    return float(min(_FIRST * 2.0 ** min(attempt, 10), _LONGEST)) * (0.5 + chance / 2)


def seconds_to_wait(header: str | None, now: Callable[[], float] = time.time) -> float | None:
    """Return what a Retry-After header says (RFC 9110: seconds or a date); None if it says nothing.

    `now` is in seconds since 1970.
    """
    if not header:
        return None
    try:
        seconds = float(header)
    except ValueError:
        try:
            seconds = email.utils.parsedate_to_datetime(header).timestamp() - now()
        except (ValueError, OverflowError):
            return None
    return max(0.0, seconds) if math.isfinite(seconds) else None
