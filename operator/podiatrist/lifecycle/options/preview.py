"""Step `preview`: find out what each option would do, before a human decides on it.

Whatever is decided on is worked out here, from the typed actions and the API server's answer to a
dry run (defaulting, admission, quota, the executor's own rights). What is stored may come from a
stolen token: of it only the actions, the checks, and a risk that is higher than ours count.
"""

import secrets

from podiatrist.actions.base import Object
from podiatrist.actions.catalog import parse_action
from podiatrist.actions.compiler import Plan, Proposal
from podiatrist.actions.diff import shorten
from podiatrist.api import names
from podiatrist.api.conditions import Reason, set_condition
from podiatrist.api.diagnosis import Diagnosis, Option, Preview
from podiatrist.cluster.errors import NotFoundError, RefusedError
from podiatrist.cluster.kinds import NAMESPACE, find_target_kind
from podiatrist.cluster.redaction import redact
from podiatrist.cluster.snapshot import Snapshot
from podiatrist.lifecycle.context import Context
from podiatrist.lifecycle.look import target_ref
from podiatrist.lifecycle.options.consequences.blast_radius import blast_radius
from podiatrist.lifecycle.options.consequences.new_pods import obstacles
from podiatrist.lifecycle.options.consequences.turnover import turnover
from podiatrist.lifecycle.options.dry_run import DryRun, dry_run
from podiatrist.lifecycle.options.replan import Replan, StaleError, replan
from podiatrist.lifecycle.options.repository import with_repository
from podiatrist.lifecycle.options.way_back import no_way_back


async def preview(context: Context, diagnosis: Diagnosis) -> float | None:
    """Try every option that was not tried yet, and store what it would do."""
    options = [
        o if o.preview is not None else await _try(context, diagnosis, o)
        for o in diagnosis.status.options
    ]
    diagnosis.status.options = options
    good = sum(o.preview is not None and o.preview.ok for o in options)
    message = f"{good} of {len(options)} option(s) passed the dry run"
    now = context.clock()
    if good:
        set_condition(diagnosis, "Previewed", "True", Reason.DRY_RUN_PASSED, message, now)
    else:
        set_condition(diagnosis, "Previewed", "False", Reason.DRY_RUN_REFUSED, message, now)
    await context.store.write_status(diagnosis)
    return None


async def _try(context: Context, diagnosis: Diagnosis, option: Option) -> Option:
    """Return the option with everything that a human decides on made anew."""
    try:
        replanned = await replan(context, diagnosis, option)
    except (StaleError, NotFoundError) as error:
        # Nothing that is stored about it is known to be true.
        bare = option.model_copy(update={"commands": [], "diff": [], "blast_radius": None})
        return _refused(bare, str(error))
    option = _worked_out(option, replanned)
    option = with_repository(option, replanned, patch_managed=context.patch_managed)
    if option.preview is not None:
        return option
    try:
        return await _foresee(context, diagnosis, option, replanned)
    except NotFoundError as error:
        return _refused(option, str(error))
    except RefusedError as error:
        return _refused(option, f"the API server would refuse it: {error}")


def _worked_out(option: Option, replanned: Replan) -> Option:
    """Return the option with writes, commands, diff and risk of the plan, not the stored ones."""
    plan = replanned.plan
    actions = tuple(parse_action(record) for record in option.actions)
    ours = Proposal(option.title, option.rationale, actions, option.risk)
    made = option.model_copy()
    made.writes, made.commands, made.diff = plan.writes, plan.commands, plan.diff
    made.risk, made.blast_radius = ours.overall_risk, None
    return made


async def _foresee(
    context: Context, diagnosis: Diagnosis, option: Option, replanned: Replan
) -> Option:
    """Return the option with the server's diff, its blast radius, and whether it could run."""
    plan = replanned.plan
    tried = await dry_run(context, plan.patches, replanned.live)
    option.diff = shorten(tried.diff)
    kept = no_way_back(plan, tried.after)
    if kept is not None:
        return _refused(option, kept)
    in_the_way = await _look_ahead(context, diagnosis, option, plan, tried, fresh=False)
    if in_the_way:
        # What is shared may be older than what a human did about it: nobody is refused for that.
        in_the_way = await _look_ahead(context, diagnosis, option, plan, tried, fresh=True)
    if in_the_way:
        namespace, name = diagnosis.key
        return _refused(
            option,
            f"none of its new pods could be made: {'; '.join(in_the_way)[:600]}. Mend that, then "
            f"have it tried again: kubectl -n {namespace} annotate diagnosis {name} "
            f"{names.RETRY}=1 --overwrite",
        )
    said = "the API server accepted it as a dry run"
    option.preview = Preview(ok=True, message=said, id=secrets.token_hex(8))
    return option


async def _look_ahead(
    context: Context,
    diagnosis: Diagnosis,
    option: Option,
    plan: Plan,
    tried: DryRun,
    *,
    fresh: bool,
) -> list[str]:
    """Set the blast radius, and return what would certainly refuse all new pods."""
    snapshot = await _read(context, diagnosis, fresh=fresh)
    labels = await _namespace_labels(context, snapshot.namespace)
    gone = turnover(snapshot, plan, tried.after)
    warned = [redact(text) for text in tried.warnings]
    found = obstacles(snapshot, tried.after, gone, warned, labels)
    perhaps = [o.message for o in found if not o.certain]
    option.blast_radius = blast_radius(snapshot, plan, tried.after, perhaps)
    return [o.message for o in found if o.certain]


def _refused(option: Option, why: str) -> Option:
    return option.model_copy(update={"preview": Preview(ok=False, message=why)})


async def _read(context: Context, diagnosis: Diagnosis, *, fresh: bool) -> Snapshot:
    target = target_ref(diagnosis)
    kind = find_target_kind(target.api_version, target.kind)
    if kind is None:  # cannot be: it was compiled
        raise RefusedError(f"unknown kind {target.kind}")
    return await context.reader.read(
        kind, target.namespace, target.name, context.clock(), whole=True, fresh=fresh
    )


async def _namespace_labels(context: Context, namespace: str) -> dict[str, str]:
    """Return the namespace's labels; none without a namespace, or where we may not ask."""
    if not namespace:
        return {}
    try:
        raw: Object = await context.client.get(NAMESPACE, None, namespace)
    except (NotFoundError, RefusedError):
        return {}
    labels = (raw.get("metadata") or {}).get("labels") or {}
    return {str(key): str(value) for key, value in labels.items()}
