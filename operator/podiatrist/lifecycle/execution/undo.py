"""Takes patches of a run back, the last one first; what others changed since is left alone."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from podiatrist.api.diagnosis import AppliedPatch, Diagnosis
from podiatrist.lifecycle.approval.switch import held
from podiatrist.lifecycle.context import Context
from podiatrist.lifecycle.execution.marked import ensure_undone
from podiatrist.lifecycle.execution.outcome import Outcome
from podiatrist.lifecycle.execution.recorded import run_of


@dataclass
class Undone:
    """How many patches were taken back, why others were not, and whether it has to wait."""

    count: int = 0
    problems: list[str] = field(default_factory=list)
    held: str | None = None
    """Why nothing may be written now: come again, what is taken back already stays so."""


async def undo(context: Context, diagnosis: Diagnosis, inverses: Sequence[AppliedPatch]) -> Undone:
    """Apply inverse patches in reverse order. Raises UnreachableError: come again."""
    undone = Undone()
    for inverse in reversed(inverses):
        undone.held = await held(context, diagnosis.metadata.namespace)
        if undone.held is not None:
            break
        outcome, message = await ensure_undone(context, inverse, run_of(diagnosis))
        if outcome is Outcome.DONE:
            undone.count += 1
        else:
            undone.problems.append(message)
    return undone
