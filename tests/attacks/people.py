"""Who attacks: real users with client certificates, real Roles, and the tokens of ServiceAccounts.

Where the cluster is not ours, its admin impersonates the users: RBAC and admission see the same.
"""

import json
import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from podiatrist.api import names
from tests.cluster import Cluster, choice, own, pki
from tests.e2e.kube import Kube
from tests.harness.install import identity

Said = subprocess.CompletedProcess[str]

OURS = ("operator", "executor", "reader")
ALL_OF_DIAGNOSES = {
    "apiGroups": [names.GROUP],
    "resources": [names.PLURAL, f"{names.PLURAL}/status"],
    "verbs": ["get", "list", "watch", "create", "update", "patch", "delete"],
}

GRANTED: Mapping[str, tuple[str, ...]] = {
    "editor": ("edit", "diagnoses-editor"),
    "approver": ("edit", "podiatrist-approver"),
    "approver-and-editor": ("edit", "podiatrist-approver", "diagnoses-editor"),
    "approver-only": ("podiatrist-approver",),
    "viewer": ("view",),
    "impostor": ("edit", "podiatrist-approver", "diagnoses-editor"),
    "tenant-bot": ("edit", "diagnoses-editor"),
    "stranger": (),
}
"""What each of them may do in the namespace. The stranger may do everything in another one."""


@dataclass
class People:
    """Everybody who tries something in one namespace."""

    kube: Kube
    folder: Path
    suffix: str
    _identities: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def name(self, who: str) -> str:
        """Return the user name that the API server sees."""
        if who == "impostor":
            return f"system:serviceaccount:{names.NAMESPACE}:{self.suffix}"
        if who == "tenant-bot":
            return f"system:serviceaccount:{self.kube.namespace}:bot"
        if who in OURS:
            return f"system:serviceaccount:{names.NAMESPACE}:{who}"
        return "admin" if who == "admin" else f"{who}.{self.suffix}"

    def kubectl(
        self, who: str, *arguments: str, stdin: str | None = None, editor: str | None = None
    ) -> Said:
        """Run kubectl in the namespace as somebody; `editor` is a command that edits a file."""
        cluster = self.kube.cluster
        environment = dict(os.environ) | ({"KUBE_EDITOR": editor} if editor else {})
        return subprocess.run(
            [str(cluster.kubectl), *self._identity(who), "-n", self.kube.namespace, *arguments],
            input=stdin, capture_output=True, text=True, check=False, env=environment,
        )  # fmt: skip

    def _identity(self, who: str) -> tuple[str, ...]:
        if who not in self._identities:
            self._identities[who] = self._made(who)
        return self._identities[who]

    def _made(self, who: str) -> tuple[str, ...]:
        cluster = self.kube.cluster
        admin = ("--kubeconfig", str(cluster.kubeconfig))
        if who == "admin":
            return admin
        if who in OURS:
            return ("--kubeconfig", str(identity(cluster, who, self.folder)))
        if who == "tenant-bot":
            self.kube("create", "serviceaccount", "bot")
            return ("--kubeconfig", str(self._with_token("bot")))
        settings = own.running() if choice.provider() is own else None
        if settings is None:
            return (*admin, "--as", self.name(who))
        return ("--kubeconfig", str(pki.make_user(settings, self.name(who), [])))

    def _with_token(self, account: str) -> Path:
        raw = self.kube.admin("config", "view", "--raw", "--minify", "-o", "json")
        config = json.loads(raw)
        token = self.kube("create", "token", account).strip()
        config["users"] = [{"name": config["users"][0]["name"], "user": {"token": token}}]
        path = self.folder / f"{self.suffix}-{account}.kubeconfig"
        path.touch(mode=0o600)
        path.write_text(json.dumps(config))
        return path


@contextmanager
def gathered(cluster: Cluster, kube: Kube, folder: Path, suffix: str) -> Iterator[People]:
    """Give everybody their rights in a namespace."""
    people = People(kube, folder, suffix)
    kube.apply(
        {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "Role",
            "metadata": {"name": "diagnoses-editor"},
            "rules": [ALL_OF_DIAGNOSES],
        },
        *(_binding(people, who, role) for who, granted in GRANTED.items() for role in granted),
    )
    elsewhere = Kube(cluster, f"{kube.namespace}-other")
    kube.admin("create", "namespace", elsewhere.namespace)
    elsewhere.apply(*(_binding(people, "stranger", r) for r in ("admin", "podiatrist-approver")))
    yield people
    kube.admin("delete", "namespace", elsewhere.namespace, "--wait=false")


def _binding(people: People, who: str, role: str) -> dict[str, Any]:
    group = "rbac.authorization.k8s.io"
    kind = "Role" if role == "diagnoses-editor" else "ClusterRole"
    return {
        "apiVersion": f"{group}/v1",
        "kind": "RoleBinding",
        "metadata": {"name": f"{who}-{role}"},
        "roleRef": {"apiGroup": group, "kind": kind, "name": role},
        "subjects": [{"apiGroup": group, "kind": "User", "name": people.name(who)}],
    }
