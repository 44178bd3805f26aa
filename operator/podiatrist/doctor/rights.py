"""Rights as a set of single lines: what the shipped Roles grant, and what the API server says.

The rules of RBAC are in https://kubernetes.io/docs/reference/access-authn-authz/rbac/.
"""

from collections.abc import Iterable
from typing import NamedTuple

from podiatrist.api import names
from podiatrist.cluster.kinds import Object
from podiatrist.doctor.kinds import (
    CLUSTER_ROLE,
    CLUSTER_ROLE_BINDING,
    ROLE,
    ROLE_BINDING,
)
from podiatrist.doctor.shipped import Manifest

ACCOUNTS = ("operator", "executor", "reader")
"""Our ServiceAccounts."""

NOBODY = "system:serviceaccount:default:nobody-at-all"
"""An account that does not exist: it has the rights of every account, and no others."""

EVERYBODY = frozenset({"system:serviceaccounts", "system:authenticated"})
"""Groups of every account, ours among them; what is bound to them is in nobody's name."""

_ABOUT_ONESELF = frozenset(
    {
        "selfsubjectaccessreviews.authorization.k8s.io",
        "selfsubjectrulesreviews.authorization.k8s.io",
        "selfsubjectreviews.authentication.k8s.io",
    }
)
"""What anybody may ask about himself (ClusterRole system:basic-user); nothing is kept of it."""

_SECRET = frozenset({"secrets", "secrets.*", "*", "*.*"})

EVERYWHERE = ""
"""Namespace of a right that holds in all of them, and for what has none."""


class Right(NamedTuple):
    """One verb on one resource: `update leases.coordination.k8s.io podiatrist-operator`.

    `name` is the one object it is limited to, "" for any.
    """

    namespace: str
    verb: str
    resource: str
    name: str = ""

    @property
    def told(self) -> str:
        """Return it in words."""
        where = f" in namespace {self.namespace}" if self.namespace else ""
        return f"{self.verb} {self.resource}{f' {self.name}' if self.name else ''}{where}"

    @property
    def is_grave(self) -> bool:
        """Whether no account of ours should have it unasked: to change anything, to read Secrets.

        Every cluster grants all accounts to read this and that, and to ask about themselves.
        """
        if self.verb in ("get", "list", "watch"):
            return self.resource in _SECRET
        return not (self.verb == "create" and self.resource in _ABOUT_ONESELF)


Rights = frozenset[Right]


def granted(rules: Iterable[Object], namespace: str = EVERYWHERE) -> Rights:
    """Return the rights of PolicyRules or ResourceRules; URLs that are no resource are left out."""
    return frozenset(
        Right(namespace, verb, f"{resource}.{group}".rstrip("."), name)
        for rule in rules
        for verb in rule.get("verbs") or []
        for resource in rule.get("resources") or []
        for group in rule.get("apiGroups") or [""]
        for name in rule.get("resourceNames") or [""]
    )


def shipped_rights(manifests: Iterable[Manifest], account: str) -> Rights:
    """Return what the shipped Roles and bindings grant to one of our ServiceAccounts."""
    objects = {m.key: m for m in manifests}
    found: set[Right] = set()
    for manifest in objects.values():
        if manifest.kind not in (CLUSTER_ROLE_BINDING, ROLE_BINDING):
            continue
        if not any(is_ours(subject, account) for subject in manifest.body["subjects"]):
            continue
        where = manifest.namespace or EVERYWHERE
        role = manifest.body["roleRef"]
        kind = ROLE if role["kind"] == ROLE.kind else CLUSTER_ROLE
        rules = objects[kind.kind, where if kind is ROLE else "", role["name"]].body["rules"]
        found |= granted(rules, where)
    return frozenset(found)


def is_ours(subject: Object, account: str) -> bool:
    """Say whether a binding's subject is that account of ours, by whichever of its names."""
    match subject.get("kind"):
        case "ServiceAccount":
            return (subject.get("namespace"), subject.get("name")) == (names.NAMESPACE, account)
        case "User":
            return subject.get("name") == username(account)
        case "Group":
            return subject.get("name") == f"system:serviceaccounts:{names.NAMESPACE}"
    return False


def is_everybody(subject: Object) -> bool:
    """Say whether a binding's subject is every account, and so each of ours as well."""
    return subject.get("kind") == "Group" and subject.get("name") in EVERYBODY


def username(account: str) -> str:
    """Return who a ServiceAccount of ours is to the API server."""
    return f"system:serviceaccount:{names.NAMESPACE}:{account}"


def holding_in(rights: Rights, namespace: str) -> Rights:
    """Return the rights that hold in a namespace, as a review of that namespace tells them."""
    return frozenset(
        right._replace(namespace=namespace)
        for right in rights
        if right.namespace in (EVERYWHERE, namespace)
    )
