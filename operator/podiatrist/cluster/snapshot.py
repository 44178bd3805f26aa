"""What belongs to one target, read once: the input of every rule.

A Snapshot is a value: rules are pure functions over it, tests build one from plain dicts, and
what a finding quotes can be looked up in it again.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

from podiatrist.api.diagnosis import ObjectRef
from podiatrist.cluster.kinds import (
    DEPLOYMENT,
    EVENT,
    NODE,
    POD,
    PV,
    PVC,
    REPLICA_SET,
    STORAGE_CLASS,
    Kind,
)
from podiatrist.cluster.objects import (
    Claim,
    Event,
    Metadata,
    Node,
    PersistentVolume,
    Pod,
    PodSpec,
    ReplicaSet,
    StorageClass,
    parse,
    parse_all,
)

Object = dict[str, Any]


def ref_of(kind: Kind, raw: Object) -> ObjectRef:
    """Return the reference of a raw object."""
    found = raw.get("metadata")
    metadata = found if isinstance(found, dict) else {}
    return ObjectRef(
        api_version=kind.api_version,
        kind=kind.kind,
        namespace=metadata.get("namespace") if kind.namespaced else None,
        name=metadata.get("name") or "",
    )


@dataclass(frozen=True)
class Snapshot:
    """One target and everything around it that the rules look at.

    `target_raw` and `raw_nodes` are the objects as the API server gave them, for actions to work
    on; `pods` belong to the target; `cluster_pods` are all that run on nodes.
    """

    kind: Kind
    target_raw: Object
    taken_at: datetime
    pods: list[Pod] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    replica_sets: list[ReplicaSet] = field(default_factory=list)
    raw_replica_sets: list[Object] = field(default_factory=list)
    nodes: list[Node] = field(default_factory=list)
    raw_nodes: list[Object] = field(default_factory=list)
    cluster_pods: list[Pod] = field(default_factory=list)
    claims: list[Claim] = field(default_factory=list)
    volumes: list[PersistentVolume] = field(default_factory=list)
    storage_classes: list[StorageClass] = field(default_factory=list)

    @classmethod
    def of(
        cls,
        kind: Kind,
        target: Object,
        taken_at: datetime,
        objects: dict[Kind, Iterable[Object]],
        cluster_pods: Iterable[Object] = (),
    ) -> "Snapshot":
        """Build a snapshot from raw objects by kind; the target's own pods are under POD."""
        replica_sets = list(objects.get(REPLICA_SET, ()))
        nodes = list(objects.get(NODE, ()))
        return cls(
            kind=kind,
            target_raw=target,
            taken_at=taken_at,
            pods=parse_all(Pod, objects.get(POD, ())),
            events=parse_all(Event, objects.get(EVENT, ())),
            replica_sets=parse_all(ReplicaSet, replica_sets),
            raw_replica_sets=replica_sets,
            nodes=parse_all(Node, nodes),
            raw_nodes=nodes,
            cluster_pods=parse_all(Pod, cluster_pods),
            claims=parse_all(Claim, objects.get(PVC, ())),
            volumes=parse_all(PersistentVolume, objects.get(PV, ())),
            storage_classes=parse_all(StorageClass, objects.get(STORAGE_CLASS, ())),
        )

    @property
    def target(self) -> ObjectRef:
        """The target as a reference."""
        return ref_of(self.kind, self.target_raw)

    @cached_property
    def metadata(self) -> Metadata:
        """The target's metadata."""
        return parse(Metadata, self.target_raw.get("metadata") or {}) or Metadata()

    @property
    def namespace(self) -> str:
        """The target's namespace."""
        return self.metadata.namespace

    @cached_property
    def template(self) -> PodSpec:
        """The pod spec that the target makes pods from (a Pod's own spec for a Pod)."""
        node: Any = self.target_raw
        for key in self.kind.template or ():
            node = node.get(key) if isinstance(node, dict) else None
        spec = node.get("spec") if isinstance(node, dict) else None
        return parse(PodSpec, spec or {}) or PodSpec()

    def raw_node(self, name: str) -> Object | None:
        """Return a node as the API server gave it."""
        return next((n for n in self.raw_nodes if ref_of(NODE, n).name == name), None)

    def events_about(self, name: str) -> list[Event]:
        """Return the events about an object of that name, the newest first."""
        found = [e for e in self.events if e.involved_object.name == name]
        return sorted(found, key=lambda e: str(e.seen_at or ""), reverse=True)

    @cached_property
    def revisions(self) -> list[ReplicaSet]:
        """The Deployment's revisions, the newest first; empty for other kinds."""
        if self.kind is not DEPLOYMENT:
            return []
        return sorted(self.replica_sets, key=lambda r: r.revision, reverse=True)


def compact(value: Any) -> str:
    """Return a part of an object as JSON without blanks: the form in which findings quote it."""
    return json.dumps(value, separators=(",", ":"), sort_keys=True, ensure_ascii=False)
