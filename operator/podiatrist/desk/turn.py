"""Rejects a Diagnosis, or has it looked at again."""

from datetime import UTC, datetime

from podiatrist.api import names
from podiatrist.api.conditions import OVER, has
from podiatrist.api.diagnosis import Diagnosis
from podiatrist.cluster.client import Client
from podiatrist.cluster.kinds import DIAGNOSIS
from podiatrist.desk.errors import NotDoneError


def check_rejectable(diagnosis: Diagnosis) -> None:
    """Raise NotDoneError where there is nothing left to say no to."""
    name, state = diagnosis.metadata.name, diagnosis.status.state
    if state in OVER:
        assert state is not None
        raise NotDoneError(f"{name} is over already ({state.value})")
    if has(diagnosis, "Approved", "True"):
        raise NotDoneError(
            f"an option of {name} was approved and is being carried out; once it is done: undo "
            f"{name}"
        )


async def reject(client: Client, diagnosis: Diagnosis, why: str) -> None:
    """End the story of a Diagnosis without a write. Raises NotDoneError, ClusterError."""
    check_rejectable(diagnosis)
    await _annotate(client, diagnosis, {names.REJECT: why})


async def retry(client: Client, diagnosis: Diagnosis, now: datetime) -> None:
    """Have a Diagnosis looked at again, also one that was rejected. Raises ClusterError."""
    value = now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    # With a rejection that still stands it would be rejected again as soon as it was looked at.
    await _annotate(client, diagnosis, {names.RETRY: value, names.REJECT: None})


async def _annotate(
    client: Client, diagnosis: Diagnosis, annotations: dict[str, str | None]
) -> None:
    body = {"metadata": {"uid": diagnosis.metadata.uid, "annotations": annotations}}
    await client.merge_patch(DIAGNOSIS, *diagnosis.key, body)
