"""What a check says: how it stands, what was seen, and what to do about it."""

import shlex
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from podiatrist.api.text import clean, clip

_LONGEST = 600
"""Characters of what was seen; a verdict is a line or two, not a log."""

_ONE_LINE = str.maketrans("\t\n", "\ufffd\ufffd")


class Level(StrEnum):
    """How it stands, from well to broken."""

    OK = "ok"
    NOTE = "note"
    """Somebody's decision, and worth knowing: execution is switched off."""
    UNKNOWN = "unknown"
    """The user may not look."""
    WARNING = "warning"
    """It works, but less well than it could."""
    BROKEN = "broken"


@dataclass(frozen=True)
class Verdict:
    """One line of the doctor's. `remedy` is a command that mends it or shows more.

    It is made to be typed, so a word of it that comes from the cluster is one word to a shell
    (`word`), whatever it holds.
    """

    check: str
    level: Level
    seen: str
    remedy: str | None = None


@dataclass(frozen=True)
class Hidden:
    """What the user may not look at: the right it takes, as `kubectl auth can-i` says it."""

    right: str


@dataclass(frozen=True)
class Chart:
    """Writes the verdicts of one check."""

    check: str

    def ok(self, seen: str) -> Verdict:
        """Return that it is well."""
        return self._write(Level.OK, seen, None)

    def note(self, seen: str, remedy: str | None = None) -> Verdict:
        """Return what somebody decided."""
        return self._write(Level.NOTE, seen, remedy)

    def warning(self, seen: str, remedy: str) -> Verdict:
        """Return what works less well than it could."""
        return self._write(Level.WARNING, seen, remedy)

    def broken(self, seen: str, remedy: str) -> Verdict:
        """Return what does not work."""
        return self._write(Level.BROKEN, seen, remedy)

    def unknown(self, hidden: Iterable[Hidden]) -> list[Verdict]:
        """Return what the user may not look at, each right once."""
        rights = sorted({one.right for one in hidden})
        return [
            self._write(
                Level.UNKNOWN, f"cannot tell: you may not {right}", f"kubectl auth can-i {right}"
            )
            for right in rights
        ]

    def _write(self, level: Level, seen: str, remedy: str | None) -> Verdict:
        # A name that had to be changed here names nothing any more, which is the safe end of it.
        typed = None if remedy is None else clean(remedy).translate(_ONE_LINE)
        return Verdict(self.check, level, clip(" ".join(seen.split()), _LONGEST), typed)


def word(name: str) -> str:
    """Return a name from the cluster as one word of a command that is no option of it either.

    Names of RBAC objects may hold anything but `/` and `%`: `x;sh`, and `--all` as well
    (`path.IsValidPathSegmentName` in k8s.io/apimachinery). After `--` nothing is an option.
    """
    return f"{'-- ' if name.startswith('-') else ''}{shlex.quote(name)}"
