"""Tries a plan: each patch and deletion as a dry run, with the API server's own answers."""

from podiatrist.actions.base import Object
from podiatrist.actions.compiler import Plan
from podiatrist.api.diagnosis import ObjectRef
from podiatrist.lifecycle.apply import send_patch
from podiatrist.lifecycle.context import Context
from podiatrist.lifecycle.delete import send_deletion


async def dry_run(context: Context, plan: Plan) -> dict[ObjectRef, Object]:
    """Return each patched object as the API server would have it.

    Raises RefusedError, ConflictError or NotFoundError for what it would refuse, UnreachableError.
    """
    answers = {}
    for patch in plan.patches:
        if patch.verb == "delete":
            await send_deletion(context, patch, dry_run=True)
        else:
            answers[patch.object] = await send_patch(context, patch, dry_run=True)
    return answers
