"""One installation in the test cluster: applied, changed, watched and removed by kubectl."""

import json
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import yaml

from tests.cluster import Cluster, own
from tests.cluster.progress import Say
from tests.e2e.kube import Kube, Object, until
from tests.image.build import ROOT, built, put

NAMESPACE = "podiatrist"
DEPLOY = ROOT / "deploy"
ROLES = ("operator", "executor")

SHORT = {
    "PODIATRIST_GRACE_IMAGE": "2",
    "PODIATRIST_SOAK": "4",
    "PODIATRIST_HEAL": "4",
    "PODIATRIST_RECHECK": "2",
}
"""Settings that shorten waiting, for all but the story, which is told by the default settings."""


def image_name(folder: Path = DEPLOY) -> str:
    """Return the image that the manifests name."""
    for manifest in yaml.safe_load_all((folder / "operator.yaml").read_text()):
        if manifest["kind"] == "Deployment":
            return str(manifest["spec"]["template"]["spec"]["containers"][0]["image"])
    raise AssertionError("operator.yaml runs nothing")


@dataclass(frozen=True)
class Installation:
    """Namespace podiatrist, seen as the cluster's admin."""

    kube: Kube

    @classmethod
    def of(cls, cluster: Cluster) -> "Installation":
        return cls(Kube(cluster, NAMESPACE))

    def provide_image(self, say: Say) -> None:
        """Put the image of the sources where the manifests look for it."""
        cluster = own.running()
        assert cluster is not None, "the cluster went away under the tests"
        put(built(say), cluster, image_name())

    def apply(self, folder: Path = DEPLOY) -> str:
        """Install as the README says, in one go."""
        return self.kube.admin("apply", "-f", str(folder))

    def set(self, settings: dict[str, str | None]) -> None:
        """Change settings as the README says, and wait until they hold."""
        patch = json.dumps({"data": settings})
        self.kube("patch", "configmap", "podiatrist", "--type=merge", "-p", patch)
        self.kube("rollout", "restart", "deployment")
        self.ready()

    def ready(self) -> None:
        """Wait until both Deployments are as they should be."""
        for role in ROLES:
            self.kube("rollout", "status", f"deployment/{role}", "--timeout=180s")

    def remove(self, folder: Path = DEPLOY) -> None:
        """Remove as the README says."""
        self.kube.admin("delete", "--ignore-not-found", "-f", str(folder))

    def pods(self, role: str) -> list[Object]:
        """Return the pods of a role that are not on their way out."""
        labels = f"app.kubernetes.io/component={role}"
        found = self.kube.all("pods", "-l", labels)
        return [pod for pod in found if "deletionTimestamp" not in pod["metadata"]]

    def leader(self, role: str) -> str:
        """Return the pod that holds a role's Lease, "" where nobody does."""
        said = self.kube("get", "lease", f"podiatrist-{role}", "-o",
                         "jsonpath={.spec.holderIdentity}", check=False)  # fmt: skip
        return said.partition("_")[0] if "Error" not in said else ""

    def new_leader(self, role: str, old: str, patience: float) -> tuple[str, float]:
        """Wait for another pod to lead; returns it, and the seconds that it took."""
        began = time.monotonic()

        def look() -> tuple[bool, str]:
            now = self.leader(role)
            return now not in ("", old), now

        return until(look, f"leader of {role} but {old}", patience), time.monotonic() - began

    def kill(self, role: str) -> str:
        """End the pod that leads as a node's death would; returns its name."""
        leader, _ = self.new_leader(role, "", 30)
        self.kube("delete", "pod", leader, "--grace-period=0", "--force")
        return leader

    def evict(self, pod: str, *, check: bool = True) -> str:
        """Ask a pod to go, as a drain does; returns what the API server said."""
        review = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": pod}}
        path = f"/api/v1/namespaces/{NAMESPACE}/pods/{pod}/eviction"
        return self.kube.admin("create", "--raw", path, "-f", "-", stdin=json.dumps(review),
                               check=check)  # fmt: skip

    def log(self, role: str) -> list[Object]:
        """Return the log lines of all pods of a role."""
        said = self.kube("logs", "-l", f"app.kubernetes.io/component={role}", "--tail=-1")
        return [json.loads(line) for line in said.splitlines()]

    def ask(self, pod: str, path: str, *, check: bool = True) -> str:
        """Return what a pod answers on its status port."""
        url = f"/api/v1/namespaces/{NAMESPACE}/pods/{pod}:8080/proxy{path}"
        return self.kube.admin("get", "--raw", url, check=check)


def committed(revision: str, folder: Path) -> Path | None:
    """Write `deploy/` as of a commit; returns its folder, None where there is none."""
    archive = ["git", "-C", str(ROOT), "archive", revision, "deploy"]
    done = subprocess.run(archive, capture_output=True, check=False)
    if done.returncode:
        return None
    subprocess.run(["tar", "-x", "-C", str(folder)], input=done.stdout, check=True)
    return folder / "deploy"
