"""The kinds that may be read: what ClusterRole podiatrist-read allows, in every honest spelling.

The spelling of the model is not passed on: a command is written with our name of the kind.
"""

import re
from dataclasses import dataclass

from podiatrist.cluster.kubectl.refusal import RefusedCommandError


@dataclass(frozen=True)
class Resource:
    """One kind as kubectl knows it."""

    plural: str
    singular: str
    short: tuple[str, ...] = ()
    group: str = ""
    namespaced: bool = True

    @property
    def full(self) -> str:
        """Its name with the group, so that no other kind of that name can be meant."""
        return f"{self.plural}.{self.group}" if self.group else self.plural


POD = Resource("pods", "pod", ("po",))
NODE = Resource("nodes", "node", ("no",), namespaced=False)
CONFIG_MAP = Resource("configmaps", "configmap", ("cm",))
SERVICE = Resource("services", "service", ("svc",))
DEPLOYMENT = Resource("deployments", "deployment", ("deploy",), "apps")
REPLICA_SET = Resource("replicasets", "replicaset", ("rs",), "apps")
STATEFUL_SET = Resource("statefulsets", "statefulset", ("sts",), "apps")
DAEMON_SET = Resource("daemonsets", "daemonset", ("ds",), "apps")
JOB = Resource("jobs", "job", (), "batch")
CRON_JOB = Resource("cronjobs", "cronjob", ("cj",), "batch")
AUTOSCALER = Resource(
    "horizontalpodautoscalers", "horizontalpodautoscaler", ("hpa",), "autoscaling"
)
DIAGNOSIS = Resource("diagnoses", "diagnosis", ("diag",), "podiatrist.dev")

READABLE: tuple[Resource, ...] = (
    POD,
    Resource("events", "event", ("ev",)),
    NODE,
    Resource("persistentvolumeclaims", "persistentvolumeclaim", ("pvc",)),
    Resource("persistentvolumes", "persistentvolume", ("pv",), namespaced=False),
    Resource("namespaces", "namespace", ("ns",), namespaced=False),
    SERVICE,
    CONFIG_MAP,
    Resource("serviceaccounts", "serviceaccount", ("sa",)),
    Resource("resourcequotas", "resourcequota", ("quota",)),
    Resource("limitranges", "limitrange", ("limits",)),
    Resource("endpointslices", "endpointslice", (), "discovery.k8s.io"),
    Resource("ingresses", "ingress", ("ing",), "networking.k8s.io"),
    Resource("ingressclasses", "ingressclass", (), "networking.k8s.io", namespaced=False),
    Resource("networkpolicies", "networkpolicy", ("netpol",), "networking.k8s.io"),
    Resource("poddisruptionbudgets", "poddisruptionbudget", ("pdb",), "policy"),
    AUTOSCALER,
    Resource("priorityclasses", "priorityclass", ("pc",), "scheduling.k8s.io", namespaced=False),
    DEPLOYMENT,
    REPLICA_SET,
    STATEFUL_SET,
    DAEMON_SET,
    Resource("controllerrevisions", "controllerrevision", (), "apps"),
    JOB,
    CRON_JOB,
    Resource("storageclasses", "storageclass", ("sc",), "storage.k8s.io", namespaced=False),
    Resource("volumeattachments", "volumeattachment", (), "storage.k8s.io", namespaced=False),
    DIAGNOSIS,
)

CLUSTER_SCOPED = frozenset(kind.full for kind in READABLE if not kind.namespaced)
"""What belongs to no namespace, as commands name it."""

ALL = (POD, SERVICE, DAEMON_SET, DEPLOYMENT, REPLICA_SET, STATEFUL_SET, AUTOSCALER, CRON_JOB, JOB)
"""What `kubectl get all` shows; a cluster may add kinds to it, we do not."""

HAVE_LOGS = (POD, DEPLOYMENT, REPLICA_SET, STATEFUL_SET, DAEMON_SET, JOB, SERVICE)
ROLL_OUT = (DEPLOYMENT, STATEFUL_SET, DAEMON_SET)
HAVE_METRICS = (POD, NODE)

_BY_WORD = {word: kind for kind in READABLE for word in (kind.plural, kind.singular, *kind.short)}
_VERSION = re.compile(r"v[0-9]+(?:(?:alpha|beta)[0-9]+)?")
_INSTEAD = {
    "endpoints": "read endpointslices -l kubernetes.io/service-name=NAME instead",
    "ep": "read endpointslices -l kubernetes.io/service-name=NAME instead",
    "replicationcontrollers": "read replicasets instead",
    "rc": "read replicasets instead",
    "componentstatuses": "read nodes, and pods -n kube-system, instead",
    "cs": "read nodes, and pods -n kube-system, instead",
}


def resources(words: str) -> tuple[Resource, ...]:
    """Return the kinds of a comma list, each once. Raises RefusedCommandError."""
    found: dict[Resource, None] = {}
    for word in words.split(","):
        found.update(dict.fromkeys(ALL if word.lower() == "all" else (resource(word),)))
    return tuple(found)


def resource(word: str) -> Resource:
    """Return the kind that one word names. Raises RefusedCommandError.

    `deployments`, `Deployment`, `deploy`, `deployments.apps` and `deployments.v1.apps` all mean
    one; upper case is as good as lower case, as it is to kubectl.
    """
    name, _, rest = word.lower().partition(".")
    if name in {"secret", "secrets"}:
        raise RefusedCommandError(
            "Secrets are never read; `kubectl describe pod` tells which Secret and key is wanted, "
            "events tell whether it is missing"
        )
    found = _BY_WORD.get(name)
    if found is None:
        raise RefusedCommandError(f"{word!r} cannot be read: {_INSTEAD.get(name) or _known()}")
    first, _, group = rest.partition(".")
    if _VERSION.fullmatch(first):
        rest = group
    if rest.rstrip(".") not in {"", found.group}:
        raise RefusedCommandError(f"{word!r} cannot be read: write {found.full}")
    return found


def is_kind(word: str) -> bool:
    """Whether a word names a kind that may be read."""
    return word.lower() in _BY_WORD


def _known() -> str:
    return "the kinds are " + ", ".join(kind.plural for kind in READABLE)
