"""Which name of a ConfigMap, Secret or key was probably meant: slips, other spellings, parts."""

import re
from collections.abc import Iterable

from podiatrist.analyzers.common.near_miss import near_misses

_SEPARATORS = re.compile(r"[-_.]+")
_SHORTEST_PART = 4


def _words(name: str) -> list[str]:
    return _SEPARATORS.split(name.casefold())


def similar_names(name: str, known: Iterable[str], limit: int = 2) -> list[str]:
    """Return the known names that may have been meant by `name`, the likeliest first.

    First those that differ in case and separators only (`db_host`, `DB-HOST`), then typing
    errors, then those that are longer or shorter by whole words (`config`, `web-config`).
    """
    others = [other for other in dict.fromkeys(known) if other and other != name]
    words = _words(name)
    same = [o for o in others if _words(o) == words]
    lowered = {o.casefold(): o for o in reversed(others)}
    slips = [lowered[close] for close in near_misses(name.casefold(), lowered, limit)]
    parts = [o for o in others if _is_part(words, _words(o)) or _is_part(_words(o), words)]
    return list(dict.fromkeys([*same, *slips, *parts]))[:limit]


def _is_part(short: list[str], long: list[str]) -> bool:
    """Whether the words of one name begin or end the other's, and say something by themselves."""
    if len(short) >= len(long) or len("".join(short)) < _SHORTEST_PART:
        return False
    return long[: len(short)] == short or long[-len(short) :] == short
