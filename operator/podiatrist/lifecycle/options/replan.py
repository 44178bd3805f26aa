"""Compiles a stored option again, from the cluster as it is now.

The executor trusts nothing in an option but its typed actions: scope, patches and digest are
worked out anew, and only an equal digest means that what would run is what was approved.
"""

from dataclasses import dataclass

from podiatrist.actions.base import ActionError, Object
from podiatrist.actions.catalog import parse_action
from podiatrist.actions.compiler import Plan, compile_plan, objects_needed
from podiatrist.actions.scope import check_scope
from podiatrist.actions.template import pod_spec
from podiatrist.api import names
from podiatrist.api.conditions import condition
from podiatrist.api.diagnosis import Diagnosis, ObjectRef, Option
from podiatrist.cluster.errors import NotFoundError
from podiatrist.cluster.field_managers import changed_since, describe_changes
from podiatrist.cluster.kinds import find_kind, find_target_kind
from podiatrist.cluster.objects import PodSpec, parse
from podiatrist.cluster.store import spec_hash
from podiatrist.lifecycle.context import Context
from podiatrist.lifecycle.look import target_ref


class StaleError(Exception):
    """The option no longer is what was offered; `str()` says what changed."""


@dataclass(frozen=True)
class Replan:
    """An option compiled now: the plan, and the objects it was compiled from."""

    plan: Plan
    live: dict[ObjectRef, Object]


async def replan(context: Context, diagnosis: Diagnosis, option: Option) -> Replan:
    """Compile an option again.

    Raises StaleError where it would not do exactly what its digest stands for, and ClusterError
    where the API server cannot say.
    """
    target = target_ref(diagnosis)
    try:
        actions = [parse_action(record) for record in option.actions]
        live = {target: await read(context, target)}
        for ref in objects_needed(actions):
            if ref not in live:
                live[ref] = await read(context, ref)
        _check_target(diagnosis, live[target])
        kind = find_target_kind(target.api_version, target.kind)
        if kind is None:
            raise ActionError(f"{target.kind} cannot be a target")
        has_pods = kind.template is not None
        spec = parse(PodSpec, pod_spec(kind, live[target])) if has_pods else None
        for action in actions:
            check_scope(action, target, spec or PodSpec())
        plan = compile_plan(
            actions,
            live,
            target_uid=uid_of(live[target]),
            target_spec_hash=spec_hash(live[target]),
            checks=option.checks,
        )
    except NotFoundError as error:
        raise StaleError(f"{error}") from None
    except ActionError as error:
        raise StaleError(f"it cannot be done any more: {error}") from None
    if plan.digest != option.digest:
        touched = ", ".join(str(p.object) for p in plan.patches)
        raise StaleError(f"what it would change ({touched}) is not what it was when it was offered")
    return Replan(plan, live)


def uid_of(raw: Object) -> str:
    """Return an object's UID."""
    return str((raw.get("metadata") or {}).get("uid") or "")


async def read(context: Context, ref: ObjectRef) -> Object:
    """Read an object by reference. Raises NotFoundError, ActionError for an unknown kind."""
    kind = find_kind(ref.api_version, ref.kind)
    if kind is None:
        raise ActionError(f"unknown kind {ref.kind} ({ref.api_version})")
    return await context.client.get(kind, ref.namespace, ref.name)


def _check_target(diagnosis: Diagnosis, raw: Object) -> None:
    observed = diagnosis.status.observed_target
    target = diagnosis.spec.target
    if observed is None:
        raise StaleError("it was never looked at")
    if target_ref(diagnosis).namespace is None and diagnosis.metadata.namespace != names.NAMESPACE:
        raise StaleError(f"a {target.kind} is only changed from namespace {names.NAMESPACE}")
    if uid_of(raw) != observed.uid:
        raise StaleError(f"{target.kind} {target.name} was deleted and made anew")
    if spec_hash(raw) != observed.spec_hash:
        by = _by(diagnosis, raw)
        raise StaleError(f"the spec of {target.kind} {target.name} changed after the diagnosis{by}")


def _by(diagnosis: Diagnosis, raw: Object) -> str:
    """Return who changed the target since it was looked at, as far as the API server tells."""
    looked = condition(diagnosis.status, "Diagnosed")
    changes = changed_since(raw, looked.last_transition_time) if looked else []
    return f": {describe_changes(changes)}" if changes else ""
