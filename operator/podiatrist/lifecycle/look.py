"""Looks at the target of a Diagnosis: what every step that judges health starts from."""

from podiatrist.api import names
from podiatrist.api.diagnosis import Diagnosis, ObjectRef
from podiatrist.cluster.kinds import TARGETS, find_target_kind
from podiatrist.cluster.snapshot import Snapshot
from podiatrist.lifecycle.context import Context


class UnknownKindError(Exception):
    """The target is of a kind that cannot be diagnosed; `str()` names those that can."""


def target_ref(diagnosis: Diagnosis) -> ObjectRef:
    """Return the target of a Diagnosis as a reference; cluster-scoped ones have no namespace."""
    target = diagnosis.spec.target
    kind = find_target_kind(target.api_version, target.kind)
    return ObjectRef(
        api_version=target.api_version,
        kind=target.kind,
        namespace=None if kind and not kind.namespaced else diagnosis.metadata.namespace,
        name=target.name,
    )


async def look(context: Context, diagnosis: Diagnosis) -> Snapshot:
    """Read the target and what stands around it.

    Raises UnknownKindError (also for a cluster-scoped target in any namespace but ours), and
    NotFoundError where it is gone.
    """
    target = target_ref(diagnosis)
    kind = find_target_kind(target.api_version, target.kind)
    if kind is None:
        known = ", ".join(f"{k.kind} ({k.api_version})" for k in TARGETS)
        raise UnknownKindError(
            f"cannot diagnose kind {target.kind} ({target.api_version}); supported: {known}"
        )
    if not kind.namespaced and diagnosis.metadata.namespace != names.NAMESPACE:
        # Else whoever may approve in some namespace could change nodes from there.
        raise UnknownKindError(
            f"a {kind.kind} belongs to no namespace: make its Diagnosis in namespace "
            f"{names.NAMESPACE}, whose approvers may change nodes"
        )
    return await context.reader.read(kind, target.namespace, target.name, context.clock())
