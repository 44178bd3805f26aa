"""Whether an option is a change for somebody's repository rather than for the live object.

Operator and executor both ask this, each of the objects as it reads them: the operator to show
it, the executor before it tries an option and once more before it runs one.
"""

from collections.abc import Mapping

from podiatrist.actions.base import Object
from podiatrist.actions.compiler import Plan
from podiatrist.actions.manifest_change import repository_change
from podiatrist.api.diagnosis import ObjectRef, Option, Preview, RepositoryChange
from podiatrist.cluster.managed_by import ManagedBy, managed_by
from podiatrist.lifecycle.options.replan import Replan


def repository_of(plan: Plan, live: Mapping[ObjectRef, Object]) -> RepositoryChange | None:
    """Return a plan as a change for the repository, None where nobody keeps what it patches.

    A deletion is none: pods are made anew, and no manifest holds them. Where a plan patches
    objects of several sources, the first one is named and the patch holds all of them.
    """
    kept = _kept(plan, live)
    if not kept:
        return None
    patches = [p for p in plan.patches if p.verb == "patch" and p.object in kept]
    return repository_change(next(iter(kept.values())), patches, live)


def with_repository(option: Option, replanned: Replan, *, patch_managed: bool) -> Option:
    """Return an option with its change for the repository as it is now.

    Where it must not be tried on the live object, its preview says so. `patch_managed` lifts that.
    """
    plan, live = replanned.plan, replanned.live
    refusal = None if patch_managed else why_not_live(plan, live)
    preview = Preview(ok=False, message=refusal) if refusal else None
    return option.model_copy(
        update={"repository": repository_of(plan, live), "preview": preview or option.preview}
    )


def why_not_live(plan: Plan, live: Mapping[ObjectRef, Object]) -> str | None:
    """Return why a plan is not carried out on the live objects, None where it may be."""
    change, kept = repository_of(plan, live), _kept(plan, live)
    if change is None:
        return None
    ref, managed = next(iter(kept.items()))
    return (
        f"{ref.kind} {ref.name} is kept by {managed.manager} {managed.source}: "
        f"{managed.takes_back}. Change it in the repository: {change.hint}"
    )


def _kept(plan: Plan, live: Mapping[ObjectRef, Object]) -> dict[ObjectRef, ManagedBy]:
    found = {p.object: managed_by(live[p.object]) for p in plan.patches if p.verb == "patch"}
    return {ref: managed for ref, managed in found.items() if managed is not None}
