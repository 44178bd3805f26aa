"""The kinds an installation is made of, beside those that a Snapshot knows.

Nothing here can be diagnosed or patched. Of Secrets only names are asked for, never content.
"""

from podiatrist.cluster.kinds import LEASE, Kind, find_kind

_RBAC = "rbac.authorization.k8s.io/v1"
_ADMISSION = "admissionregistration.k8s.io/v1"

CRD = Kind(
    "apiextensions.k8s.io/v1", "CustomResourceDefinition", "customresourcedefinitions",
    namespaced=False,
)  # fmt: skip
CLUSTER_ROLE = Kind(_RBAC, "ClusterRole", "clusterroles", namespaced=False)
CLUSTER_ROLE_BINDING = Kind(_RBAC, "ClusterRoleBinding", "clusterrolebindings", namespaced=False)
ROLE = Kind(_RBAC, "Role", "roles")
ROLE_BINDING = Kind(_RBAC, "RoleBinding", "rolebindings")
POLICY = Kind(
    _ADMISSION, "ValidatingAdmissionPolicy", "validatingadmissionpolicies", namespaced=False
)
POLICY_BINDING = Kind(
    _ADMISSION, "ValidatingAdmissionPolicyBinding", "validatingadmissionpolicybindings",
    namespaced=False,
)  # fmt: skip
STAMP = Kind(_ADMISSION, "MutatingAdmissionPolicy", "mutatingadmissionpolicies", namespaced=False)
STAMP_BINDING = Kind(
    _ADMISSION, "MutatingAdmissionPolicyBinding", "mutatingadmissionpolicybindings",
    namespaced=False,
)  # fmt: skip
SECRET = Kind("v1", "Secret", "secrets")

_OWN = (
    CRD,
    CLUSTER_ROLE,
    CLUSTER_ROLE_BINDING,
    ROLE,
    ROLE_BINDING,
    POLICY,
    POLICY_BINDING,
    STAMP,
    STAMP_BINDING,
    LEASE,
    SECRET,
)


def find_shipped_kind(api_version: str, kind: str) -> Kind | None:
    """Return the kind of a manifest in `deploy/`, None for one that nobody told us of."""
    own = (k for k in _OWN if (k.api_version, k.kind) == (api_version, kind))
    return next(own, None) or find_kind(api_version, kind)


def right(verb: str, kind: Kind, namespace: str | None = None) -> str:
    """Return what it takes to look, as `kubectl auth can-i` wants it."""
    resource = f"{kind.plural}.{kind.group}" if kind.group else kind.plural
    if not kind.namespaced:
        return f"{verb} {resource}"
    return f"{verb} {resource} -n {namespace}" if namespace else f"{verb} {resource} -A"
