"""What a rule gives back: a finding, and the fixes that would answer it."""

from dataclasses import dataclass

from podiatrist.actions.compiler import Proposal
from podiatrist.api.diagnosis import Finding, ObjectRef


@dataclass(frozen=True)
class Result:
    """One thing that is wrong, with fixes to choose from, the best first.

    `cause` is another object whose fault it is: then that object gets a Diagnosis, this one points
    to it, and no fix is offered here.
    """

    finding: Finding
    proposals: tuple[Proposal, ...] = ()
    cause: ObjectRef | None = None


def and_more(names: list[str], limit: int = 4) -> str:
    """Return a list for a sentence: `a, b, c and 9 more`."""
    shown, left = names[:limit], len(names) - limit
    return ", ".join(shown) + (f" and {left} more" if left > 0 else "")


def counted(count: int, noun: str) -> str:
    """Return `1 pod` or `3 pods`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
