"""Whether a fix still is in place, or somebody took it back or changed it since. Pure."""

import json
from datetime import datetime, timedelta
from typing import Any

from podiatrist.actions.base import Object
from podiatrist.actions.patches import is_applied, is_same_object, pointer, would_apply
from podiatrist.api import names
from podiatrist.api.diagnosis import AppliedPatch
from podiatrist.cluster.field_managers import changed_since, described

_REPLICAS = "/spec/replicas"
_MARKER = (pointer(("metadata", "annotations")), pointer(("metadata", "annotations", names.FIX)))
"""What a patch says of its own run: no part of the fix, and missing where others replace all."""


def interference(
    raw: Object, patch: AppliedPatch, generation_before: int, since: datetime
) -> str | None:
    """Return what somebody did to a fix, None while it is in place.

    `generation_before` is the object's metadata.generation when the intent was recorded, 0 where
    it has none; `since` is when that was.
    """
    operations = [op for op in json.loads(patch.patch) if op["path"] not in _MARKER]
    fix = json.dumps(operations)
    metadata = raw.get("metadata") or {}
    if not is_same_object(raw, patch.patch):
        return f"{patch.object} was deleted and made anew"
    wanted = _without_replicas(raw, operations)
    if wanted is None or is_applied(raw, json.dumps(wanted)):
        return None
    by = _who_changed(raw, since)
    if would_apply(raw, fix):
        return f"{by} took the change of {patch.object} back"
    generation = metadata.get("generation") or 0
    if generation_before and generation <= generation_before + 1:
        # Ours was the only change: so this is what the API server, or a webhook, made of it.
        return None
    return f"{by} changed what the fix had set in {patch.object}"


def _who_changed(raw: Object, since: datetime) -> str:
    """Return who changed the spec last, as the record of field managers has it: a hint, no proof.

    That record counts in whole seconds.
    """
    changes = changed_since(raw, since - timedelta(seconds=1))
    others = [c for c in changes if not c.manager.startswith(names.NAMESPACE)]
    return described(others[0].manager, others[0].subresource) if others else "somebody"


def _without_replicas(raw: Object, operations: list[Any]) -> list[Any] | None:
    """Leave out a number of replicas that was moved on in the fix's own direction.

    Who scales up from what the fix set (an autoscaler, mostly) does not take the fix back. None:
    nothing else is left to look at.
    """
    old = next((o["value"] for o in operations if (o["op"], o["path"]) == ("test", _REPLICAS)), 1)
    new = next((o for o in operations if o["op"] != "test" and o["path"] == _REPLICAS), None)
    now = (raw.get("spec") or {}).get("replicas")
    if new is None or not isinstance(now, int):
        return operations
    before, wanted = (1 if old is None else old), new.get("value", 1)
    if not (now >= wanted > before or now <= wanted < before):
        return operations
    left = [op for op in operations if op["path"] != _REPLICAS]
    return left if any(op["op"] != "test" for op in left) else None
