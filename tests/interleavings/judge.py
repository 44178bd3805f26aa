"""What must hold, whoever did what in whichever order: pure functions that return what does not."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Any

from podiatrist.actions.patches import pointer
from podiatrist.api import names
from podiatrist.api.conditions import condition, derive_state
from podiatrist.api.diagnosis import Diagnosis, State
from tests.interleavings.trail import Entry

EXECUTOR = "system:serviceaccount:podiatrist:executor"
OPERATOR = "system:serviceaccount:podiatrist:operator"

_MARK = pointer(("metadata", "annotations", names.FIX))
_MARKS = pointer(("metadata", "annotations"))


def mark_set(patch: Any) -> str | None:
    """Return the mark that a JSON patch of a fix sets, None where it sets none."""
    for op in patch if isinstance(patch, list) else []:
        if op["op"] == "add" and op["path"] == _MARK:
            return str(op["value"])
        if op["op"] == "add" and op["path"] == _MARKS and names.FIX in op["value"]:
            return str(op["value"][names.FIX])
    return None


def mark_removed(patch: Any) -> str | None:
    """Return the mark that a JSON patch takes away, None where it takes none."""
    operations = patch if isinstance(patch, list) else []
    if not any(op["op"] == "remove" and op["path"] == _MARK for op in operations):
        return None
    tests = [op["value"] for op in operations if op["op"] == "test" and op["path"] == _MARK]
    return str(tests[0]) if tests else ""


@dataclass
class Approval:
    """One yes of a person, from when it was given; `run` is the one that it was used for."""

    digest: str
    by: str
    run: str | None = None


@dataclass
class Run:
    """What the trail tells of one run."""

    diagnosis: str
    digest: str
    forward: int = 0
    inverse: int = 0
    unmarked: bool = False
    taken_back: bool = False
    nothing_was_done: bool = False

    @property
    def is_forgettable(self) -> bool:
        """Whether somebody took the fix back and its mark away: then it is as if it never was."""
        return self.unmarked and self.taken_back


@dataclass
class Court:
    """Follows a trail, entry by entry. Each yes allows one run, each run one write and its undo."""

    approvers: Collection[str]
    target: str
    standing: dict[str, Approval] = field(default_factory=dict)
    runs: dict[str, Run] = field(default_factory=dict)
    open_runs: dict[str, str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def hear(self, entries: Iterable[Entry]) -> None:
        """Take note of what was written, in its order."""
        for entry in entries:
            if entry.resource == "diagnoses" and entry.verb in ("patch", "update"):
                self._annotated(entry)
            elif entry.resource == "diagnoses/status":
                self._status(entry)
            elif entry.who in (EXECUTOR, OPERATOR):
                if entry.resource != "events":
                    self._changed(entry)
            elif (entry.resource, entry.verb) == ("deployments", "patch"):
                self._edited(entry)

    def _annotated(self, entry: Entry) -> None:
        annotations = (entry.body.get("metadata") or {}).get("annotations") or {}
        if names.APPROVE not in annotations:
            return
        digest, before = annotations[names.APPROVE], self.standing.get(entry.name)
        if digest is None:
            self.standing.pop(entry.name, None)
        elif before is None or before.digest != digest:
            if entry.who not in self.approvers:
                self.problems.append(f"{entry.who} could approve {digest} of {entry.name}")
            self.standing[entry.name] = Approval(digest, entry.who)

    def _status(self, entry: Entry) -> None:
        status = entry.body.get("status") or {}
        execution, approval = status.get("execution") or {}, status.get("approval") or {}
        run, name = execution.get("run"), entry.name
        if run and run not in self.runs:
            self._begin(entry, run, approval)
        left = self.open_runs.pop(name, None)
        executed = {c["type"]: c["status"] for c in status.get("conditions", [])}.get("Executed")
        if run and executed == "Unknown":
            self.open_runs[name] = run
        elif left is not None and left != run:
            self._says_nothing_was_done(left)
        if run and executed == "False" and "nothing was done" in execution.get("message", ""):
            self._says_nothing_was_done(run)
        if run and executed == "True" and self.runs[run].forward != 1:
            self.problems.append(f"{name} says that run {run} was carried out; it was not")

    def _begin(self, entry: Entry, run: str, approval: dict[str, Any]) -> None:
        name, digest = entry.name, str(approval.get("digest"))
        self.runs[run] = Run(name, digest)
        yes = self.standing.get(name)
        if entry.who != EXECUTOR:
            self.problems.append(f"{entry.who} began run {run} of {name}")
        if yes is None or yes.digest != digest or approval.get("by") != yes.by:
            self.problems.append(f"run {run} of {name}, {approval}, stands on {yes}")
        elif yes.run is not None:
            self.problems.append(f"runs {yes.run} and {run} of {name} stand on one approval")
        else:
            yes.run = run

    def _says_nothing_was_done(self, run: str) -> None:
        self.runs[run].nothing_was_done = True
        if self.runs[run].forward and not self.runs[run].is_forgettable:
            self.problems.append(f"{self.runs[run].diagnosis} forgot that run {run} was done")

    def _edited(self, entry: Entry) -> None:
        """Note what people do to what fixes did."""
        annotations = (entry.body.get("metadata") or {}).get("annotations") or {}
        template = (entry.body.get("spec") or {}).get("template") or {}
        for run in self.runs.values():
            if run.forward:
                run.unmarked |= names.FIX in annotations
                run.taken_back |= bool((template.get("spec") or {}).get("affinity"))

    def _changed(self, entry: Entry) -> None:
        what = f"{entry.who} {entry.verb} {entry.resource} {entry.name}"
        mark, unmark = mark_set(entry.body), mark_removed(entry.body)
        run = self.runs.get((mark or unmark or "").rpartition("/")[2])
        ours = (entry.who, entry.verb, entry.resource, entry.name)
        if ours != (EXECUTOR, "patch", "deployments", self.target) or run is None:
            self.problems.append(f"{what} {entry.body}: no run of an approved fix does that")
            return
        wanted = f"{run.diagnosis}/{run.digest}/"
        if not (mark or unmark or "").startswith(wanted):
            self.problems.append(f"{what} is marked {mark or unmark}, not {wanted}...")
        if entry.field_manager != names.field_manager(run.diagnosis, run.digest):
            self.problems.append(f"{what} goes by the name {entry.field_manager}")
        run.forward += mark is not None
        run.inverse += unmark is not None
        if run.forward > 1 or run.inverse > run.forward:
            self.problems.append(f"{what}: {run.forward} times done, {run.inverse} times undone")
        if mark is not None and run.nothing_was_done:
            self.problems.append(f"{what}: it was said before that nothing was done")


def contradictions(diagnosis: Diagnosis) -> list[str]:
    """Return what in a status cannot be true together."""
    status = diagnosis.status
    approved, executed, verified = (
        condition(status, kind) for kind in ("Approved", "Executed", "Verified")
    )
    execution, approval = status.execution, status.approval
    done = executed is not None and executed.status == "True"
    under_way = done or (executed is not None and executed.status == "Unknown")
    reason = verified.reason if verified else None
    wrong = {
        "state is not what the conditions amount to": bool(status.conditions)
        and status.state != derive_state(status),
        "an execution without a word on it": (execution is None) != (executed is None),
        "a run without a name": execution is not None and not execution.run,
        "carried out without an approval": under_way
        and (approval is None or approved is None or approved.status != "True"),
        "approved by nobody": approved is not None
        and approved.status == "True"
        and (approval is None or approval.by is None),
        "approved is none of the options": approved is not None
        and approved.status == "True"
        and (approval is None or diagnosis.option(approval.digest) is None),
        "not all of it is done": done
        and execution is not None
        and (execution.applied != len(execution.patches) or execution.finished_at is None),
        "a fix was verified that was not made": not done
        and reason in ("Soaking", "ChecksPassed", "FixDidNotHelp", "RolledBack", "RollbackRefused"),
        "healed by itself, and by us": done and reason in ("WentAway", "SymptomGone"),
        "undone, or not": reason == "RolledBack"
        and execution is not None
        and execution.undone != len(execution.inverse),
    }
    return [f"{diagnosis.metadata.name}: {what}" for what, found in wrong.items() if found]


_AT_REST = frozenset(
    {
        State.SUCCEEDED,
        State.ROLLED_BACK,
        State.FAILED,
        State.RESOLVED,
        State.REJECTED,
        State.EXPIRED,
        State.AWAITING_APPROVAL,
        State.NEEDS_HUMAN,
    }
)


def at_rest(diagnosis: Diagnosis) -> bool:
    """Whether a Diagnosis is over, or waits for a person."""
    return diagnosis.status.state in _AT_REST
