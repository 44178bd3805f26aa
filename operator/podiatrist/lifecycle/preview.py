"""Step `preview`: ask the API server, by dry run, what each option would do.

What a human decides on is the server's answer (defaulting, admission, quota, the executor's own
rights), not what anybody says about it.
"""

from podiatrist.actions.diff import deletion_line, diff_lines, shorten
from podiatrist.api.conditions import Reason, set_condition
from podiatrist.api.diagnosis import Diagnosis, Option, Preview
from podiatrist.cluster.errors import ConflictError, NotFoundError, RefusedError
from podiatrist.lifecycle.apply import send_patch
from podiatrist.lifecycle.context import Context
from podiatrist.lifecycle.delete import send_deletion
from podiatrist.lifecycle.replan import Replan, StaleError, replan
from podiatrist.lifecycle.repository import with_repository


async def preview(context: Context, diagnosis: Diagnosis) -> float | None:
    """Dry-run every option that was not yet, and store diff and outcome."""
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
    try:
        replanned = await replan(context, diagnosis, option)
        option = with_repository(option, replanned, patch_managed=context.patch_managed)
        if option.preview is not None:
            return option
        diff = await _dry_run(context, replanned)
    except (StaleError, NotFoundError) as error:
        return option.model_copy(update={"preview": Preview(ok=False, message=str(error))})
    except (ConflictError, RefusedError) as error:
        message = f"the API server would refuse it: {error}"
        return option.model_copy(update={"preview": Preview(ok=False, message=message)})
    preview = Preview(ok=True, message="the API server accepted it as a dry run")
    return option.model_copy(update={"preview": preview, "diff": diff})


async def _dry_run(context: Context, replanned: Replan) -> list[str]:
    lines: list[str] = []
    for patch in replanned.plan.patches:
        if patch.verb == "delete":
            await send_deletion(context, patch, dry_run=True)
            lines.append(deletion_line(patch.object))
            continue
        answer = await send_patch(context, patch, dry_run=True)
        lines += diff_lines(patch.object, replanned.live[patch.object], answer)
    return shorten(lines)
