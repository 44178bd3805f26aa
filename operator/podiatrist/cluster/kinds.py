"""The kinds we read or change, with what a URL needs: a closed table instead of discovery.

Discovery would cost requests at every start, a cache file that others could write, and would let
a Diagnosis name any kind at all. What is not in this table cannot be diagnosed or patched.
"""

import re
from dataclasses import dataclass
from typing import Any

from podiatrist.cluster.errors import NotFoundError

Object = dict[str, Any]
"""A Kubernetes object as JSON."""

_NAME = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.:]*[A-Za-z0-9])?")


@dataclass(frozen=True)
class Kind:
    """One resource of the Kubernetes API.

    `template` is the JSON path of the pod template, for kinds that have one.
    """

    api_version: str
    kind: str
    plural: str
    namespaced: bool = True
    template: tuple[str, ...] | None = None

    @property
    def group(self) -> str:
        """API group; "" is the core group."""
        return self.api_version.split("/")[0] if "/" in self.api_version else ""

    def path(self, namespace: str | None, name: str | None = None, sub: str | None = None) -> str:
        """Return the URL path of a collection, an object or its subresource.

        Raises NotFoundError for a name that no object can have: names come from users, and `..`
        or a slash would lead the URL elsewhere.
        """
        for part in (namespace, name):
            if part and not _NAME.fullmatch(part):
                raise NotFoundError(
                    f"{self.plural} {part!r} not found: no object can have that name"
                )
        root = f"/apis/{self.api_version}" if self.group else f"/api/{self.api_version}"
        where = f"/namespaces/{namespace}" if self.namespaced and namespace else ""
        what = f"/{name}" if name else ""
        return f"{root}{where}/{self.plural}{what}" + (f"/{sub}" if sub else "")


_TEMPLATE = ("spec", "template")

POD = Kind("v1", "Pod", "pods", template=())
NODE = Kind("v1", "Node", "nodes", namespaced=False)
NAMESPACE = Kind("v1", "Namespace", "namespaces", namespaced=False)
EVENT = Kind("v1", "Event", "events")
CONFIG_MAP = Kind("v1", "ConfigMap", "configmaps")
SERVICE = Kind("v1", "Service", "services")
SERVICE_ACCOUNT = Kind("v1", "ServiceAccount", "serviceaccounts")
RESOURCE_QUOTA = Kind("v1", "ResourceQuota", "resourcequotas")
LIMIT_RANGE = Kind("v1", "LimitRange", "limitranges")
PVC = Kind("v1", "PersistentVolumeClaim", "persistentvolumeclaims")
PV = Kind("v1", "PersistentVolume", "persistentvolumes", namespaced=False)
STORAGE_CLASS = Kind("storage.k8s.io/v1", "StorageClass", "storageclasses", namespaced=False)
VOLUME_ATTACHMENT = Kind(
    "storage.k8s.io/v1", "VolumeAttachment", "volumeattachments", namespaced=False
)
PRIORITY_CLASS = Kind("scheduling.k8s.io/v1", "PriorityClass", "priorityclasses", namespaced=False)
ENDPOINT_SLICE = Kind("discovery.k8s.io/v1", "EndpointSlice", "endpointslices")
INGRESS = Kind("networking.k8s.io/v1", "Ingress", "ingresses")
INGRESS_CLASS = Kind("networking.k8s.io/v1", "IngressClass", "ingressclasses", namespaced=False)
NETWORK_POLICY = Kind("networking.k8s.io/v1", "NetworkPolicy", "networkpolicies")
PDB = Kind("policy/v1", "PodDisruptionBudget", "poddisruptionbudgets")
HPA = Kind("autoscaling/v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers")
DEPLOYMENT = Kind("apps/v1", "Deployment", "deployments", template=_TEMPLATE)
REPLICA_SET = Kind("apps/v1", "ReplicaSet", "replicasets", template=_TEMPLATE)
STATEFUL_SET = Kind("apps/v1", "StatefulSet", "statefulsets", template=_TEMPLATE)
DAEMON_SET = Kind("apps/v1", "DaemonSet", "daemonsets", template=_TEMPLATE)
CONTROLLER_REVISION = Kind("apps/v1", "ControllerRevision", "controllerrevisions")
JOB = Kind("batch/v1", "Job", "jobs", template=_TEMPLATE)
CRON_JOB = Kind(
    "batch/v1", "CronJob", "cronjobs", template=("spec", "jobTemplate", "spec", "template")
)
LEASE = Kind("coordination.k8s.io/v1", "Lease", "leases")
DIAGNOSIS = Kind("podiatrist.dev/v1alpha1", "Diagnosis", "diagnoses")

WORKLOADS = (DEPLOYMENT, STATEFUL_SET, DAEMON_SET, REPLICA_SET, JOB, CRON_JOB, POD)
"""What runs pods (a Pod made by hand runs itself)."""

TARGETS = (*WORKLOADS, SERVICE, INGRESS, NETWORK_POLICY, PVC, HPA, PDB, NODE)
"""What can be diagnosed: workloads, whoever made them, and what stands around them."""

PATCHABLE = (
    DEPLOYMENT,
    STATEFUL_SET,
    DAEMON_SET,
    REPLICA_SET,
    CRON_JOB,
    POD,
    NODE,
    SERVICE,
    INGRESS,
    HPA,
    PDB,
)
"""What the executor may ever patch; `deploy/` grants the right for the same list."""

DELETABLE = (POD,)
"""What the executor may ever delete: only pods that a controller makes anew."""

_ALL = (
    *TARGETS,
    NAMESPACE,
    EVENT,
    CONFIG_MAP,
    SERVICE_ACCOUNT,
    RESOURCE_QUOTA,
    LIMIT_RANGE,
    PV,
    STORAGE_CLASS,
    VOLUME_ATTACHMENT,
    PRIORITY_CLASS,
    ENDPOINT_SLICE,
    INGRESS_CLASS,
    CONTROLLER_REVISION,
    DIAGNOSIS,
)


def find_kind(api_version: str, kind: str) -> Kind | None:
    """Return the table's entry, None for a kind we do not know."""
    return next((k for k in _ALL if (k.api_version, k.kind) == (api_version, kind)), None)


def find_target_kind(api_version: str, kind: str) -> Kind | None:
    """Return the kind if it can be diagnosed, None otherwise."""
    found = find_kind(api_version, kind)
    return found if found in TARGETS else None
