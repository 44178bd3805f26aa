"""Whether admission holds approvals and statuses to the truth, found out by trying.

That a policy object exists says little: its binding may be gone, set to warn, or leave a namespace
out. So the executor tries, as dry runs, what the policies of `deploy/30-admission.yaml` must refuse
whoever asks: to approve with an account of ours, and to write down a false approver.
"""

from collections.abc import Awaitable, Callable

from podiatrist.api.diagnosis import Diagnosis
from podiatrist.cluster.errors import RefusedError
from podiatrist.lifecycle.context import Context

_REMEDY = (
    "Nothing is executed without it; apply it with: kubectl apply -f deploy/30-admission.yaml, "
    "then approve again"
)


async def missing_fence(context: Context, diagnosis: Diagnosis) -> str | None:
    """Return which policy does not hold here and what to do, None where all of them do.

    Raises ConflictError where the Diagnosis changed meanwhile, UnreachableError.
    """
    store = context.store
    for policy, attempt in (
        ("podiatrist-approval", store.try_to_approve),
        ("podiatrist-status", store.try_to_lie),
    ):
        why = await _holds(policy, diagnosis, attempt)
        if why is not None:
            return why
    return None


async def _holds(
    policy: str, diagnosis: Diagnosis, attempt: Callable[[Diagnosis], Awaitable[None]]
) -> str | None:
    try:
        await attempt(diagnosis)
    except RefusedError as error:
        if f"'{policy}'" in str(error):
            return None
        return f"cannot tell whether admission policy {policy} holds here: {error}. {_REMEDY}"
    return f"admission policy {policy} does not hold in this cluster or namespace. {_REMEDY}"
