"""Step `reject`: a human said no."""

from podiatrist.api import names
from podiatrist.api.conditions import Reason, set_condition
from podiatrist.api.diagnosis import Diagnosis
from podiatrist.lifecycle.context import Context


async def reject(context: Context, diagnosis: Diagnosis) -> float | None:
    """End the story without a write."""
    why = diagnosis.annotation(names.REJECT) or ""
    message = f"rejected by annotation {names.REJECT}" + (f": {why}" if why else "")
    set_condition(diagnosis, "Approved", "False", Reason.REJECTED, message, context.clock())
    await context.store.write_status(diagnosis)
    return None
