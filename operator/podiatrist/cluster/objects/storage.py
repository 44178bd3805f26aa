"""Storage: claims, volumes, classes, and which node a volume is attached to."""

from typing import Any

from msgspec import field

from podiatrist.api.diagnosis import ObjectRef
from podiatrist.cluster.objects.base import Condition, NamedObject, Quantities, Struct
from podiatrist.cluster.objects.pods import NodeSelector, Resources


class Claim(NamedObject):
    """v1 PersistentVolumeClaim."""

    class Spec(Struct):
        """What the claim asks for."""

        storage_class_name: str | None = None
        volume_name: str = ""
        access_modes: list[str] = []
        resources: Resources = field(default_factory=Resources)
        selector: dict[str, Any] | None = None
        volume_mode: str = ""

    class Status(Struct):
        """What the claim got."""

        phase: str = ""
        capacity: Quantities = {}
        access_modes: list[str] = []
        conditions: list[Condition] = []

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


class PersistentVolume(NamedObject):
    """v1 PersistentVolume."""

    class Spec(Struct):
        """Where the volume can be reached from, and by whose claim it is held."""

        storage_class_name: str = ""
        node_affinity: VolumeNodeAffinity | None = None
        claim_ref: dict[str, Any] | None = None
        capacity: Quantities = {}
        access_modes: list[str] = []
        persistent_volume_reclaim_policy: str = ""
        volume_mode: str = ""
        csi: dict[str, Any] | None = None

    class Status(Struct):
        """Whether it is bound."""

        phase: str = ""

    spec: Spec = field(default_factory=Spec)
    status: Status = field(default_factory=Status)


class StorageClass(NamedObject):
    """storage.k8s.io/v1 StorageClass."""

    provisioner: str = ""
    allow_volume_expansion: bool = False
    volume_binding_mode: str = "Immediate"


class VolumeAttachment(NamedObject):
    """storage.k8s.io/v1 VolumeAttachment."""

    class Spec(Struct):
        """Which volume is attached where."""

        attacher: str = ""
        node_name: str = ""
        source: dict[str, Any] = {}

    class Status(Struct):
        """Whether it is attached, and what went wrong."""

        attached: bool = False
        attach_error: dict[str, Any] | None = None
        detach_error: dict[str, Any] | None = None

    spec: Spec = field(default_factory=Spec)
    status: Status = field(default_factory=Status)
