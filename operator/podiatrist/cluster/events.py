"""Writes Kubernetes Events: what `kubectl describe` shows below an object, for about an hour.

They are for people. Whoever may create Events can write such ones too, so nothing is decided by
them: the API server's audit log is the record.
"""

import hashlib
import socket
from dataclasses import dataclass
from datetime import UTC, datetime

from podiatrist.api import names
from podiatrist.api.diagnosis import ObjectRef
from podiatrist.api.text import clean
from podiatrist.cluster.client import Client
from podiatrist.cluster.errors import ConflictError
from podiatrist.cluster.kinds import EVENT, Object

OPERATOR, EXECUTOR = f"{names.GROUP}/operator", f"{names.GROUP}/executor"
"""`reportingComponent` of our Events, by which we know them: they are no evidence of a fault."""

CLUSTER_SCOPED = "default"
"""Namespace of Events about objects that have none; the API server takes no other."""

_MESSAGE_LIMIT = 1024
"""Bytes of a message (`NoteLengthLimit` of the API server, which counts bytes)."""

_INSTANCE_LIMIT = 128


@dataclass(frozen=True)
class Announced:
    """One Event. Two with the same `about`, `uid`, `reason` and `key` are the same one."""

    about: ObjectRef
    uid: str
    """UID of `about`; kubectl describe shows Events of that object only. Empty: not known."""
    reason: str
    action: str
    message: str
    warning: bool
    at: datetime
    key: str
    reporter: str = EXECUTOR

    @property
    def namespace(self) -> str:
        """Where the Event lies."""
        return self.about.namespace or CLUSTER_SCOPED

    @property
    def name(self) -> str:
        """Name of the Event, the same each time it is made."""
        what = "/".join((self.about.kind, self.uid, self.reason, self.key))
        suffix = "." + hashlib.sha256(what.encode()).hexdigest()[:16]
        return self.about.name[: names.NAME_LIMIT - len(suffix)] + suffix

    def body(self, instance: str) -> Object:
        """Return the v1 Event; `instance` says which process made it."""
        about = self.about.model_dump(by_alias=True, exclude_none=True)
        return {
            "apiVersion": EVENT.api_version,
            "kind": EVENT.kind,
            "metadata": {"name": self.name, "namespace": self.namespace},
            "involvedObject": about | ({"uid": self.uid} if self.uid else {}),
            "type": "Warning" if self.warning else "Normal",
            "reason": self.reason,
            "action": self.action,
            "message": one_line(self.message, _MESSAGE_LIMIT),
            "eventTime": self.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            "reportingComponent": self.reporter,
            "reportingInstance": instance[:_INSTANCE_LIMIT] or "podiatrist",
        }


async def write_event(client: Client, announced: Announced) -> None:
    """Write an Event unless it is there already. Raises ClusterError."""
    body = announced.body(socket.gethostname())
    try:
        await client.create(EVENT, announced.namespace, body)
    except ConflictError:
        return


def one_line(text: str, limit: int) -> str:
    """Return the text cleaned, without line breaks, and cut to `limit` bytes of UTF-8."""
    encoded = " ".join(clean(text).split()).encode()
    if len(encoded) <= limit:
        return encoded.decode()
    mark = "…"
    return encoded[: limit - len(mark.encode())].decode("utf-8", "ignore") + mark
