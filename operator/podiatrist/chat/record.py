"""What was really done in a conversation: the source of every answer to "what did you run?"."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Literal

How = Literal["ran", "read", "changed"]

_MOST = 500
_KEPT = 50
"""Entries that are remembered, and those of them whose output is too."""


@dataclass(frozen=True)
class Entry:
    """One command: run by kubectl, read through the API, or sent as a change.

    For `read` and `changed` the command is what a human would type for the same.
    """

    number: int
    how: How
    command: str
    text: str
    ok: bool
    seconds: float


@dataclass
class Record:
    """The entries of a conversation, in order; the oldest are forgotten, and counted."""

    entries: list[Entry] = field(default_factory=list)
    forgotten: int = 0

    def add(self, how: How, command: str, text: str = "", *, ok: bool = True,
            seconds: float = 0.0) -> Entry:  # fmt: skip
        """Write down what was just done."""
        entry = Entry(self.count + 1, how, command, text, ok, seconds)
        self.entries.append(entry)
        if len(self.entries) > _MOST:
            del self.entries[0]
            self.forgotten += 1
        if len(self.entries) > _KEPT:
            old = self.entries[-_KEPT - 1]
            self.entries[-_KEPT - 1] = Entry(old.number, old.how, old.command, "", old.ok,
                                             old.seconds)  # fmt: skip
        return entry

    @property
    def count(self) -> int:
        """How many commands there were in all."""
        return self.forgotten + len(self.entries)

    def entry(self, number: int) -> Entry | None:
        """Return the entry of that number, None where there is none any more."""
        return next((e for e in self.entries if e.number == number), None)

    def told(self) -> str:
        """Return the record as text: one line for each command, by how it was done."""
        if not self.entries:
            return "No command was used so far."
        parts: list[str] = []
        for how, head in _HEADS.items():
            entries = [e for e in self.entries if e.how == how]
            times = Counter(e.command for e in entries) if how == "read" else Counter()
            # What is read again and again is told once; the first of them stands for all.
            once = {e.command: e for e in reversed(entries)} if how == "read" else {}
            shown = [e for e in entries if once.get(e.command, e) is e]
            if shown:
                parts.append("\n".join([head, *(_line(e, times[e.command]) for e in shown)]))
        if self.forgotten:
            parts.append(f"({self.forgotten} older ones are not remembered)")
        return "\n\n".join(parts)


_HEADS: dict[How, str] = {
    "ran": "kubectl ran:",
    "read": "Read through the API; the same as:",
    "changed": "Changed after you said yes; the same as:",
}


def _line(entry: Entry, times: int) -> str:
    remark = "   (failed)" if not entry.ok else f"   ({times} times)" if times > 1 else ""
    return f"  {entry.number:>3}  {entry.command}{remark}"
