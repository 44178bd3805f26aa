"""What belongs to one target, read once: the input of every rule.

A Snapshot is a value: rules are pure functions over it, tests build one from plain dicts, and
what a finding quotes can be looked up in it again.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

import msgspec

from podiatrist.api.diagnosis import ObjectRef
from podiatrist.cluster.kinds import (
    CONFIG_MAP,
    DAEMON_SET,
    DEPLOYMENT,
    ENDPOINT_SLICE,
    EVENT,
    HPA,
    INGRESS,
    INGRESS_CLASS,
    JOB,
    LIMIT_RANGE,
    NETWORK_POLICY,
    NODE,
    PDB,
    POD,
    PV,
    PVC,
    REPLICA_SET,
    RESOURCE_QUOTA,
    SERVICE,
    STATEFUL_SET,
    STORAGE_CLASS,
    VOLUME_ATTACHMENT,
    Kind,
    find_kind,
)
from podiatrist.cluster.logs import ContainerLog
from podiatrist.cluster.objects import (
    Autoscaler,
    Claim,
    ConfigMap,
    DisruptionBudget,
    EndpointSlice,
    Event,
    Ingress,
    IngressClass,
    Job,
    LimitRange,
    Metadata,
    NetworkPolicy,
    Node,
    PersistentVolume,
    Pod,
    PodSpec,
    ReplicaSet,
    ResourceQuota,
    Service,
    StorageClass,
    VolumeAttachment,
    Workload,
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

    `target_raw` and the raw objects `around` are as the API server gave them, for actions to work
    on and for rules by way of the typed properties. `pods` and `events` belong to the target
    (events: warnings of its namespace); `namespace_pods` are all of the namespace, `cluster_pods`
    all that run on nodes. `names` holds names where content is nobody's business.
    """

    kind: Kind
    target_raw: Object
    taken_at: datetime
    pods: list[Pod] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    around: Mapping[Kind, Sequence[Object]] = field(default_factory=dict)
    names: Mapping[Kind, frozenset[str]] = field(default_factory=dict)
    namespace_pods: list[Pod] = field(default_factory=list)
    cluster_pods: list[Pod] = field(default_factory=list)
    logs: list[ContainerLog] = field(default_factory=list)

    @classmethod
    def of(
        cls,
        kind: Kind,
        target: Object,
        taken_at: datetime,
        objects: Mapping[Kind, Iterable[Object]],
        cluster_pods: Iterable[Object] = (),
        namespace_pods: Iterable[Object] | None = None,
        names: Mapping[Kind, frozenset[str]] | None = None,
        logs: Iterable[ContainerLog] = (),
    ) -> "Snapshot":
        """Build a snapshot from raw objects by kind; the target's own pods are under POD."""
        own = list(objects.get(POD, ()))
        return cls(
            kind=kind,
            target_raw=target,
            taken_at=taken_at,
            pods=parse_all(Pod, own),
            events=parse_all(Event, objects.get(EVENT, ())),
            around={k: list(v) for k, v in objects.items() if k not in (POD, EVENT)},
            names=names or {},
            namespace_pods=parse_all(Pod, own if namespace_pods is None else namespace_pods),
            cluster_pods=parse_all(Pod, cluster_pods),
            logs=list(logs),
        )

    def was_read(self, kind: Kind) -> bool:
        """Say whether a kind was looked at: only then does its absence mean anything."""
        return kind in self.around or kind in self.names

    def raws(self, kind: Kind) -> Sequence[Object]:
        """Return the objects of a kind around the target, as the API server gave them."""
        return self.around.get(kind, ())

    def raw(self, kind: Kind, name: str) -> Object | None:
        """Return one object around the target by name."""
        return next((o for o in self.raws(kind) if ref_of(kind, o).name == name), None)

    def find(self, ref: ObjectRef) -> Object | None:
        """Return any object that was read, for actions to compile against; None for others."""
        if ref == self.target:
            return self.target_raw
        kind = find_kind(ref.api_version, ref.kind)
        if kind is POD:
            # What deletes a pod looks at its UID and its controller only: the projection has both.
            found = next((p for p in self.pods if p.ref == ref), None)
            return msgspec.to_builtins(found) if found else None
        return self.raw(kind, ref.name) if kind else None

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

    @cached_property
    def replica_sets(self) -> list[ReplicaSet]:
        """ReplicaSets of the target."""
        return parse_all(ReplicaSet, self.raws(REPLICA_SET))

    @cached_property
    def jobs(self) -> list[Job]:
        """Jobs of a CronJob."""
        return parse_all(Job, self.raws(JOB))

    @cached_property
    def nodes(self) -> list[Node]:
        """All nodes of the cluster."""
        return parse_all(Node, self.raws(NODE))

    @cached_property
    def claims(self) -> list[Claim]:
        """Claims of the namespace."""
        return parse_all(Claim, self.raws(PVC))

    @cached_property
    def volumes(self) -> list[PersistentVolume]:
        """All volumes of the cluster."""
        return parse_all(PersistentVolume, self.raws(PV))

    @cached_property
    def storage_classes(self) -> list[StorageClass]:
        """All StorageClasses."""
        return parse_all(StorageClass, self.raws(STORAGE_CLASS))

    @cached_property
    def attachments(self) -> list[VolumeAttachment]:
        """Which volumes are attached where."""
        return parse_all(VolumeAttachment, self.raws(VOLUME_ATTACHMENT))

    @cached_property
    def services(self) -> list[Service]:
        """Services of the namespace."""
        return parse_all(Service, self.raws(SERVICE))

    @cached_property
    def endpoint_slices(self) -> list[EndpointSlice]:
        """EndpointSlices of the namespace."""
        return parse_all(EndpointSlice, self.raws(ENDPOINT_SLICE))

    @cached_property
    def ingresses(self) -> list[Ingress]:
        """Ingresses of the namespace."""
        return parse_all(Ingress, self.raws(INGRESS))

    @cached_property
    def ingress_classes(self) -> list[IngressClass]:
        """All IngressClasses."""
        return parse_all(IngressClass, self.raws(INGRESS_CLASS))

    @cached_property
    def network_policies(self) -> list[NetworkPolicy]:
        """NetworkPolicies of the namespace."""
        return parse_all(NetworkPolicy, self.raws(NETWORK_POLICY))

    @cached_property
    def quotas(self) -> list[ResourceQuota]:
        """ResourceQuotas of the namespace."""
        return parse_all(ResourceQuota, self.raws(RESOURCE_QUOTA))

    @cached_property
    def limit_ranges(self) -> list[LimitRange]:
        """LimitRanges of the namespace."""
        return parse_all(LimitRange, self.raws(LIMIT_RANGE))

    @cached_property
    def budgets(self) -> list[DisruptionBudget]:
        """PodDisruptionBudgets of the namespace."""
        return parse_all(DisruptionBudget, self.raws(PDB))

    @cached_property
    def autoscalers(self) -> list[Autoscaler]:
        """HorizontalPodAutoscalers of the namespace."""
        return parse_all(Autoscaler, self.raws(HPA))

    @cached_property
    def config_maps(self) -> list[ConfigMap]:
        """ConfigMaps that the target names and that exist, by their keys."""
        return parse_all(ConfigMap, self.raws(CONFIG_MAP))

    @cached_property
    def workloads(self) -> list[Workload]:
        """Deployments, StatefulSets and DaemonSets of the namespace."""
        return [
            parsed
            for kind in (DEPLOYMENT, STATEFUL_SET, DAEMON_SET)
            for raw in self.raws(kind)
            if (
                parsed := parse(
                    Workload, {**raw, "apiVersion": kind.api_version, "kind": kind.kind}
                )
            )
        ]

    @cached_property
    def workload(self) -> Workload:
        """The target as Deployment, StatefulSet, DaemonSet or ReplicaSet."""
        return parse(Workload, self.target_raw) or Workload()

    def logs_of(self, pod: str, container: str) -> list[ContainerLog]:
        """Return what was read of a container's log, the run that failed last first."""
        return [log for log in self.logs if (log.pod, log.container) == (pod, container)]


def compact(value: Any) -> str:
    """Return a part of an object as JSON without blanks: the form in which findings quote it."""
    return json.dumps(value, separators=(",", ":"), sort_keys=True, ensure_ascii=False)
