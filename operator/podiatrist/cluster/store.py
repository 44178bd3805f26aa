"""Diagnoses in the cluster: read, create, and written back by compare-and-swap only."""

import hashlib
from datetime import UTC, datetime

from pydantic import ValidationError

from podiatrist.api import names
from podiatrist.api.conditions import derive_state
from podiatrist.api.diagnosis import Approval, Diagnosis, Spec, Status, Target
from podiatrist.api.size import shrink
from podiatrist.cluster.client import Client
from podiatrist.cluster.errors import ConflictError, NotFoundError
from podiatrist.cluster.kinds import DIAGNOSIS, Object
from podiatrist.cluster.snapshot import compact

_NO_DIGEST, _NOBODY = "00000000", "podiatrist.dev: nobody"
"""What the executor tries to approve, and as whom; no option and no user has such a name."""


def parse_diagnosis(raw: Object) -> Diagnosis | None:
    """Return the typed Diagnosis, None where somebody wrote one that is none."""
    try:
        return Diagnosis.model_validate(_without_nulls(raw))
    except ValidationError:
        return None


def _without_nulls(raw: Object) -> Object:
    return {k: v for k, v in raw.items() if v is not None}


def spec_hash(target: Object) -> str:
    """Return a hash of an object's spec: what an approval holds for."""
    return hashlib.sha256(
        compact(target.get("spec") or {}).encode("utf-8", "surrogatepass")
    ).hexdigest()[:16]


class Store:
    """Reads and writes Diagnoses."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def get(self, namespace: str, name: str) -> Diagnosis | None:
        """Return a Diagnosis as it is now, None where it is gone or unreadable."""
        try:
            raw = await self._client.get(DIAGNOSIS, namespace, name)
        except NotFoundError:
            return None
        return parse_diagnosis(raw)

    async def in_namespace(self, namespace: str) -> list[Diagnosis]:
        """Return all readable Diagnoses of a namespace, the newest first."""
        raws = await self._client.list_all(DIAGNOSIS, namespace)
        found = [d for d in map(parse_diagnosis, raws) if d]
        return sorted(found, key=lambda d: str(d.metadata.creation_timestamp), reverse=True)

    async def create(self, namespace: str, target: Target, name: str) -> bool:
        """Create a Diagnosis owned by its target; False where one of that name exists."""
        body = {
            "apiVersion": names.API_VERSION,
            "kind": names.KIND,
            "metadata": {
                "name": name,
                "namespace": namespace,
                "ownerReferences": [owner_reference(target)],
            },
            "spec": Spec(target=target).model_dump(by_alias=True, exclude_none=True),
        }
        try:
            await self._client.create(DIAGNOSIS, namespace, body)
        except ConflictError:
            return False
        return True

    async def adopt(self, diagnosis: Diagnosis, uid: str) -> None:
        """Make a Diagnosis that was made by hand belong to its target, so that it goes with it."""
        target = diagnosis.spec.target.model_copy(update={"uid": uid})
        body = {
            "metadata": {
                "ownerReferences": [owner_reference(target)],
                "resourceVersion": diagnosis.metadata.resource_version,
            }
        }
        namespace, name = diagnosis.key
        raw = await self._client.merge_patch(DIAGNOSIS, namespace, name, body)
        adopted = parse_diagnosis(raw)
        if adopted is not None:
            diagnosis.metadata = adopted.metadata

    async def write_status(self, diagnosis: Diagnosis) -> Diagnosis:
        """Write the status back and return what is stored now.

        Raises ConflictError when the Diagnosis changed since it was read: whoever decided on an
        old reading must read and decide again. Raises NotFoundError when it is gone.
        """
        shrink(diagnosis.status)
        diagnosis.status.state = derive_state(diagnosis.status)
        diagnosis.status.observed_generation = diagnosis.metadata.generation
        stored = await self._put_status(diagnosis, diagnosis.status, dry_run=False)
        return Diagnosis.model_validate(stored)

    async def try_to_approve(self, diagnosis: Diagnosis) -> None:
        """Approve a Diagnosis ourselves, as a dry run: what admission must refuse.

        Raises RefusedError as it should, ConflictError, NotFoundError or UnreachableError; where
        it raises nothing, admission lets anybody approve.
        """
        namespace, name = diagnosis.key
        body = {
            "metadata": {
                "uid": diagnosis.metadata.uid,
                "annotations": {names.APPROVE: _NO_DIGEST},
            }
        }
        await self._client.merge_patch(DIAGNOSIS, namespace, name, body, dry_run=True)

    async def try_to_lie(self, diagnosis: Diagnosis) -> None:
        """Write down an approver whom admission did not name, as a dry run. Raises as above."""
        forged = Approval(by=_NOBODY, digest=_NO_DIGEST, at=datetime.now(UTC))
        status = diagnosis.status.model_copy(update={"approval": forged})
        await self._put_status(diagnosis, status, dry_run=True)

    async def _put_status(self, diagnosis: Diagnosis, status: Status, *, dry_run: bool) -> Object:
        namespace, name = diagnosis.key
        body = {
            "apiVersion": names.API_VERSION,
            "kind": names.KIND,
            "metadata": {
                "name": name,
                "namespace": namespace,
                "uid": diagnosis.metadata.uid,
                "resourceVersion": diagnosis.metadata.resource_version,
            },
            "spec": diagnosis.spec.model_dump(mode="json", by_alias=True, exclude_none=True),
            "status": status.model_dump(mode="json", by_alias=True, exclude_none=True),
        }
        return await self._client.replace_status(DIAGNOSIS, namespace, name, body, dry_run=dry_run)


def owner_reference(target: Target) -> Object:
    """Return the reference that ties a Diagnosis' life to its target's."""
    return {
        "apiVersion": target.api_version,
        "kind": target.kind,
        "name": target.name,
        "uid": target.uid or "",
    }


def is_about(diagnosis: Diagnosis, uid: str) -> bool:
    """Say whether a Diagnosis is about the object of that UID."""
    observed = diagnosis.status.observed_target
    return uid in (diagnosis.spec.target.uid, observed.uid if observed else None)
