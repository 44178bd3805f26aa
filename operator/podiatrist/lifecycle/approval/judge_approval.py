"""Step `judge approval`: is the annotation a fresh yes to an option that still is what it was?"""

from podiatrist.api import names
from podiatrist.api.conditions import Reason, drop_condition, set_condition
from podiatrist.api.diagnosis import Approval, Diagnosis
from podiatrist.api.text import clip
from podiatrist.lifecycle.approval.approval_age import too_old
from podiatrist.lifecycle.approval.fences import missing_fence
from podiatrist.lifecycle.approval.switch import held
from podiatrist.lifecycle.context import Context
from podiatrist.lifecycle.options.replan import StaleError, replan


async def judge_approval(context: Context, diagnosis: Diagnosis) -> float | None:
    """Accept or refuse the approve annotation, once."""
    digest = diagnosis.annotation(names.APPROVE)
    if digest is None:
        # The human took back an approval that had been refused: a clean slate.
        diagnosis.status.approval = None
        drop_condition(diagnosis, "Approved")
    else:
        by = diagnosis.annotation(names.APPROVED_BY)
        approval = Approval(digest=digest, at=context.clock())
        if by is not None and by == clip(by, 1024):
            approval.by = by
        diagnosis.status.approval = approval
        refusal = await _refusal(context, diagnosis, digest)
        if refusal is None:
            set_condition(
                diagnosis, "Approved", "True", Reason.DIGEST_MATCHED,
                f"option {digest} was approved by {approval.by}", context.clock(),
            )  # fmt: skip
        else:
            refuse(context, diagnosis, *refusal)
    await context.store.write_status(diagnosis)
    return None


def refuse(context: Context, diagnosis: Diagnosis, reason: Reason, message: str) -> None:
    """Write down that an approval is not acted upon; a changed target is diagnosed anew."""
    now = context.clock()
    set_condition(diagnosis, "Approved", "False", reason, message, now)
    if reason is Reason.STALE_DIGEST:
        set_condition(diagnosis, "Diagnosed", "Unknown", Reason.TARGET_CHANGED, message, now)


async def _refusal(
    context: Context, diagnosis: Diagnosis, digest: str
) -> tuple[Reason, str] | None:
    option = diagnosis.option(digest)
    if option is None:
        known = ", ".join(o.digest for o in diagnosis.status.options) or "none"
        if digest in diagnosis.status.superseded:
            return Reason.STALE_DIGEST, (
                f"{digest} was offered before {diagnosis.spec.target.kind} "
                f"{diagnosis.spec.target.name} changed; nothing was done. Current options: {known}"
            )
        return Reason.UNKNOWN_DIGEST, (
            f"no option has the digest {digest}; nothing was done. Current options: {known}"
        )
    if option.preview is None or not option.preview.ok:
        why = option.preview.message if option.preview else "it was not tried yet"
        return Reason.OPTION_NOT_RUNNABLE, f"option {digest} cannot run: {why}"
    seen = diagnosis.annotation(names.APPROVED_PREVIEW)
    if seen is not None and seen != option.preview.id:
        # Only an operator that is not ours any more would offer something else by the same digest.
        return Reason.STALE_DIGEST, (
            f"nothing was done: option {digest} was offered anew after it was approved. "
            "It is diagnosed anew."
        )
    barred = await bars(context, diagnosis)
    if barred is not None:
        return barred
    try:
        await replan(context, diagnosis, option)
    except StaleError as error:
        return Reason.STALE_DIGEST, f"nothing was done, since {error}. It is diagnosed anew."
    return None


async def bars(context: Context, diagnosis: Diagnosis) -> tuple[Reason, str] | None:
    """Return why no approval counts now, whatever it is for; None where one does.

    Asked when an approval is read, and again before anything of it is done. Raises ClusterError.
    """
    off = await held(context, diagnosis.metadata.namespace)
    if off is not None:
        return Reason.SWITCHED_OFF, f"nothing was done: {off}. Approve again when it may run"
    missing = await missing_fence(context, diagnosis)
    if missing is not None:
        return Reason.POLICY_MISSING, f"nothing was done: {missing}"
    approval = diagnosis.status.approval
    if approval is None or approval.by is None:
        return Reason.POLICY_MISSING, (
            f"nothing was done: nobody says who approved ({names.APPROVED_BY} is missing or "
            "cannot be written down). Take the annotation away and approve again"
        )
    old = too_old(diagnosis, context.clock(), context.timing.approval_life)
    return (Reason.EXPIRED, f"nothing was done: {old}") if old is not None else None
