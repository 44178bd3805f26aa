"""Carries a confirmed change out, and takes one back: journal first, then patch by patch."""

from contextlib import suppress
from dataclasses import dataclass, field

from podiatrist.actions.patches import is_applied, would_apply
from podiatrist.api.diagnosis import AppliedPatch, ObjectRef
from podiatrist.chat.changes import Change, ChangeError, check_allowed, diff_of
from podiatrist.chat.journal import Entry, Journal, JournalError
from podiatrist.cluster.errors import ClusterError, NotFoundError, RefusedError, UnreachableError
from podiatrist.lifecycle.context import Context
from podiatrist.lifecycle.execution.apply import ensure_applied
from podiatrist.lifecycle.execution.delete import ensure_deleted
from podiatrist.lifecycle.execution.outcome import Outcome
from podiatrist.lifecycle.options.replan import read


@dataclass(frozen=True)
class Result:
    """What became of a change: what went through, and why it stopped where it did."""

    done: list[str] = field(default_factory=list)
    problem: str = ""
    unsure: bool = False
    """Whether one more may have gone through: it was sent, and no answer came."""

    @property
    def ok(self) -> bool:
        """Whether everything went through."""
        return not self.problem


async def carry_out(context: Context, journal: Journal, change: Change) -> Result:
    """Send the patches of a change that the user said yes to; stops at the first that fails.

    Raises JournalError before anything is sent.
    """
    plan = change.plan
    entry = journal.intend(change.title, plan.commands, plan.patches, plan.inverse)
    done: list[str] = []
    for patch in plan.patches:
        try:
            outcome, message = await _send(context, change, patch)
        except UnreachableError as error:
            return Result(done, f"{patch.object}: {error}", unsure=True)
        except ClusterError as error:
            outcome, message = Outcome.REFUSED, str(error)
        if outcome is not Outcome.DONE:
            if not done:
                _close(journal, entry)  # nothing went through: nothing to undo
            return Result(done, message)
        done.append(message)
    if not plan.inverse:
        _close(journal, entry)
    return Result(done)


def _close(journal: Journal, entry: Entry) -> None:
    """Close an entry; one that cannot be closed is seen through by the next `way_back`."""
    with suppress(JournalError):
        journal.close(entry)


async def _send(context: Context, change: Change, patch: AppliedPatch) -> tuple[Outcome, str]:
    if patch.verb != "delete":
        return await ensure_applied(context, patch)
    action = change.deletion_action(patch.object)
    if action is None:
        return Outcome.REFUSED, f"{patch.object} is not what the change deletes"
    return await ensure_deleted(context, patch, action)


@dataclass(frozen=True)
class WayBack:
    """How the last change would be taken back: patches that fit now, and why others do not."""

    entry: Entry
    patches: list[AppliedPatch]
    diff: list[str]
    remarks: list[str]
    """What is not as the change left it, newer changes that are undone already among it."""

    @property
    def objects(self) -> list[ObjectRef]:
        """What it would change."""
        return [p.object for p in self.patches]


async def way_back(context: Context, journal: Journal) -> WayBack | None:
    """Return how the newest change that can be undone is undone; None where there is none.

    What was never sent, undone by somebody else, or is gone by now is closed on the way; what
    somebody else changed since is passed over. Either is said.
    Raises ChangeError where nothing is left or the API server would refuse it, UnreachableError.
    """
    passed: list[str] = []
    for entry in journal.open_entries():
        fitting: list[AppliedPatch] = []
        remarks: list[str] = []
        live = {}
        for inverse in reversed(entry.inverse):
            check_allowed(inverse.object)
            try:
                raw = await read(context, inverse.object)
            except NotFoundError:
                remarks.append(f"{inverse.object} is gone")
                continue
            if would_apply(raw, inverse.patch):
                fitting.append(inverse)
                live[inverse.object] = raw
            elif not is_applied(raw, inverse.patch):
                remarks.append(f"somebody else changed {inverse.object} since")
        remarks += [f"{p.object} stays deleted" for p in entry.patches if p.verb == "delete"]
        if not fitting:
            if any("somebody else" in r for r in remarks):
                why = "cannot be undone any more"
            else:
                why = "there is nothing to undo of it, it is not there"
                _close(journal, entry)
            passed.append(": ".join([f"{entry.title!r}", "; ".join([why, *remarks])]))
            continue
        try:
            diff = await diff_of(context, fitting, live)
        except RefusedError as error:
            raise ChangeError(f"the API server would refuse to undo it: {error}") from None
        return WayBack(entry, fitting, diff, [*passed, *remarks])
    if passed:
        raise ChangeError("\n".join(passed))
    return None


async def undo(context: Context, journal: Journal, back: WayBack) -> Result:
    """Take a change back, after the user said yes to exactly this way back."""
    done: list[str] = []
    for inverse in back.patches:
        try:
            outcome, message = await ensure_applied(context, inverse)
        except UnreachableError as error:
            return Result(done, f"{inverse.object}: {error}", unsure=True)
        if outcome is not Outcome.DONE:
            return Result(done, message)
        done.append(message)
    _close(journal, back.entry)
    return Result(done)
