"""Typed projections of Kubernetes objects: only the fields the rules look at.

Objects of the real world are half-filled: fields are missing, null, or newer than we know. Every
field here has a default, null counts as missing, unknown fields are skipped, and an object whose
known fields have the wrong type is left out (with a warning) instead of hiding all others.
"""

import logging
from collections.abc import Iterable
from datetime import datetime
from typing import Any, TypeVar

import msgspec
from msgspec import field

from podiatrist.api.diagnosis import ObjectRef

log = logging.getLogger(__name__)


class Struct(msgspec.Struct, rename="camel", kw_only=True):
    """Common settings: camelCase names as on the wire. Nobody changes them once parsed."""


class OwnerReference(Struct):
    """metav1.OwnerReference."""

    api_version: str = ""
    kind: str = ""
    name: str = ""
    uid: str = ""
    controller: bool = False


class Metadata(Struct):
    """metav1.ObjectMeta."""

    name: str = ""
    namespace: str = ""
    uid: str = ""
    generation: int = 0
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}
    owner_references: list[OwnerReference] = []
    creation_timestamp: datetime | None = None
    deletion_timestamp: datetime | None = None

    @property
    def controller(self) -> OwnerReference | None:
        """The owner that manages the object, if one does."""
        return next((o for o in self.owner_references if o.controller), None)


class Requirement(Struct):
    """One term of a label selector or node selector."""

    key: str = ""
    operator: str = ""
    values: list[str] = []


class NodeSelectorTerm(Struct):
    """Requirements that must all hold."""

    match_expressions: list[Requirement] = []
    match_fields: list[Requirement] = []


class NodeSelector(Struct):
    """Terms of which one must hold."""

    node_selector_terms: list[NodeSelectorTerm] = []


class NodeAffinity(Struct):
    """Rules about nodes; the preferred ones never keep a pod from running."""

    required: NodeSelector | None = field(
        default=None, name="requiredDuringSchedulingIgnoredDuringExecution"
    )


class PodAffinity(Struct):
    """Rules about other pods, kept as they are: we name them, we do not evaluate them."""

    required: list[dict[str, Any]] = field(
        default_factory=list, name="requiredDuringSchedulingIgnoredDuringExecution"
    )


class Affinity(Struct):
    """All affinity rules of a pod."""

    node_affinity: NodeAffinity | None = None
    pod_affinity: PodAffinity | None = None
    pod_anti_affinity: PodAffinity | None = None


class Toleration(Struct):
    """A taint that a pod puts up with."""

    key: str = ""
    operator: str = "Equal"
    value: str = ""
    effect: str = ""


class Taint(Struct):
    """What keeps pods off a node."""

    key: str = ""
    value: str = ""
    effect: str = ""

    def __str__(self) -> str:
        """Return the taint as kubectl writes it: `key=value:Effect`."""
        return (
            f"{self.key}={self.value}:{self.effect}" if self.value else f"{self.key}:{self.effect}"
        )


class ContainerPort(Struct):
    """A port that a container declares."""

    container_port: int = 0
    host_port: int = 0
    host_ip: str = field(default="", name="hostIP")
    protocol: str = "TCP"


class Resources(Struct):
    """Requests and limits as quantities in Kubernetes' notation."""

    requests: dict[str, str | int | float] = {}
    limits: dict[str, str | int | float] = {}


class Container(Struct):
    """A container as it is asked for."""

    name: str = ""
    image: str = ""
    image_pull_policy: str = ""
    restart_policy: str = ""
    ports: list[ContainerPort] = []
    resources: Resources = field(default_factory=Resources)


class ClaimSource(Struct):
    """A volume that is a PersistentVolumeClaim."""

    claim_name: str = ""


class Volume(Struct):
    """A volume of a pod, as far as scheduling looks at it."""

    name: str = ""
    persistent_volume_claim: ClaimSource | None = None
    ephemeral: dict[str, Any] | None = None


class LocalReference(Struct):
    """A name in the same namespace."""

    name: str = ""


class PodSpec(Struct):
    """What a pod asks for."""

    node_name: str = ""
    node_selector: dict[str, str] = {}
    affinity: Affinity | None = None
    tolerations: list[Toleration] = []
    containers: list[Container] = []
    init_containers: list[Container] = []
    volumes: list[Volume] = []
    overhead: dict[str, str | int | float] = {}
    resources: Resources = field(default_factory=Resources)
    topology_spread_constraints: list[dict[str, Any]] = []
    image_pull_secrets: list[LocalReference] = []
    service_account_name: str = ""
    host_network: bool = False
    scheduler_name: str = "default-scheduler"
    scheduling_gates: list[LocalReference] = []


class Waiting(Struct):
    """Why a container is not running."""

    reason: str = ""
    message: str = ""


class ContainerState(Struct):
    """State of a container; absent parts mean another state."""

    waiting: Waiting | None = None
    running: dict[str, Any] | None = None
    terminated: dict[str, Any] | None = None


class ContainerStatus(Struct):
    """What the kubelet says of a container."""

    name: str = ""
    image: str = ""
    image_id: str = field(default="", name="imageID")
    ready: bool = False
    restart_count: int = 0
    state: ContainerState = field(default_factory=ContainerState)


class Condition(Struct):
    """A condition of any object."""

    type: str = ""
    status: str = ""
    reason: str = ""
    message: str = ""
    last_transition_time: datetime | None = None


class PodStatus(Struct):
    """What the cluster says of a pod."""

    phase: str = ""
    conditions: list[Condition] = []
    container_statuses: list[ContainerStatus] = []
    init_container_statuses: list[ContainerStatus] = []
    nominated_node_name: str = ""


class Pod(Struct):
    """v1 Pod."""

    metadata: Metadata = field(default_factory=Metadata)
    spec: PodSpec = field(default_factory=PodSpec)
    status: PodStatus = field(default_factory=PodStatus)

    @property
    def ref(self) -> ObjectRef:
        """The pod as a reference."""
        return ObjectRef(
            api_version="v1",
            kind="Pod",
            namespace=self.metadata.namespace,
            name=self.metadata.name,
        )

    @property
    def ended(self) -> bool:
        """Whether all its containers have ended for good."""
        return self.status.phase in ("Succeeded", "Failed")

    def condition(self, kind: str) -> Condition | None:
        """Return the pod's condition of that type."""
        return next((c for c in self.status.conditions if c.type == kind), None)

    @property
    def all_statuses(self) -> list[ContainerStatus]:
        """Statuses of init containers, then of containers."""
        return [*self.status.init_container_statuses, *self.status.container_statuses]


class ContainerImage(Struct):
    """An image that a node has."""

    names: list[str] = []


class NodeSpec(Struct):
    """What is set on a node."""

    taints: list[Taint] = []
    unschedulable: bool = False


class NodeStatus(Struct):
    """What the kubelet says of its node."""

    allocatable: dict[str, str | int | float] = {}
    conditions: list[Condition] = []
    images: list[ContainerImage] = []


class Node(Struct):
    """v1 Node."""

    metadata: Metadata = field(default_factory=Metadata)
    spec: NodeSpec = field(default_factory=NodeSpec)
    status: NodeStatus = field(default_factory=NodeStatus)

    @property
    def ref(self) -> ObjectRef:
        """The node as a reference."""
        return ObjectRef(api_version="v1", kind="Node", name=self.metadata.name)


class InvolvedObject(Struct):
    """What an event is about."""

    kind: str = ""
    namespace: str = ""
    name: str = ""
    uid: str = ""


class Event(Struct):
    """v1 Event."""

    metadata: Metadata = field(default_factory=Metadata)
    involved_object: InvolvedObject = field(default_factory=InvolvedObject)
    type: str = ""
    reason: str = ""
    message: str = ""
    count: int = 0
    last_timestamp: datetime | None = None
    event_time: datetime | None = None

    @property
    def seen_at(self) -> datetime | None:
        """When it last happened."""
        return self.last_timestamp or self.event_time or self.metadata.creation_timestamp


class Claim(Struct):
    """v1 PersistentVolumeClaim."""

    class Spec(Struct):
        """What the claim asks for."""

        storage_class_name: str | None = None
        volume_name: str = ""
        access_modes: list[str] = []
        resources: Resources = field(default_factory=Resources)
        selector: dict[str, Any] | None = None

    class Status(Struct):
        """What the claim got."""

        phase: str = ""

    metadata: Metadata = field(default_factory=Metadata)
    spec: Spec = field(default_factory=Spec)
    status: Status = field(default_factory=Status)

    @property
    def ref(self) -> ObjectRef:
        """The claim as a reference."""
        return ObjectRef(
            api_version="v1",
            kind="PersistentVolumeClaim",
            namespace=self.metadata.namespace,
            name=self.metadata.name,
        )


class VolumeNodeAffinity(Struct):
    """The nodes from which a volume can be reached."""

    required: NodeSelector | None = None


class PersistentVolume(Struct):
    """v1 PersistentVolume."""

    class Spec(Struct):
        """Where the volume can be reached from, and by whose claim it is held."""

        storage_class_name: str = ""
        node_affinity: VolumeNodeAffinity | None = None
        claim_ref: dict[str, Any] | None = None
        capacity: dict[str, str | int | float] = {}
        access_modes: list[str] = []

    class Status(Struct):
        """Whether it is bound."""

        phase: str = ""

    metadata: Metadata = field(default_factory=Metadata)
    spec: Spec = field(default_factory=Spec)
    status: Status = field(default_factory=Status)


class StorageClass(Struct):
    """storage.k8s.io/v1 StorageClass."""

    metadata: Metadata = field(default_factory=Metadata)
    provisioner: str = ""
    volume_binding_mode: str = "Immediate"


class PodTemplate(Struct):
    """A pod template."""

    metadata: Metadata = field(default_factory=Metadata)
    spec: PodSpec = field(default_factory=PodSpec)


class ReplicaSet(Struct):
    """apps/v1 ReplicaSet: one revision of a Deployment."""

    class Spec(Struct):
        """How many, of what."""

        replicas: int = 1
        template: PodTemplate = field(default_factory=PodTemplate)

    class Status(Struct):
        """How many there are."""

        replicas: int = 0
        ready_replicas: int = 0
        available_replicas: int = 0

    metadata: Metadata = field(default_factory=Metadata)
    spec: Spec = field(default_factory=Spec)
    status: Status = field(default_factory=Status)

    @property
    def revision(self) -> int:
        """Number that the Deployment controller gave it; 0 where it gave none."""
        text = self.metadata.annotations.get("deployment.kubernetes.io/revision", "")
        return int(text) if text.isascii() and text.isdigit() else 0


T = TypeVar("T", bound=Struct)


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _without_nulls(v) for k, v in value.items() if v is not None}
    if isinstance(value, list):
        return [_without_nulls(v) for v in value if v is not None]
    return value


def parse(kind: type[T], raw: Any) -> T | None:
    """Return the typed projection of a raw object, None where it cannot be read as that kind."""
    try:
        return msgspec.convert(_without_nulls(raw), kind)
    except (msgspec.ValidationError, RecursionError, UnicodeError) as error:
        log.warning("skipped an object that does not look like a %s: %s", kind.__name__, error)
        return None


def parse_all(kind: type[T], raws: Iterable[Any]) -> list[T]:
    """Return the typed projections of all raw objects that can be read as that kind."""
    return [parsed for raw in raws if (parsed := parse(kind, raw)) is not None]
