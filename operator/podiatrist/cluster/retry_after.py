"""Reads the header by which an HTTP server says when to ask again."""

import email.utils
import math
import time
from collections.abc import Callable


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
