"""Sends deletions of pods, and finds out after a crash whether one went through.

A deletion names the UID of the pod that a human saw. Gone, going, or another one under the same
name: then it is done.
"""

import asyncio
import json
from collections.abc import Mapping
from typing import Any

from podiatrist.actions.base import Action, ActionError, Object
from podiatrist.actions.delete_pod import DeletePod
from podiatrist.actions.marker import version_of
from podiatrist.api.diagnosis import AppliedPatch, ObjectRef
from podiatrist.cluster.errors import ConflictError, NotFoundError, RefusedError
from podiatrist.cluster.kinds import DELETABLE, Kind, find_kind
from podiatrist.lifecycle.context import Context
from podiatrist.lifecycle.execution.outcome import Outcome

_TRIES = 5
"""How often a pod whose status moves is read and deleted before that counts as refused."""

_LAG = 10
"""How often, half a second apart, the controller is asked whether it knows its new template."""


async def send_deletion(
    context: Context,
    deletion: AppliedPatch,
    *,
    dry_run: bool,
    version: str | None = None,
    field_manager: str | None = None,
) -> None:
    """Send one deletion. Raises RefusedError for a kind that is never deleted.

    With a resourceVersion it is refused (ConflictError) where anything happened to the pod since:
    a pod that ends already would take a second deletion.
    """
    options = json.loads(deletion.patch)
    if version:
        options.setdefault("preconditions", {})["resourceVersion"] = version
    await context.client.delete(
        _kind(deletion.object),
        deletion.object.namespace,
        deletion.object.name,
        options,
        dry_run=dry_run,
        field_manager=field_manager,
    )


async def ensure_deleted(
    context: Context, deletion: AppliedPatch, action: Action, field_manager: str | None = None
) -> tuple[Outcome, str]:
    """Delete a pod unless that is done already; returns what became of it, and why.

    The approved action is held against the pod and its controller once more: the text of a
    deletion says nothing of owners, and a status can be forged.
    """
    pod = deletion.object
    if not isinstance(action, DeletePod) or action.object != pod:
        return Outcome.REFUSED, f"{pod} is not what the option deletes"
    refusal = ""
    for _ in range(_TRIES):
        try:
            if await is_deleted(context, deletion):
                return Outcome.DONE, f"{pod} is gone"
            above = {ref: await _get(context, ref) for ref in action.reads()}
            action.apply(await _get(context, pod), above)
            await _controller_caught_up(context, action.owner, above)
            raw = await _get(context, pod)
            action.apply(raw, above)
            await send_deletion(
                context,
                deletion,
                dry_run=False,
                version=version_of(raw),
                field_manager=field_manager,
            )
        except ActionError as error:
            return Outcome.FOREIGN_CHANGE, str(error)
        except ConflictError as error:
            refusal = str(error)  # its status moved, or it is gone: the next look tells
        except (NotFoundError, RefusedError) as error:
            if await is_deleted(context, deletion):
                return Outcome.DONE, f"{pod} is gone"
            return Outcome.REFUSED, f"the API server refused to delete {pod}: {error}"
        else:
            return Outcome.DONE, f"{pod} deleted"
    return Outcome.REFUSED, f"the API server refused to delete {pod}: {refusal}"


async def is_deleted(context: Context, deletion: AppliedPatch) -> bool:
    """Say whether the pod that was to be deleted is gone or on its way."""
    try:
        raw = await _get(context, deletion.object)
    except NotFoundError:
        return True
    metadata = raw.get("metadata") or {}
    wanted = (json.loads(deletion.patch).get("preconditions") or {}).get("uid")
    return metadata.get("uid") != wanted or bool(metadata.get("deletionTimestamp"))


async def _controller_caught_up(
    context: Context, owner: ObjectRef, above: Mapping[ObjectRef, Object]
) -> None:
    """Wait a little for a template that was just changed: else the pod comes back as it was."""
    raw: Any = above[owner]
    for _ in range(_LAG):
        seen = (raw.get("status") or {}).get("observedGeneration")
        wanted = (raw.get("metadata") or {}).get("generation")
        if not isinstance(seen, int) or not isinstance(wanted, int) or seen >= wanted:
            return
        await asyncio.sleep(0.5)
        raw = await _get(context, owner)


async def _get(context: Context, ref: ObjectRef) -> Object:
    kind = find_kind(ref.api_version, ref.kind)
    if kind is None:
        raise RefusedError(f"unknown kind {ref.kind}")
    return await context.client.get(kind, ref.namespace, ref.name)


def _kind(ref: ObjectRef) -> Kind:
    kind = find_kind(ref.api_version, ref.kind)
    if kind is None or kind not in DELETABLE:
        raise RefusedError(f"{ref.kind} is never deleted")
    return kind
