"""From typed actions to a change that a user can decide on: patches, commands, diff, risk.

The same closed set and the same protected namespaces as for a Diagnosis hold here. What does not
hold is its scope, the failing workload: the user asked for this change and confirms it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from podiatrist.actions.base import Action, ActionError, Object
from podiatrist.actions.compiler import Plan, Proposal, compile_plan, objects_needed
from podiatrist.actions.delete_pod import DeletePod
from podiatrist.actions.diff import deletion_line, diff_lines, shorten
from podiatrist.actions.scope import PROTECTED_NAMESPACES
from podiatrist.api.diagnosis import AppliedPatch, ObjectRef, Risk
from podiatrist.cluster.errors import ConflictError, NotFoundError, RefusedError
from podiatrist.lifecycle.apply import send_patch
from podiatrist.lifecycle.context import Context
from podiatrist.lifecycle.delete import send_deletion
from podiatrist.lifecycle.replan import read


class ChangeError(Exception):
    """The change cannot be offered; `str()` says why, for the user and for the model."""


@dataclass(frozen=True)
class Change:
    """What a yes would do, to the byte, as the API server's dry run answered it."""

    title: str
    actions: tuple[Action, ...]
    plan: Plan
    diff: list[str]
    risk: Risk
    watch: ObjectRef | None = None
    """The workload whose pods shall be waited for afterwards."""
    remark: str = ""
    """How the object was found, or what was taken for granted."""

    @property
    def deletions(self) -> list[AppliedPatch]:
        """What cannot be undone."""
        return [p for p in self.plan.patches if p.verb == "delete"]

    def deletion_action(self, pod: ObjectRef) -> DeletePod | None:
        """Return the action behind the deletion of a pod."""
        return next((a for a in self.actions if isinstance(a, DeletePod) and a.object == pod), None)

    def told(self) -> str:
        """Return the change as text for a model."""
        return "; ".join(self.plan.commands)


async def prepare(
    context: Context,
    title: str,
    actions: Sequence[Action],
    *,
    watch: ObjectRef | None = None,
    remark: str = "",
) -> Change:
    """Compile actions against the cluster as it is, and try them as a dry run.

    Raises ChangeError where the change is not allowed, does not fit or would be refused, and
    UnreachableError where nobody can say.
    """
    for action in actions:
        for ref in (action.object, *action.reads()):
            check_allowed(ref)
    try:
        live = {ref: await read(context, ref) for ref in objects_needed(actions)}
        plan = compile_plan(actions, live, target_uid="", target_spec_hash="", checks=[])
        diff = await dry_run(context, plan.patches, live)
    except (ActionError, NotFoundError) as error:
        raise ChangeError(str(error)) from None
    except (ConflictError, RefusedError) as error:
        raise ChangeError(f"the API server would refuse it: {error}") from None
    risk = Proposal(title, "", tuple(actions)).overall_risk
    return Change(title, tuple(actions), plan, diff, risk, watch, remark)


def check_allowed(ref: ObjectRef) -> None:
    """Raise ChangeError for an object that is never changed from here."""
    if ref.namespace in PROTECTED_NAMESPACES:
        raise ChangeError(f"what is in namespace {ref.namespace} is never changed from here")


async def dry_run(
    context: Context, patches: Sequence[AppliedPatch], live: dict[ObjectRef, Object]
) -> list[str]:
    """Return the diff that the API server's dry run of patches comes to.

    Raises RefusedError and ConflictError with the server's words.
    """
    lines: list[str] = []
    for patch in patches:
        if patch.verb == "delete":
            await send_deletion(context, patch, dry_run=True)
            lines.append(deletion_line(patch.object))
            continue
        answer = await send_patch(context, patch, dry_run=True)
        lines += diff_lines(patch.object, live[patch.object], answer)
    return shorten(lines)
