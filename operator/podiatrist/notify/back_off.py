"""How long to wait before the next attempt."""

from podiatrist.cluster.doubling import doubled

_FIRST, _LONGEST = 1.0, 60.0
"""Seconds before the second attempt, doubled each time, and the most that is waited for."""


def back_off(attempt: int, chance: float) -> float:
    """Return the seconds to wait after an attempt, the first being 0.

    Between half and all of a doubling time, by `chance` (0 to 1), so that many who failed together
    do not come back together.
    """
    return doubled(_FIRST, attempt, _LONGEST) * (0.5 + chance / 2)
