"""What an intent holds: the run that it began, and whether that is what was approved.

The intent lies in the status, and a status can be forged by whoever may write it: so its patches
are held against the digest once more, and against what the option may touch.
"""

from podiatrist.actions.compiler import digest_of
from podiatrist.actions.marker import marker_of
from podiatrist.actions.scope import PROTECTED_NAMESPACES
from podiatrist.api import names
from podiatrist.api.diagnosis import AppliedPatch, Diagnosis, ObjectRef
from podiatrist.cluster.kinds import NODE, POD
from podiatrist.lifecycle.execution.marked import Run
from podiatrist.lifecycle.look import target_ref


def run_of(diagnosis: Diagnosis) -> Run:
    """Return the run that a Diagnosis records: its mark, and the name its writes go by."""
    approval, execution = diagnosis.status.approval, diagnosis.status.execution
    digest = approval.digest if approval else ""
    name = diagnosis.metadata.name
    return Run(
        marker_of(name, digest, execution.run if execution else ""),
        names.field_manager(name, digest),
    )


def not_what_was_approved(diagnosis: Diagnosis) -> str | None:
    """Return why the recorded patches must not be sent, None where they are the approved ones."""
    status = diagnosis.status
    approval, execution, observed = status.approval, status.execution, status.observed_target
    option = diagnosis.option(approval.digest) if approval else None
    if approval is None or execution is None or observed is None or option is None:
        return "there is no record of an approved option"
    if not execution.run:
        return "the record of the run has no name"
    digest = digest_of(
        observed.uid, observed.spec_hash, execution.patches, execution.inverse, option.checks
    )
    if digest != approval.digest:
        return "the recorded patches are not those of the approved digest"
    target = target_ref(diagnosis)
    allowed = {record.object for record in option.actions}
    for patch in (*execution.patches, *execution.inverse):
        in_reach = _in_reach(patch, target)
        if patch.object not in allowed or not in_reach or target.namespace in PROTECTED_NAMESPACES:
            return f"{patch.object} is out of reach for a fix of {target}"
    return None


def _in_reach(patch: AppliedPatch, target: ObjectRef) -> bool:
    """Whether a fix of the target may do that: patch it or a node, or delete a pod beside it.

    Whose pod it is shows when it is deleted: `delete.ensure_deleted` asks.
    """
    if patch.verb == "delete":
        return patch.object.kind == POD.kind and patch.object.namespace == target.namespace
    return patch.object == target or patch.object.kind == NODE.kind
