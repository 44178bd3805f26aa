"""Step `judge approval`: is the annotation the digest of an option that still is what it was?"""

from podiatrist.api import names
from podiatrist.api.conditions import Reason, drop_condition, set_condition
from podiatrist.api.diagnosis import Approval, Diagnosis
from podiatrist.lifecycle.context import Context
from podiatrist.lifecycle.replan import StaleError, replan


async def judge_approval(context: Context, diagnosis: Diagnosis) -> float | None:
    """Accept or refuse the approve annotation, once."""
    digest = diagnosis.annotation(names.APPROVE)
    if digest is None:
        # The human took back an approval that had been refused: a clean slate.
        diagnosis.status.approval = None
        drop_condition(diagnosis, "Approved")
    else:
        diagnosis.status.approval = Approval(digest=digest, at=context.clock())
        refusal = await _refusal(context, diagnosis, digest)
        if refusal is None:
            set_condition(
                diagnosis, "Approved", "True", Reason.DIGEST_MATCHED,
                f"option {digest} was approved", context.clock(),
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
    try:
        await replan(context, diagnosis, option)
    except StaleError as error:
        return Reason.STALE_DIGEST, f"nothing was done, since {error}. It is diagnosed anew."
    return None
