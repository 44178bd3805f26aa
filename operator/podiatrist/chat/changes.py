"""From typed actions to a change that a user can decide on: patches, commands, diff, risk.

A user decides on what is shown, so all of it is shown: a change too long to be read is refused.

The same closed set and the same protected namespaces as for a Diagnosis hold here. What does not
hold is its scope, the failing workload: the user asked for this change and confirms it.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from podiatrist.actions.base import Action, ActionError, Object
from podiatrist.actions.compiler import Plan, Proposal, compile_plan, objects_needed
from podiatrist.actions.delete_pod import DeletePod
from podiatrist.actions.scope import PROTECTED_NAMESPACES
from podiatrist.api.diagnosis import AppliedPatch, ObjectRef, Risk
from podiatrist.api.text import clip
from podiatrist.cluster.errors import ConflictError, NotFoundError, RefusedError
from podiatrist.lifecycle.context import Context
from podiatrist.lifecycle.options.dry_run import dry_run
from podiatrist.lifecycle.options.replan import read

_LINES = 200
_BYTES = 16 * 1024
"""What somebody may be asked to read before a yes."""

_CONTEXT = 300
"""Characters of a line around a change; what changes is never cut."""


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
    def commands(self) -> list[str]:
        """What a human would type for the same, each on one line."""
        return [one_line(command) for command in self.plan.commands]

    @property
    def deletions(self) -> list[AppliedPatch]:
        """What cannot be undone."""
        return [p for p in self.plan.patches if p.verb == "delete"]

    def deletion_action(self, pod: ObjectRef) -> DeletePod | None:
        """Return the action behind the deletion of a pod."""
        return next((a for a in self.actions if isinstance(a, DeletePod) and a.object == pod), None)

    def told(self) -> str:
        """Return the change as text for a model."""
        return "; ".join(self.commands)


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
        diff = await diff_of(context, plan.patches, live)
    except (ActionError, NotFoundError) as error:
        raise ChangeError(str(error)) from None
    except (ConflictError, RefusedError) as error:
        raise ChangeError(f"the API server would refuse it: {error}") from None
    text = "\n".join((*plan.commands, *diff))
    if len(diff) > _LINES or len(text.encode("utf-8", "replace")) > _BYTES:
        raise ChangeError(
            f"to say yes you would have to read {len(diff)} lines of diff; ask for less at a time, "
            "or use kubectl"
        )
    risk = Proposal(title, "", tuple(actions)).overall_risk
    return Change(one_line(title), tuple(actions), plan, diff, risk, watch, remark)


def check_allowed(ref: ObjectRef) -> None:
    """Raise ChangeError for an object that is never changed from here."""
    if ref.namespace in PROTECTED_NAMESPACES:
        raise ChangeError(f"what is in namespace {ref.namespace} is never changed from here")


async def diff_of(
    context: Context, patches: Sequence[AppliedPatch], live: dict[ObjectRef, Object]
) -> list[str]:
    """Return the diff that the API server's dry run of patches comes to, whole.

    Raises RefusedError and ConflictError with the server's words.
    """
    lines = (await dry_run(context, patches, live)).diff
    return [clip(line, _CONTEXT) if line.startswith(" ") else line for line in lines]


def one_line(text: str) -> str:
    """Return text that cannot pass for lines of ours: a model chose a part of it."""
    return re.sub("[\n\u2028\u2029]", r"\\n", text)
