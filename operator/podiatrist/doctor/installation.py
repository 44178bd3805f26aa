"""The installation as it was read: everything the checks look at, and nothing they could change."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from msgspec import field as stored

from podiatrist.api import names
from podiatrist.api.diagnosis import Diagnosis
from podiatrist.cluster.kinds import Object
from podiatrist.cluster.objects import NamedObject, Pod, Struct, Workload
from podiatrist.doctor.rights import Rights
from podiatrist.doctor.shipped import Key, Manifest
from podiatrist.doctor.verdict import Hidden

ROLES = ("operator", "executor")
"""What runs; each is a Deployment of that name."""

Found = Object | Hidden | None
"""An object as it is; None where it does not exist."""


class Lease(NamedObject):
    """coordination.k8s.io/v1 Lease: who leads, and when he last said so."""

    class Spec(Struct):
        """The holder."""

        holder_identity: str = ""
        renew_time: datetime | None = None
        lease_duration_seconds: int = 0

    spec: Spec = stored(default_factory=Spec)


@dataclass(frozen=True)
class Version:
    """The version of Kubernetes: `1.37`."""

    major: int
    minor: int

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}"

    def older_than(self, minor: int) -> bool:
        """Say whether it is older than 1.`minor`."""
        return (self.major, self.minor) < (1, minor)


@dataclass(frozen=True)
class Binding:
    """A ClusterRoleBinding or RoleBinding that names one of our accounts, or everybody."""

    kind: str
    namespace: str
    name: str
    role: str
    subjects: list[Object]
    to_all: Rights | Hidden | None = None
    """What it grants to everybody; None where it names an account of ours."""


@dataclass(frozen=True)
class Model:
    """What is configured about a model; its key is never read."""

    name: str | Hidden = ""
    """PODIATRIST_MODEL; empty: none."""
    secret: bool | Hidden = False
    """Whether there is a Secret `podiatrist-model`."""


def places_of(namespaces: Iterable[str]) -> tuple[str, ...]:
    """Return the namespaces in which the rights of an installation are looked at."""
    return tuple(dict.fromkeys((names.NAMESPACE, "default", *namespaces)))


@dataclass(frozen=True)
class Installation:
    """Podiatrist in a cluster. What could not be read is Hidden, what is not there None."""

    taken_at: datetime
    """By the API server's clock: the user's own may be wrong."""
    program: str
    """Version of this program."""
    server: Version
    shipped: tuple[Manifest, ...]
    found: Mapping[Key, Found]
    """The shipped objects as they are, and the CustomResourceDefinition."""
    namespaces: tuple[str, ...] = ()
    """Those it is confined to; none: it looks everywhere."""
    bindings: list[Binding] | Hidden = field(default_factory=list)
    effective: Mapping[str, Rights | Hidden] = field(default_factory=dict)
    """What the API server says that our accounts, and NOBODY, may do in `places`, by user name.
    Hidden where the user may not ask in their name."""
    workloads: Mapping[str, Workload | Hidden | None] = field(default_factory=dict)
    """The Deployments of the roles."""
    pods: list[Pod] | Hidden = field(default_factory=list)
    """Of namespace podiatrist."""
    last_words: Mapping[str, str] = field(default_factory=dict)
    """The last line of the log of a pod whose container failed, redacted."""
    leases: Mapping[str, Lease | Hidden | None] = field(default_factory=dict)
    """Of the roles."""
    model: Model = field(default_factory=Model)
    switch: str | Hidden | None = None
    """What ConfigMap podiatrist/executor says about execution; None: nothing."""
    switched_off: list[str] | Hidden = field(default_factory=list)
    """Namespaces in which nothing is executed."""
    diagnoses: list[Diagnosis] | Hidden = field(default_factory=list)

    @property
    def places(self) -> tuple[str, ...]:
        """Namespaces in which rights are looked at: ours, one that is not, and the team's."""
        return places_of(self.namespaces)

    @property
    def only_diagnoses(self) -> bool:
        """Whether there is no executor at all, as when `deploy/executor.yaml` was deleted."""
        parts = [m.key for m in self.shipped if m.of_executor]
        gone = all(self.found.get(key) is None for key in parts)
        return gone and self.workloads.get("executor") is None

    def age(self, moment: datetime | None) -> timedelta:
        """Return how long ago that was; no time at all where nobody knows."""
        return self.taken_at - moment if moment is not None else timedelta()

    def manifest(self, kind: str, name: str) -> Manifest | None:
        """Return what was shipped under that name."""
        return next((m for m in self.shipped if (m.kind.kind, m.name) == (kind, name)), None)
