"""Names that differ by one slip of a finger, however short they are."""

from collections.abc import Iterable

from podiatrist.analyzers.common.near_miss import near_misses


def close_names(name: str, known: Iterable[str], limit: int = 2) -> list[str]:
    """Return the known names that were probably meant, the closest first.

    Similarity alone says little of short names: `wbe` and `web` have one letter in three at its
    place. One slip counts there as well, but never in a digit: `db1` and `db2` are two things.
    """
    names = [n for n in dict.fromkeys(known) if n != name]
    slips = [n for n in names if is_slip(name, n)]
    return list(dict.fromkeys([*slips, *near_misses(name, names)]))[:limit]


def is_slip(one: str, other: str) -> bool:
    """Say whether two names differ by one letter too many, too few, wrong, or by a swap of two."""
    if one == other or abs(len(one) - len(other)) > 1 or min(len(one), len(other)) < 2:
        return False
    start = 0
    while start < min(len(one), len(other)) and one[start] == other[start]:
        start += 1
    left, right = one[start:], other[start:]
    if len(one) == len(other):
        swapped = left[:2] == right[:2][::-1] and left[2:] == right[2:]
        changed = left[1:] == right[1:] and len(one) > 2
        return (swapped or changed) and not _digits(left[:1] + right[:1])
    longer, shorter = (left, right) if len(left) > len(right) else (right, left)
    return longer[1:] == shorter and not _digits(longer[:1]) and min(len(one), len(other)) > 2


def _digits(text: str) -> bool:
    return any(letter.isdigit() for letter in text)
