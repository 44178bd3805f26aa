"""Nodes: what they have, what keeps pods off them, how they are."""

from msgspec import field

from podiatrist.api.diagnosis import ObjectRef
from podiatrist.cluster.objects.base import Condition, NamedObject, Quantities, Struct


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


class ContainerImage(Struct):
    """An image that a node has."""

    names: list[str] = []


class NodeSpec(Struct):
    """What is set on a node."""

    taints: list[Taint] = []
    unschedulable: bool = False


class NodeStatus(Struct):
    """What the kubelet says of its node."""

    allocatable: Quantities = {}
    conditions: list[Condition] = []
    images: list[ContainerImage] = []


class Node(NamedObject):
    """v1 Node."""

    spec: NodeSpec = field(default_factory=NodeSpec)
    status: NodeStatus = field(default_factory=NodeStatus)

    @property
    def ref(self) -> ObjectRef:
        """The node as a reference."""
        return ObjectRef(api_version="v1", kind="Node", name=self.metadata.name)
