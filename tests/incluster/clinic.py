"""A user with a shell: asks the doctor as kubectl's plugin, and types what the doctor names."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from podiatrist.doctor.verdict import Level, Verdict
from tests.cluster import Cluster
from tests.e2e.kube import until
from tests.image.build import ROOT

PLUGIN = "kubectl diagnose doctor"
"""The doctor as most will call it."""


@dataclass(frozen=True)
class Clinic:
    """A shell in the checkout, with kubectl and our commands on its PATH."""

    environment: Mapping[str, str]

    @classmethod
    def of(cls, cluster: Cluster, folder: Path) -> "Clinic":
        """Return the shell of the cluster's admin; `folder` holds what is on its PATH."""
        (folder / "kubectl").symlink_to(cluster.kubectl)
        path = (str(folder), str(Path(sys.executable).parent), os.environ["PATH"])
        ours = {"KUBECONFIG": str(cluster.kubeconfig), "PATH": os.pathsep.join(path)}
        return cls({**os.environ, **ours})

    def type(
        self, line: str, stdin: str = "", **environment: str
    ) -> subprocess.CompletedProcess[str]:
        """Type a line into bash."""
        return subprocess.run(
            ["bash", "-c", line], cwd=ROOT, env={**self.environment, **environment}, input=stdin,
            text=True, capture_output=True, check=False,
        )  # fmt: skip

    def follow(self, remedy: str, stdin: str = "") -> str:
        """Type a remedy word for word; returns what it prints. It has to succeed."""
        done = self.type(remedy, stdin)
        assert done.returncode == 0, (remedy, done.stdout, done.stderr)
        return done.stdout

    def look(self, **environment: str) -> list[Verdict]:
        """Return all that the doctor says. The exit code has to say whether that is bad."""
        done = self.type(f"{PLUGIN} -o json", **environment)
        assert done.returncode in (0, 1), done.stderr
        assert not done.stderr, done.stderr
        said = [Verdict(v["check"], Level(v["level"]), v["seen"], v["remedy"])
                for v in json.loads(done.stdout)]  # fmt: skip
        assert done.returncode == any(v.level is Level.BROKEN for v in said), said
        return said

    def complaints(self) -> list[Verdict]:
        """Return what the doctor says beside that it is well."""
        return [v for v in self.look() if v.level is not Level.OK]

    def wait_for(self, seen: str) -> Verdict:
        """Return the one verdict in which the doctor says so, once it does."""

        def told() -> tuple[bool, list[Verdict]]:
            said = self.look()
            found = [v for v in said if seen in v.seen]
            return len(found) == 1, found or said

        return until(told, f"word of {seen!r}")[0]
