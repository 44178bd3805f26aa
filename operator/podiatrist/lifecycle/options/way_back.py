"""Whether what a plan does could be undone, from what the API server's dry run made of it. Pure.

An inverse patch tests for what the patch wrote. Where the API server, or a webhook, completes or
rewrites that, the inverse fits no object that will ever be stored.
"""

from collections.abc import Mapping

from podiatrist.actions.base import Object
from podiatrist.actions.compiler import Plan
from podiatrist.actions.patches import unmet
from podiatrist.api.diagnosis import ObjectRef

_MOST = 3


def no_way_back(plan: Plan, after: Mapping[ObjectRef, Object]) -> str | None:
    """Return why a plan could not be undone, None where every inverse patch fits.

    `after` are the objects as the dry run returned them.
    """
    for inverse in plan.inverse:
        if paths := unmet(_marked(after[inverse.object]), inverse.patch):
            more = f" and {len(paths) - _MOST} more" if len(paths) > _MOST else ""
            return (
                f"it could not be undone: the API server would store {inverse.object} otherwise "
                f"than it is patched, at {', '.join(paths[:_MOST])}{more}"
            )
    return None


def _marked(raw: Object) -> Object:
    """Return an object as if it bore a mark: then it has annotations, were they gone otherwise."""
    metadata = raw.get("metadata") or {}
    return {**raw, "metadata": {**metadata, "annotations": metadata.get("annotations") or {}}}
