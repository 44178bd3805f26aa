"""How old an approval is, as the API server says and not the one who approves."""

from datetime import datetime, timedelta

from podiatrist.api import names
from podiatrist.api.diagnosis import Diagnosis
from podiatrist.cluster.field_managers import owner_of

_PATH = ("metadata", "annotations", names.APPROVE)


def too_old(diagnosis: Diagnosis, now: datetime, life: float) -> str | None:
    """Return why an approval has expired, None where it is fresh; `life` is in seconds.

    An executor that was down for a week must not wake up and do what was wanted then. When the
    annotation was set stands in metadata.managedFields (API concepts, "Server-Side Apply"), which
    the API server keeps.
    """
    namespace, name = diagnosis.key
    again = (
        f"approve again with: kubectl -n {namespace} annotate diagnosis {name} "
        f"{names.APPROVE}- and then {names.APPROVE}=DIGEST"
    )
    owner = owner_of({"metadata": {"managedFields": diagnosis.metadata.managed_fields}}, _PATH)
    if owner is None or owner.time is None:
        return f"the API server does not say when it was approved; {again}"
    if now - owner.time > timedelta(seconds=life):
        return f"it was approved at {owner.time:%Y-%m-%d %H:%M:%S} UTC, too long ago; {again}"
    return None
