"""Which other Diagnoses stand in the same chain of causes."""

from podiatrist.analyzers.common.result import Result
from podiatrist.api import names
from podiatrist.api.conditions import OVER
from podiatrist.api.diagnosis import Diagnosis, ObjectRef
from podiatrist.lifecycle.context import Context

_MOST = 8


async def related(context: Context, diagnosis: Diagnosis, results: list[Result]) -> list[ObjectRef]:
    """Return the open Diagnoses of the objects whose fault it is, as far as there are any yet."""
    causes = list(dict.fromkeys(r.cause for r in results if r.cause is not None))[:_MOST]
    homes = dict.fromkeys(cause.namespace or names.NAMESPACE for cause in causes)
    known = {home: await context.store.in_namespace(home) for home in homes}
    return [
        other.ref
        for cause in causes
        for other in known[cause.namespace or names.NAMESPACE]
        if (other.spec.target.kind, other.spec.target.name) == (cause.kind, cause.name)
        and other.key != diagnosis.key
        and other.status.state not in OVER
    ][:_MOST]
