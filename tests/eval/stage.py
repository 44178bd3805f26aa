"""A stage for one run: the fault on the real cluster, and whoever looks at it may only read."""

import asyncio
import shlex
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from podiatrist.analyzers import analyze
from podiatrist.api import names
from podiatrist.cluster.connect import connect
from podiatrist.cluster.errors import NotFoundError
from podiatrist.cluster.kinds import TARGETS
from podiatrist.cluster.reader import Reader
from podiatrist.cluster.snapshot import Snapshot
from tests.cluster import Cluster
from tests.e2e.kube import Kube
from tests.eval.cases import EvalCase
from tests.faults_runner.play import meaningless_name

PATIENCE = 120.0
"""Seconds until a fault must show."""

SETTLE = 15.0
"""Seconds for which it must have shown: nobody is called earlier, and events take a moment."""


class StageError(Exception):
    """A fault does not show; `str()` says what was seen instead."""


@dataclass(frozen=True)
class Scene:
    """A fault that shows: what belongs to its target, read once."""

    case: EvalCase
    namespace: str
    snapshot: Snapshot

    @property
    def question(self) -> str:
        """What the bare loop is asked."""
        kind, _, name = self.case.target.partition("/")
        return f"Find out why {kind} {name} in namespace {self.namespace} is not healthy."


@asynccontextmanager
async def staged(case: EvalCase, cluster: Cluster) -> AsyncIterator[Scene]:
    """Yield the fault once it shows; its namespace is deleted at the end. Raises StageError."""
    kube = Kube(cluster, meaningless_name())
    await asyncio.to_thread(_prepare, kube)
    try:
        await asyncio.to_thread(_break, case, kube)
        yield Scene(case, kube.namespace, await _shown(case, kube, cluster.kubeconfig))
    finally:
        kube.admin("delete", "namespace", kube.namespace, "--wait=false", check=False)


def _prepare(kube: Kube) -> None:
    kube.admin("create", "namespace", kube.namespace)
    # Whatever runs on this cluster besides must not write its own opinion beside ours.
    kube.admin("annotate", "namespace", kube.namespace, f"{names.IGNORE}=true")
    kube("wait", "--for=create", "--timeout=60s", "serviceaccount/default")
    kube("wait", "--for=create", "--timeout=60s", "configmap/kube-root-ca.crt")


def _break(case: EvalCase, kube: Kube) -> None:
    node = kube.all("nodes")[0]["metadata"]["name"]
    fault = case.load(kube.namespace, node)
    for manifest in fault.manifests:
        kube("apply", "-f", "-", stdin=manifest.text)
        for command in fault.case.after.get(manifest.name, []):
            kube(*shlex.split(command))


async def _shown(case: EvalCase, kube: Kube, kubeconfig: Path) -> Snapshot:
    """Return the target as it is once the rules see what the case expects, and did before."""
    expected = case.load().case.expect[0]
    kind_name, _, name = expected.target.partition("/")
    kind = next(k for k in TARGETS if k.kind == kind_name)
    end, seen = time.monotonic() + PATIENCE, ["nothing"]
    first: float | None = None
    while time.monotonic() < end:
        async with connect(kubeconfig, "podiatrist-eval") as client:
            try:
                snapshot = await Reader(client).read(kind, kube.namespace, name)
            except NotFoundError:
                seen = [f"no {expected.target}"]
            else:
                seen = [result.finding.reason for result in analyze(snapshot)]
                if seen[:1] == expected.reasons[:1]:
                    first = first or time.monotonic()
                    if time.monotonic() >= first + SETTLE:
                        return snapshot
        await asyncio.sleep(2)
    raise StageError(
        f"{case.fault} does not show within {PATIENCE:.0f} s; seen: {', '.join(seen) or 'nothing'}"
    )
