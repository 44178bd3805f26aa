"""kubectl as the stories use it, and waiting for what must become true."""

import json
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

import pytest

from podiatrist.api import names
from podiatrist.api.diagnosis import Diagnosis, Option
from podiatrist.cluster.store import parse_diagnosis
from tests.cluster import Cluster

Object = dict[str, Any]
T = TypeVar("T")

PATIENCE = 90.0
"""Seconds that anything may take on a busy machine before a story fails."""


@dataclass(frozen=True)
class Kube:
    """The cluster seen as its admin, in one namespace."""

    cluster: Cluster
    namespace: str

    def admin(self, *arguments: str, stdin: str | None = None, check: bool = True) -> str:
        """Run kubectl outside any namespace and return its output (stderr where it failed)."""
        command = [str(self.cluster.kubectl), "--kubeconfig", str(self.cluster.kubeconfig)]
        done = subprocess.run(
            [*command, *arguments], input=stdin, capture_output=True, text=True, check=False
        )
        assert not check or done.returncode == 0, f"kubectl {arguments}: {done.stderr}"
        return done.stdout if done.returncode == 0 else done.stderr

    def __call__(self, *arguments: str, stdin: str | None = None, check: bool = True) -> str:
        """Run kubectl in the namespace."""
        return self.admin("-n", self.namespace, *arguments, stdin=stdin, check=check)

    def apply(self, *objects: Object) -> None:
        """Apply objects."""
        items = {"apiVersion": "v1", "kind": "List", "items": list(objects)}
        self("apply", "-f", "-", stdin=json.dumps(items))

    def get(self, kind: str, name: str) -> Object:
        """Return one object."""
        found: Object = json.loads(self("get", kind, name, "-o", "json"))
        return found

    def all(self, kind: str, *options: str) -> list[Object]:
        """Return all objects of a kind in the namespace."""
        items: list[Object] = json.loads(self("get", kind, "-o", "json", *options))["items"]
        return items

    def diagnoses(self) -> list[Diagnosis]:
        """Return all Diagnoses of the namespace, the oldest first."""
        parsed = [parse_diagnosis(raw) for raw in self.all(names.PLURAL)]
        found = [d for d in parsed if d is not None]
        assert len(found) == len(parsed), "a stored Diagnosis could not be read"
        return sorted(found, key=lambda d: names.episode_of(d.metadata.name))

    def diagnosis(self, name: str) -> Diagnosis:
        """Return one Diagnosis."""
        found = parse_diagnosis(self.get(names.PLURAL, name))
        assert found is not None
        return found

    def approve(self, diagnosis: Diagnosis, option: Option) -> None:
        """Approve one option as a user would."""
        self.annotate(diagnosis, names.APPROVE, option.digest)

    def refusal(self, diagnosis: Diagnosis, option: Option) -> str | None:
        """Try to approve an option; returns what admission says against it, None if it is done."""
        yes = f"{names.APPROVE}={option.digest}"
        said = self("annotate", "--overwrite", "diagnosis", diagnosis.metadata.name, yes,
                    check=False)  # fmt: skip
        return None if "annotated" in said else said

    def annotate(self, diagnosis: Diagnosis, annotation: str, value: str) -> None:
        """Annotate a Diagnosis as a user would."""
        self("annotate", "--overwrite", "diagnosis", diagnosis.metadata.name,
             f"{annotation}={value}")  # fmt: skip

    def wait_for_diagnosis(
        self, *states: str, target: str = "web", patience: float = PATIENCE
    ) -> Diagnosis:
        """Return the newest Diagnosis of a target once it is in one of these states.

        A Diagnosis that awaits approval counts only once its options were tried.
        """

        def look() -> tuple[bool, list[Diagnosis]]:
            found = [d for d in self.diagnoses() if d.spec.target.name == target][-1:]
            tried = all(o.preview for d in found for o in d.status.options)
            return bool(found) and tried and found[0].status.state in states, found

        what = f"Diagnosis of {target} in state {' or '.join(states)}"
        return until(look, what, patience)[0]

    def audited(self) -> Iterator[Object]:
        """Yield what the API server's audit log says of finished requests."""
        if self.cluster.audit_log is None:
            pytest.skip("the API server's audit log is not ours to read")
        with self.cluster.audit_log.open() as lines:
            for line in lines:
                # The last line may still be being written.
                if '"stage":"ResponseComplete"' in line and line.endswith("\n"):
                    yield json.loads(line)


def until(look: Callable[[], tuple[bool, T]], what: str, patience: float = PATIENCE) -> T:
    """Look again and again until it is true; fails with what was seen last."""
    end = time.monotonic() + patience
    while True:
        good, seen = look()
        if good:
            return seen
        assert time.monotonic() < end, f"no {what} after {patience:.0f}s; last seen: {seen}"
        time.sleep(0.5)


def deployment(
    name: str = "web",
    image: str = "registry.k8s.io/pause:3.9",
    replicas: int = 1,
    container: Object | None = None,
    **pod: Any,
) -> Object:
    """Return a Deployment whose pods end at once when they are told to."""
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": name}},
            "template": {
                "metadata": {"labels": {"app": name}},
                "spec": {
                    "terminationGracePeriodSeconds": 1,
                    "containers": [{"name": "app", "image": image, **(container or {})}],
                    **pod,
                },
            },
        },
    }


def requiring(label: str) -> Object:
    """Return the affinity that keeps pods off nodes without a label."""
    rule = {"key": label, "operator": "In", "values": ["true"]}
    terms = {"nodeSelectorTerms": [{"matchExpressions": [rule]}]}
    return {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": terms}}
