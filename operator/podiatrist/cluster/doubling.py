"""How long to wait before the next attempt: twice as long each time, up to a bound."""

_ENOUGH = 30
"""Doublings beyond which nothing grows: a float holds 1,023 of them, and some things never heal."""


def doubled(first: float, times: int, longest: float) -> float:
    """Return `first` seconds, doubled so many times, or the longest if that is less."""
    return min(first * 2.0 ** min(times, _ENOUGH), longest)
