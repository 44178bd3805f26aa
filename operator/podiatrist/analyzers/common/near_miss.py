"""Names that were probably meant: small typing errors against names that exist."""

import difflib
import itertools
from collections.abc import Iterable

_CUTOFF = 0.8
"""Similarity from which two names count as close: one slip in five letters, two in ten."""


def squeeze(name: str) -> str:
    """Return a name with every run of one letter as a single letter: a key that hung."""
    return "".join(letter for letter, _ in itertools.groupby(name))


def near_misses(name: str, known: Iterable[str], limit: int = 2) -> list[str]:
    """Return the known names that are close to `name`, the closest first; never `name` itself."""
    scored = []
    for rank, other in enumerate(dict.fromkeys(known)):
        if other == name:
            continue
        close = difflib.SequenceMatcher(None, squeeze(name), squeeze(other)).ratio()
        if close >= _CUTOFF:
            scored.append((-close, rank, other))
    return [other for _, _, other in sorted(scored)[:limit]]
