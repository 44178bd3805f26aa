"""What is told: one Diagnosis that came into a state, or several that came there at once."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from podiatrist.api.diagnosis import Severity, State, Target


@dataclass(frozen=True)
class Offer:
    """One option, and the command that approves it."""

    digest: str
    title: str
    risk: str
    approve: str


@dataclass(frozen=True)
class Notification:
    """A Diagnosis that came into a state. Its texts are data, written by whoever can write a log
    line or an image name: every renderer escapes them."""

    id: str
    """The same each time this is told: receivers may drop doubles by it."""
    state: State
    at: datetime
    """When it came there, to the second."""
    namespace: str
    diagnosis: str
    uid: str
    target: Target
    severity: Severity | None
    reason: str
    """The worst finding's, such as ImageNotFound; empty where there is none."""
    summary: str
    cause: str
    outcome: str
    """What the condition says that led to the state."""
    offers: tuple[Offer, ...] = ()
    """What can be approved; the best first."""

    @property
    def look(self) -> str:
        """The command that shows the whole of it."""
        return f"kubectl -n {self.namespace} describe diagnosis {self.diagnosis}"

    def fields(self, cluster: str) -> Mapping[str, str]:
        """Return what a template may name; these are all of `FIELDS`."""
        return {
            "cluster": cluster,
            "namespace": self.namespace,
            "kind": self.target.kind,
            "name": self.target.name,
            "diagnosis": self.diagnosis,
            "state": self.state.value,
            "severity": (self.severity or Severity.INFO).value,
            "reason": self.reason,
            "summary": self.summary,
            "outcome": self.outcome,
        }


FIELDS = (
    "cluster",
    "namespace",
    "kind",
    "name",
    "diagnosis",
    "state",
    "severity",
    "reason",
    "summary",
    "outcome",
)
"""What a template may name."""


@dataclass(frozen=True)
class Digest:
    """Several notifications in one message: what was held back by the limit of a minute."""

    notifications: tuple[Notification, ...]
    """At least two, in the order in which they came."""

    @property
    def id(self) -> str:
        """The same for the same notifications."""
        ids = "/".join(n.id for n in self.notifications)
        return hashlib.sha256(ids.encode()).hexdigest()[:32]

    @property
    def at(self) -> datetime:
        """When the last of them happened."""
        return max(n.at for n in self.notifications)


Message = Notification | Digest
"""What a sink is sent."""


def ids_of(message: Message) -> tuple[str, ...]:
    """Return the ids of the notifications that a message tells."""
    if isinstance(message, Digest):
        return tuple(n.id for n in message.notifications)
    return (message.id,)
