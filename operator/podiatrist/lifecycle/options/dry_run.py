"""Sends patches to the API server as a dry run: what it would change, and what the server says."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from podiatrist.actions.base import Object
from podiatrist.actions.diff import deletion_line, diff_lines
from podiatrist.api.diagnosis import AppliedPatch, ObjectRef
from podiatrist.cluster.errors import ConflictError, RefusedError
from podiatrist.lifecycle.context import Context
from podiatrist.lifecycle.execution.apply import kind_to_patch
from podiatrist.lifecycle.execution.delete import is_deleted, send_deletion


@dataclass
class DryRun:
    """The objects as they would be, the change as a diff, and the API server's warnings."""

    after: dict[ObjectRef, Object] = field(default_factory=dict)
    diff: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


async def dry_run(
    context: Context, patches: Sequence[AppliedPatch], live: Mapping[ObjectRef, Object]
) -> DryRun:
    """Try every patch and deletion; nothing is changed. The diff is whole.

    Raises RefusedError and NotFoundError for what the API server refuses, ConflictError where it
    asks to come again, UnreachableError.
    """
    tried = DryRun()
    for patch in patches:
        ref = patch.object
        if patch.verb == "delete":
            try:
                await send_deletion(context, patch, dry_run=True)
            except ConflictError as error:
                if await is_deleted(context, patch):
                    raise RefusedError(str(error)) from None  # another pod has that name by now
                raise
            tried.diff.append(deletion_line(ref))
            continue
        kind = kind_to_patch(patch)
        operations = json.loads(patch.patch)
        answer, said = await context.client.try_patch(kind, ref.namespace, ref.name, operations)
        tried.after[ref] = answer
        tried.diff += diff_lines(ref, live[ref], answer)
        tried.warnings += said
    return tried
