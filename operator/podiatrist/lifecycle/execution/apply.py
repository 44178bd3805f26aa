"""Sends patches, and finds out after a crash whether one went through.

A patch tests the old values it replaces, so sending it twice is refused by the API server itself.
What is left to find out after a crash is only whether it went through; the object tells.
"""

import json

from podiatrist.actions.patches import is_applied, would_apply
from podiatrist.api.diagnosis import AppliedPatch
from podiatrist.cluster.errors import NotFoundError, RefusedError
from podiatrist.cluster.kinds import PATCHABLE, Kind, find_kind
from podiatrist.lifecycle.context import Context
from podiatrist.lifecycle.execution.outcome import Outcome


def kind_to_patch(patch: AppliedPatch) -> Kind:
    """Return the kind that a patch is for. Raises RefusedError for one that is never patched."""
    kind = find_kind(patch.object.api_version, patch.object.kind)
    if kind is None or kind not in PATCHABLE or patch.verb != "patch":
        raise RefusedError(f"{patch.object.kind} is never patched")
    return kind


async def ensure_applied(context: Context, patch: AppliedPatch) -> tuple[Outcome, str]:
    """Apply a patch unless it is applied already; returns what became of it, and why.

    Raises UnreachableError where nobody can say: the caller comes back later and asks again.
    """
    kind = find_kind(patch.object.api_version, patch.object.kind)
    if kind is None:
        return Outcome.REFUSED, f"unknown kind {patch.object.kind}"
    try:
        raw = await context.client.get(kind, patch.object.namespace, patch.object.name)
        if is_applied(raw, patch.patch):
            return Outcome.DONE, f"{patch.object} is as it should be"
        if not would_apply(raw, patch.patch):
            return Outcome.FOREIGN_CHANGE, f"somebody else changed {patch.object} in the meantime"
        ref, operations = patch.object, json.loads(patch.patch)
        await context.client.json_patch(kind_to_patch(patch), ref.namespace, ref.name, operations)
    except NotFoundError:
        return Outcome.FOREIGN_CHANGE, f"{patch.object} is gone"
    except RefusedError as error:
        # Another executor, or a request of our own past self, may have been quicker.
        if is_applied(await context.client.get(kind, patch.object.namespace, patch.object.name),
                      patch.patch):  # fmt: skip
            return Outcome.DONE, f"{patch.object} is as it should be"
        return Outcome.REFUSED, f"the API server refused to change {patch.object}: {error}"
    return Outcome.DONE, f"{patch.object} patched"
