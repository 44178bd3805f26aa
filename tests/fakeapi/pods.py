"""Generated objects as a busy cluster holds them: same seed, same bytes.

Pods are full-size (4 to 6 KB as JSON, with managedFields), as the API server sends them.
"""

import random
from typing import Any

Object = dict[str, Any]

_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"
_BORN = "2026-11-02T08:15:42Z"


class Generator:
    """Makes pods, their ReplicaSets and Deployments from one seed."""

    def __init__(self, seed: int = 20261123) -> None:
        self._random = random.Random(seed)  # noqa: S311 - made-up data, nothing secret

    def deployment(self, namespace: str, name: str, replicas: int) -> Object:
        """Return an apps/v1 Deployment."""
        return {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": self._metadata(namespace, name, {"app": name}),
            "spec": {
                "replicas": replicas,
                "selector": {"matchLabels": {"app": name}},
                "template": {
                    "metadata": {"labels": {"app": name}},
                    "spec": {"containers": [_container("app", f"registry.local/{name}:1.4.2")]},
                },
            },
            "status": {"replicas": replicas, "unavailableReplicas": replicas},
        }

    def replica_set(self, deployment: Object) -> Object:
        """Return the ReplicaSet of a Deployment."""
        meta, spec = deployment["metadata"], deployment["spec"]
        suffix = self._letters(10)
        made: Object = {
            "apiVersion": "apps/v1",
            "kind": "ReplicaSet",
            "metadata": self._metadata(
                meta["namespace"],
                f"{meta['name']}-{suffix}",
                {**spec["template"]["metadata"]["labels"], "pod-template-hash": suffix},
                owner=deployment,
            ),
            "spec": dict(spec),
            "status": {"replicas": spec["replicas"]},
        }
        made["metadata"]["annotations"] = {"deployment.kubernetes.io/revision": "1"}
        return made

    def pod(self, owner: Object) -> Object:
        """Return a pod of a ReplicaSet: two containers, running well."""
        meta = owner["metadata"]
        app = meta["labels"]["app"]
        name = f"{meta['name']}-{self._letters(5)}"
        node = f"node-{self._random.randrange(400):03}.eu-west.internal"
        ip = f"10.{self._random.randrange(256)}.{self._random.randrange(256)}.17"
        image = f"registry.local/{app}:1.4.2"
        containers = [
            _container("app", image),
            _container("proxy", "registry.local/mesh/proxy:2.11.0"),
        ]
        pod: Object = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": self._metadata(meta["namespace"], name, meta["labels"], owner=owner),
            "spec": {
                "containers": containers,
                "nodeName": node,
                "restartPolicy": "Always",
                "serviceAccountName": "default",
                "schedulerName": "default-scheduler",
                "terminationGracePeriodSeconds": 30,
                "dnsPolicy": "ClusterFirst",
                "enableServiceLinks": True,
                "preemptionPolicy": "PreemptLowerPriority",
                "priority": 0,
                "securityContext": {},
                "tolerations": [
                    {
                        "effect": "NoExecute",
                        "key": f"node.kubernetes.io/{what}",
                        "operator": "Exists",
                        "tolerationSeconds": 300,
                    }
                    for what in ("not-ready", "unreachable")
                ],
                "volumes": [_TOKEN_VOLUME],
            },
            "status": {
                "phase": "Running",
                "hostIP": "192.168.7.20",
                "podIP": ip,
                "podIPs": [{"ip": ip}],
                "qosClass": "Burstable",
                "startTime": _BORN,
                "conditions": [
                    {
                        "type": kind,
                        "status": "True",
                        "lastProbeTime": None,
                        "lastTransitionTime": _BORN,
                        "observedGeneration": 1,
                    }
                    for kind in (
                        "PodReadyToStartContainers",
                        "Initialized",
                        "Ready",
                        "ContainersReady",
                        "PodScheduled",
                    )
                ],
                "containerStatuses": [self._running(c) for c in containers],
            },
        }
        pod["metadata"]["generateName"] = f"{meta['name']}-"
        pod["metadata"]["managedFields"] = _managed_fields()
        return pod

    def pods(self, count: int, per_owner: int = 20, namespaces: int = 40) -> list[Object]:
        """Return `count` pods of count/per_owner workloads, spread over namespaces."""
        made: list[Object] = []
        while len(made) < count:
            number = len(made) // per_owner
            deployment = self.deployment(
                f"team-{number % namespaces:02}", f"service-{number:04}", per_owner
            )
            owner = self.replica_set(deployment)
            made += [self.pod(owner) for _ in range(min(per_owner, count - len(made)))]
        return made

    def pick(self, pods: list[Object]) -> Object:
        """Return one of the pods."""
        return self._random.choice(pods)

    def often(self, chance: float) -> bool:
        """Say yes with that chance."""
        return self._random.random() < chance

    def _letters(self, count: int) -> str:
        return "".join(self._random.choices(_ALPHABET, k=count))

    def _uid(self) -> str:
        text = f"{self._random.getrandbits(128):032x}"
        return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))

    def _metadata(
        self, namespace: str, name: str, labels: dict[str, str], owner: Object | None = None
    ) -> Object:
        made: Object = {
            "name": name,
            "namespace": namespace,
            "uid": self._uid(),
            "creationTimestamp": _BORN,
            "generation": 1,
            "labels": dict(labels),
        }
        if owner is not None:
            made["ownerReferences"] = [
                {
                    "apiVersion": owner["apiVersion"],
                    "kind": owner["kind"],
                    "name": owner["metadata"]["name"],
                    "uid": owner["metadata"]["uid"],
                    "controller": True,
                    "blockOwnerDeletion": True,
                }
            ]
        return made

    def _running(self, container: Object) -> Object:
        digest = f"{self._random.getrandbits(256):064x}"
        return {
            "name": container["name"],
            "image": container["image"],
            "imageID": f"{container['image'].rpartition(':')[0]}@sha256:{digest}",
            "containerID": f"containerd://{self._random.getrandbits(256):064x}",
            "ready": True,
            "started": True,
            "restartCount": 0,
            "lastState": {},
            "state": {"running": {"startedAt": _BORN}},
            "allocatedResources": {"cpu": "100m", "memory": "128Mi"},
        }


def crashed(pod: Object, restarts: int = 4) -> Object:
    """Return the pod with its first container in a crash loop (Kubernetes before 1.37)."""
    return _first_container(
        pod,
        ready=False,
        started=False,
        restartCount=restarts,
        state={
            "waiting": {
                "reason": "CrashLoopBackOff",
                "message": "back-off 1m20s restarting failed container=app "
                f"pod={pod['metadata']['name']}_{pod['metadata']['namespace']}",
            }
        },
        lastState={
            "terminated": {
                "exitCode": 1,
                "reason": "Error",
                "startedAt": _BORN,
                "finishedAt": "2026-11-02T08:15:43Z",
            }
        },
    )


def unpullable(pod: Object) -> Object:
    """Return the pod with a first container whose image cannot be pulled."""
    image = pod["spec"]["containers"][0]["image"]
    return _first_container(
        pod,
        ready=False,
        started=False,
        state={
            "waiting": {
                "reason": "ImagePullBackOff",
                "message": f'Back-off pulling image "{image}": ErrImagePull: failed to pull and '
                f'unpack image "{image}": failed to resolve reference "{image}": '
                f"{image}: not found",
            }
        },
    )


def _first_container(pod: Object, **changes: Any) -> Object:
    first, *others = pod["status"]["containerStatuses"]
    status = {**pod["status"], "containerStatuses": [{**first, **changes}, *others]}
    return {**pod, "status": status}


_TOKEN_VOLUME: Object = {
    "name": "kube-api-access-7xk2p",
    "projected": {
        "defaultMode": 420,
        "sources": [
            {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
            {
                "configMap": {
                    "items": [{"key": "ca.crt", "path": "ca.crt"}],
                    "name": "kube-root-ca.crt",
                }
            },
            {
                "downwardAPI": {
                    "items": [
                        {
                            "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"},
                            "path": "namespace",
                        }
                    ]
                }
            },
        ],
    },
}


def _container(name: str, image: str) -> Object:
    return {
        "name": name,
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "resources": {
            "limits": {"memory": "256Mi"},
            "requests": {"cpu": "100m", "memory": "128Mi"},
        },
        "ports": [{"containerPort": 8080, "name": "http", "protocol": "TCP"}],
        "env": [
            {"name": "LOG_LEVEL", "value": "info"},
            {"name": "POD_NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
        ],
        "readinessProbe": {
            "httpGet": {"path": "/healthz", "port": "http", "scheme": "HTTP"},
            "periodSeconds": 10,
            "timeoutSeconds": 1,
            "successThreshold": 1,
            "failureThreshold": 3,
        },
        "terminationMessagePath": "/dev/termination-log",
        "terminationMessagePolicy": "File",
        "volumeMounts": [
            {
                "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount",
                "name": "kube-api-access-7xk2p",
                "readOnly": True,
            }
        ],
    }


def _managed_fields() -> list[Object]:
    def owns(*names: str) -> Object:
        return {f"f:{name}": {} for name in names}

    container = owns("image", "imagePullPolicy", "name", "resources", "env", "ports")
    conditions = {
        f'k:{{"type":"{kind}"}}': {".": {}, **owns("lastTransitionTime", "status", "type")}
        for kind in ("ContainersReady", "Initialized", "Ready")
    }
    return [
        {
            "apiVersion": "v1",
            "fieldsType": "FieldsV1",
            "manager": "kube-controller-manager",
            "operation": "Update",
            "time": _BORN,
            "fieldsV1": {
                "f:metadata": owns("generateName", "labels", "ownerReferences"),
                "f:spec": {
                    **owns("dnsPolicy", "restartPolicy", "schedulerName", "securityContext"),
                    "f:containers": {f'k:{{"name":"{n}"}}': container for n in ("app", "proxy")},
                },
            },
        },
        {
            "apiVersion": "v1",
            "fieldsType": "FieldsV1",
            "manager": "kubelet",
            "operation": "Update",
            "subresource": "status",
            "time": _BORN,
            "fieldsV1": {
                "f:status": {
                    "f:conditions": conditions,
                    **owns("containerStatuses", "hostIP", "phase", "podIP", "podIPs", "startTime"),
                }
            },
        },
    ]
