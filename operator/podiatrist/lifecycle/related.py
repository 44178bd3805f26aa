"""Which other Diagnoses stand in the same chain of causes."""

from podiatrist.analyzers.common.result import Result
from podiatrist.api import names
from podiatrist.api.conditions import OVER
from podiatrist.api.diagnosis import Diagnosis, ObjectRef
from podiatrist.lifecycle.context import Context

_MOST = 8


async def related(context: Context, diagnosis: Diagnosis, results: list[Result]) -> list[ObjectRef]:
    """Return the open Diagnoses of the objects whose fault it is, as far as there are any yet."""
    causes = list(dict.fromkeys(r.cause for r in results if r.cause is not None))
    found: list[ObjectRef] = []
    for cause in causes[:_MOST]:
        home = cause.namespace or names.NAMESPACE
        for other in await context.store.in_namespace(home):
            target = other.spec.target
            same = (target.kind, target.name) == (cause.kind, cause.name)
            if same and other.key != diagnosis.key and other.status.state not in OVER:
                found.append(other.ref)
    return found[:_MOST]
