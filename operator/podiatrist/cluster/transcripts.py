"""Where transcripts are kept: a ConfigMap for each Diagnosis, in our own namespace.

Beside the Diagnosis they would be easier to find, but then the operator would need the right to
write ConfigMaps, which configure workloads, in every namespace.
"""

import base64
import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

from podiatrist.api import names
from podiatrist.api.diagnosis import Diagnosis
from podiatrist.cluster.client import Client
from podiatrist.cluster.errors import ConflictError, NotFoundError
from podiatrist.cluster.kinds import CONFIG_MAP, Object

_KEY = "transcript.json.gz"
_LABEL = f"{names.GROUP}/transcript"
"""Label of every transcript; its value is a hash of the Diagnosis' namespace and name, which may
be longer than a label."""
_NAMESPACE, _NAME, _UID = (f"{names.GROUP}/{part}" for part in ("namespace", "name", "uid"))
"""Annotations: whose transcript it is."""


class Packed(Protocol):
    """What can be kept: a Transcript."""

    def to_bytes(self) -> bytes:
        """Return it packed."""


@dataclass(frozen=True)
class Kept:
    """A transcript without its content."""

    name: str
    uid: str
    of: str
    """UID of its Diagnosis."""
    namespace: str = ""
    """Namespace of its Diagnosis."""


class Transcripts:
    """Saves, finds and deletes transcripts; what is in them is not this module's business."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def save(self, diagnosis: Diagnosis, transcript: Packed) -> None:
        """Keep a transcript in place of an older one of this Diagnosis. Raises ClusterError."""
        body = _config_map(diagnosis, transcript.to_bytes())
        name = body["metadata"]["name"]
        try:
            await self._client.create(CONFIG_MAP, names.NAMESPACE, body)
        except ConflictError:
            await self._client.replace(CONFIG_MAP, names.NAMESPACE, name, body)

    async def load(self, namespace: str, name: str, uid: str | None = None) -> bytes | None:
        """Return the newest transcript of a Diagnosis, None where there is none.

        With a UID it is that very Diagnosis', not one of the same name before it. Raises
        ClusterError.
        """
        labels = f"{_LABEL}={_hash(namespace, name)}"
        raws = await self._client.list_all(CONFIG_MAP, names.NAMESPACE, labels=labels)
        raws.sort(key=lambda raw: str(raw["metadata"].get("creationTimestamp")), reverse=True)
        for raw in raws:
            about = raw["metadata"].get("annotations") or {}
            whose = (about.get(_NAMESPACE), about.get(_NAME))
            if whose == (namespace, name) and uid in (None, about.get(_UID)):
                return base64.b64decode((raw.get("binaryData") or {}).get(_KEY, ""))
        return None

    async def known(self) -> list[Kept]:
        """Return what is kept, the newest first, without the contents. Raises ClusterError."""
        metadata = await self._client.list_metadata(CONFIG_MAP, names.NAMESPACE, labels=_LABEL)
        metadata.sort(key=lambda m: str(m.creation_timestamp), reverse=True)
        return [
            Kept(m.name, m.uid, m.annotations.get(_UID, ""), m.annotations.get(_NAMESPACE, ""))
            for m in metadata
        ]

    async def delete(self, kept: Kept) -> None:
        """Delete a transcript; one that is gone, or another one by now, is left alone."""
        try:
            await self._client.delete(
                CONFIG_MAP, names.NAMESPACE, kept.name, {"preconditions": {"uid": kept.uid}}
            )
        except (ConflictError, NotFoundError):
            return


def superfluous(known: Sequence[Kept], diagnoses: Collection[str], most: int) -> list[Kept]:
    """Return the transcripts that are to go: their Diagnosis is gone, or they are too many.

    `known` is in order, the newest first; `diagnoses` are the UIDs of all that exist.
    """
    alive = [kept for kept in known if kept.of in diagnoses]
    return [kept for kept in known if kept.of not in diagnoses] + alive[most:]


def _config_map(diagnosis: Diagnosis, data: bytes) -> Object:
    namespace, name = diagnosis.key
    uid = diagnosis.metadata.uid
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": f"transcript-{uid}",
            "namespace": names.NAMESPACE,
            "labels": {**names.LABELS, _LABEL: _hash(namespace, name)},
            "annotations": {_NAMESPACE: namespace, _NAME: name, _UID: uid},
        },
        "binaryData": {_KEY: base64.b64encode(data).decode()},
    }


def _hash(namespace: str, name: str) -> str:
    return hashlib.sha256(f"{namespace}/{name}".encode()).hexdigest()[:16]
