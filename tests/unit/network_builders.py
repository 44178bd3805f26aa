"""Services, Ingresses, policies and the worlds around them, made of plain dicts."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from podiatrist.cluster.kinds import (
    DAEMON_SET,
    DEPLOYMENT,
    ENDPOINT_SLICE,
    INGRESS,
    INGRESS_CLASS,
    NETWORK_POLICY,
    SERVICE,
    STATEFUL_SET,
)
from podiatrist.cluster.logs import ContainerLog
from podiatrist.cluster.snapshot import Object
from tests.unit.builders import World, container, copy_of, deployment, pod_of, running

RECORDINGS = Path(__file__).with_name("recordings")


def service(name: str = "web", selector: dict[str, str] | None = None, **more: Any) -> Object:
    """Return a Service; a port by default leads from 80 to itself."""
    spec = {"type": "ClusterIP", "clusterIP": "10.96.0.7", "ports": [{"port": 80}], **more}
    if selector != {}:
        spec["selector"] = selector or {"app": name}
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": "shop", "uid": f"uid-svc-{name}"},
        "spec": spec,
    }


def app(
    name: str, *, env: dict[str, str] | None = None, ports: Sequence[Object] = (), **more: Any
) -> Object:
    """Return a Deployment with one container, its variables and ports."""
    one: Object = container()
    one["env"] = [{"name": k, "value": v} for k, v in (env or {}).items()]
    one["ports"] = list(ports)
    return deployment(name, containers=[one | more])


def crashed(pod: Object, *, code: int = 1, restarts: int = 3, reason: str = "Error") -> Object:
    """Return the pod between two crashes, as a 1.37 kubelet shows it."""
    ended = {
        "exitCode": code,
        "reason": reason,
        "startedAt": "2026-11-03T11:59:20Z",
        "finishedAt": "2026-11-03T11:59:21Z",
    }
    status = {
        "name": "app",
        "ready": False,
        "restartCount": restarts,
        "state": {"terminated": ended},
    }
    ready = {"type": "Ready", "status": "False", "message": "containers with unready status: [app]"}
    return {
        **pod,
        "status": {"phase": "Running", "conditions": [ready], "containerStatuses": [status]},
    }


def well(pod: Object, since: str = "2026-11-03T11:00:00Z") -> Object:
    """Return the pod running and ready since then."""
    made = running(pod)
    made["status"]["conditions"][0]["lastTransitionTime"] = since
    return made


def pods_by(owner: Object, number: int = 1) -> Object:
    """Return a pod of a Deployment with its controller."""
    pod = pod_of(owner, number)
    pod["metadata"]["ownerReferences"] = [
        {
            "kind": "ReplicaSet",
            "name": f"{owner['metadata']['name']}-h1",
            "controller": True,
            "uid": f"rs-{owner['metadata']['name']}",
        }
    ]
    return pod


def says(pod: Object, text: str) -> ContainerLog:
    """Return a log of the pod's container."""
    return ContainerLog("shop", pod["metadata"]["name"], "app", previous=False, text=text)


def world(target: Object, **more: Any) -> World:
    """Return a world in which all that concerns the network was read."""
    kinds = {
        "workloads": DEPLOYMENT,
        "stateful": STATEFUL_SET,
        "services": SERVICE,
        "slices": ENDPOINT_SLICE,
        "ingresses": INGRESS,
        "classes_of_ingress": INGRESS_CLASS,
        "policies": NETWORK_POLICY,
    }
    around = {kind: list(more.pop(name, ())) for name, kind in kinds.items()}
    around[DAEMON_SET] = []
    return World(copy_of(target), around=around, **more)


def policy_of(selector: Any, name: str = "rules", **spec: Any) -> Object:
    """Return a NetworkPolicy for the pods that a selector takes."""
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": name, "namespace": "shop", "uid": f"uid-{name}", "generation": 1},
        "spec": {"podSelector": selector, **spec},
    }
