"""How old an approval is, as the API server says and not the one who approves."""

from datetime import datetime, timedelta

from podiatrist.api import names
from podiatrist.api.diagnosis import Diagnosis
from podiatrist.cluster.field_managers import owner_of

_PATH = ("metadata", "annotations", names.APPROVE)


def too_old(diagnosis: Diagnosis, now: datetime, life: float) -> str | None:
    """Return why an approval has expired, None where it is fresh; `life` is in seconds.

    An executor that was down for a week must not wake up and do what was wanted then.
    """
    namespace, name = diagnosis.key
    again = (
        f"approve again with: kubectl -n {namespace} annotate diagnosis {name} "
        f"{names.APPROVE}- and then {names.APPROVE}=DIGEST"
    )
    moment = approved_at(diagnosis)
    if moment is None:
        return f"the API server does not say when it was approved; {again}"
    if now - moment > timedelta(seconds=life):
        return f"it was approved at {moment:%Y-%m-%d %H:%M:%S} UTC, too long ago; {again}"
    return None


def approved_at(diagnosis: Diagnosis) -> datetime | None:
    """Return when the API server took the approval in, None where it does not say.

    podiatrist-stamp writes the moment down, and podiatrist-approval keeps it. On a cluster too old
    for the stamp, metadata.managedFields has it (API concepts, "Server-Side Apply"); that is the
    time of its entry, which whoever annotates the Diagnosis with the same client makes younger.
    """
    stamped = diagnosis.annotation(names.APPROVED_AT)
    if stamped is not None:
        return _parsed(stamped)
    owner = owner_of({"metadata": {"managedFields": diagnosis.metadata.managed_fields}}, _PATH)
    return owner.time if owner else None


def _parsed(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else None
