"""Clusters made of plain dicts, and what the rules say about them.

    web = deployment(containers=[container(cpu="2")])
    said = World(web, pods=[unscheduled(pod_of(web))], nodes=[node(cpu="1")]).diagnose()
    assert said.reasons == ["InsufficientResources"]

`diagnose` checks on every call that each quote is really in the cluster it was given.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from podiatrist.analyzers import analyze
from podiatrist.analyzers.common.result import Result
from podiatrist.api.diagnosis import Option, Risk
from podiatrist.api.text import clean
from podiatrist.cluster.kinds import (
    EVENT,
    NODE,
    POD,
    PV,
    PVC,
    REPLICA_SET,
    STORAGE_CLASS,
    Kind,
    find_target_kind,
)
from podiatrist.cluster.logs import ContainerLog
from podiatrist.cluster.snapshot import Object, Snapshot, compact
from podiatrist.lifecycle.options.propose import offer_options

NOW = datetime(2026, 11, 3, 12, 0, 0, tzinfo=UTC)
SCHEDULER_SAYS = "0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector."
NOT_FOUND = (
    'failed to pull and unpack image "{full}": failed to resolve reference "{full}": '
    "{full}: not found"
)


def container(
    name: str = "app", image: str = "nginx:1.27", host_port: int = 0, **requests: str
) -> Object:
    """Return a container; requests as `cpu="1"`, `memory="1Gi"`."""
    made: Object = {"name": name, "image": image}
    if requests:
        made["resources"] = {"requests": requests}
    if host_port:
        made["ports"] = [{"containerPort": 80, "hostPort": host_port, "protocol": "TCP"}]
    return made


def workload(
    kind: str = "Deployment",
    name: str = "web",
    *,
    replicas: int = 1,
    containers: Sequence[Object] = (),
    **spec: Any,
) -> Object:
    """Return a workload whose pod template has these containers and this further pod spec."""
    pod_spec = {"containers": list(containers) or [container()], **spec}
    metadata = {"name": name, "namespace": "shop", "uid": f"uid-{name}", "generation": 1}
    if kind == "Pod":
        return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": pod_spec}
    template = {"metadata": {"labels": {"app": name}}, "spec": pod_spec}
    version = "batch/v1" if kind in ("Job", "CronJob") else "apps/v1"
    return {
        "apiVersion": version,
        "kind": kind,
        "metadata": metadata,
        "spec": {"replicas": replicas, "template": template},
    }


def deployment(name: str = "web", **more: Any) -> Object:
    """Return a Deployment."""
    return workload("Deployment", name, **more)


def pod_of(owner: Object, number: int = 1, **spec: Any) -> Object:
    """Return a pod of a workload, as its controller would make it (the Pod itself for a Pod)."""
    if owner["kind"] == "Pod":
        return copy_of(owner)
    made = copy_of(owner["spec"]["template"])
    made["metadata"] |= {
        "name": f"{owner['metadata']['name']}-{number}",
        "namespace": "shop",
        "uid": f"uid-{owner['metadata']['name']}-{number}",
        "creationTimestamp": f"2026-11-03T11:00:{number:02d}Z",
    }
    made["spec"] |= spec
    return {"apiVersion": "v1", "kind": "Pod", **made}


def unscheduled(pod: Object, message: str = SCHEDULER_SAYS) -> Object:
    """Return the pod as the scheduler left it when no node took it."""
    condition = {
        "type": "PodScheduled",
        "status": "False",
        "reason": "Unschedulable",
        "message": message,
        "lastTransitionTime": "2026-11-03T11:59:00Z",
    }
    return {**pod, "status": {"phase": "Pending", "conditions": [condition]}}


def running(pod: Object, on: str = "n1") -> Object:
    """Return the pod running and ready on a node."""
    statuses = [
        {"name": c["name"], "image": c["image"], "ready": True, "state": {"running": {}}}
        for c in pod["spec"]["containers"]
    ]
    ready = {"type": "Ready", "status": "True"}
    return {
        **pod,
        "spec": {**pod["spec"], "nodeName": on},
        "status": {"phase": "Running", "conditions": [ready], "containerStatuses": statuses},
    }


def waiting(pod: Object, reason: str, message: str = "", *, name: str = "app") -> Object:
    """Return the pod, placed on a node, with one more container that waits."""
    status = dict(pod.get("status") or {"phase": "Pending"})
    inits = {c["name"] for c in pod["spec"].get("initContainers", ())}
    group = "initContainerStatuses" if name in inits else "containerStatuses"
    state = {"waiting": {"reason": reason, "message": message}}
    one = {"name": name, "image": "", "ready": False, "state": state}
    status[group] = [*status.get(group, ()), one]
    return {**pod, "spec": {**pod["spec"], "nodeName": "n1"}, "status": status}


def not_found(pod: Object, full: str, *, name: str = "app") -> Object:
    """Return the pod with a container whose image the registry does not have."""
    return waiting(pod, "ErrImagePull", NOT_FOUND.format(full=full), name=name)


def node(
    name: str = "n1",
    *,
    cpu: str = "4",
    memory: str = "8Gi",
    labels: dict[str, str] | None = None,
    taints: Sequence[str] = (),
    cordoned: bool = False,
    images: Sequence[str] = (),
) -> Object:
    """Return a node; taints as `key=value:Effect`."""
    spec: Object = {}
    if taints:
        spec["taints"] = [taint(text) for text in taints]
    if cordoned:
        spec["unschedulable"] = True
        mark = {"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}
        spec["taints"] = [*spec.get("taints", ()), mark]
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "uid": f"uid-{name}", "labels": labels or {}},
        "spec": spec,
        "status": {
            "allocatable": {"cpu": cpu, "memory": memory, "pods": "110"},
            "images": [{"names": [image]} for image in images],
        },
    }


def taint(text: str) -> Object:
    """Return a taint from kubectl's notation."""
    what, _, effect = text.rpartition(":")
    key, _, value = what.partition("=")
    return {"key": key, "effect": effect} | ({"value": value} if value else {})


def claim(name: str, *, phase: str = "Pending", **spec: Any) -> Object:
    """Return a PersistentVolumeClaim of 10Gi."""
    asked = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "10Gi"}}}
    return {
        "metadata": {"name": name, "namespace": "shop"},
        "spec": {**asked, **spec},
        "status": {"phase": phase},
    }


def claim_volume(claim_name: str, name: str = "data") -> Object:
    """Return a pod's volume that is a claim."""
    return {"name": name, "persistentVolumeClaim": {"claimName": claim_name}}


def storage_class(name: str, provisioner: str = "csi.example.com", **more: Any) -> Object:
    """Return a StorageClass."""
    return {"metadata": {"name": name}, "provisioner": provisioner, **more}


def event(about: str, reason: str, message: str) -> Object:
    """Return an event about an object of the namespace."""
    return {
        "metadata": {"name": f"{about}.1", "namespace": "shop"},
        "involvedObject": {"name": about, "namespace": "shop"},
        "reason": reason,
        "message": message,
        "lastTimestamp": "2026-11-03T11:59:30Z",
    }


def revision(owner: Object, number: int, *, ready: int = 0, **container_fields: Any) -> Object:
    """Return the ReplicaSet of one revision; its first container differs in these fields."""
    template = copy_of(owner["spec"]["template"])
    template["metadata"]["labels"]["pod-template-hash"] = f"h{number}"
    template["spec"]["containers"][0] |= container_fields
    return {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {
            "name": f"{owner['metadata']['name']}-h{number}",
            "namespace": "shop",
            "annotations": {"deployment.kubernetes.io/revision": str(number)},
            "ownerReferences": [
                {
                    "apiVersion": "apps/v1",
                    "kind": "Deployment",
                    "name": owner["metadata"]["name"],
                    "uid": owner["metadata"]["uid"],
                    "controller": True,
                }
            ],
        },
        "spec": {"replicas": ready, "template": template},
        "status": {"replicas": ready, "readyReplicas": ready},
    }


def copy_of(value: Object) -> Object:
    """Return a deep copy; also makes sure that it is JSON."""
    copied: Object = json.loads(json.dumps(value))
    return copied


@dataclass(frozen=True)
class Said:
    """What the rules say about a world, and the options that come of it."""

    results: list[Result]
    options: list[Option]

    @property
    def reasons(self) -> list[str]:
        """Reasons of the findings, in order."""
        return [r.finding.reason for r in self.results]

    @property
    def messages(self) -> list[str]:
        """Messages of the findings, in order."""
        return [r.finding.message for r in self.results]

    @property
    def offers(self) -> list[tuple[str, Risk]]:
        """Title and risk of the options, in order."""
        return [(o.title, o.risk) for o in self.options]


@dataclass
class World:
    """A target and everything around it, as the API server would give it."""

    target: Object
    pods: list[Object] = field(default_factory=list)
    nodes: list[Object] = field(default_factory=list)
    others: list[Object] = field(default_factory=list)
    """Pods of other workloads."""
    events: list[Object] = field(default_factory=list)
    revisions: list[Object] = field(default_factory=list)
    claims: list[Object] = field(default_factory=list)
    volumes: list[Object] = field(default_factory=list)
    classes: list[Object] = field(default_factory=list)
    around: dict[Kind, list[Object]] = field(default_factory=dict)
    """Objects of any other kind."""
    names: dict[Kind, frozenset[str]] = field(default_factory=dict)
    logs: list[ContainerLog] = field(default_factory=list)

    def snapshot(self) -> Snapshot:
        """Return the world as the rules get it."""
        kind = find_target_kind(self.target["apiVersion"], self.target["kind"])
        assert kind is not None
        return Snapshot.of(
            kind,
            self.target,
            NOW,
            {
                POD: self.pods,
                EVENT: self.events,
                REPLICA_SET: self.revisions,
                NODE: self.nodes,
                PVC: self.claims,
                PV: self.volumes,
                STORAGE_CLASS: self.classes,
                **self.around,
            },
            [*self.pods, *self.others],
            [*self.pods, *self.others],
            self.names,
            self.logs,
        )

    def diagnose(self) -> Said:
        """Run the rules and compile the options; every quote must be in this world."""
        snapshot = self.snapshot()
        results = analyze(snapshot)
        seen = [clean(text) for text in self._texts()]
        for evidence in (e for r in results for e in r.finding.evidence):
            assert any(evidence.quote in text for text in seen), f"nobody said {evidence.quote!r}"
        return Said(results, offer_options(snapshot, results, soak=60))

    def _texts(self) -> Iterator[str]:
        parts = (self.pods, self.nodes, self.others, self.events, self.revisions)
        objects = [self.target, *(o for part in parts for o in part)]
        objects += [*self.claims, *self.volumes, *self.classes]
        objects += [o for found in self.around.values() for o in found]
        yield from (log.text for log in self.logs)
        for raw in objects:
            yield compact(raw)
            yield from _strings(raw)


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _strings(inner)
