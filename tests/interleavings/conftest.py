"""The cluster with our CRD, RBAC and policies, and nobody at work in it but the machine.

The real processes of `tests/harness/plugin.py` would act on the same Diagnoses: they do not run
here, and these tests are no part of a run that has them.
"""

import asyncio
import json
import os
import secrets
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import AsyncExitStack, ExitStack
from dataclasses import fields
from pathlib import Path

import pytest

from podiatrist.cluster.connect import connect
from tests.cluster import Cluster, current, ensure_up, own, pki
from tests.harness.install import identity, install, kubectl
from tests.harness.only import only_one
from tests.interleavings.trail import Trail
from tests.interleavings.world import Ground, People

_session = ExitStack()
_FOLDER = "PODIATRIST_INTERLEAVINGS"
SEED = "INTERLEAVINGS_SEED"
HAPPENED = "happened"


def pytest_sessionstart(session: pytest.Session) -> None:
    if hasattr(session.config, "workerinput") or session.config.option.collectonly:
        return
    os.environ.setdefault(SEED, str(int(time.time())))  # workers inherit it
    _session.enter_context(only_one())
    cluster = ensure_up()
    install(cluster)
    folder = tempfile.TemporaryDirectory(prefix="podiatrist-interleavings-")
    os.environ[_FOLDER] = _session.enter_context(folder)
    _write_identities(cluster, Path(os.environ[_FOLDER]))


def _write_identities(cluster: Cluster, folder: Path) -> None:
    """Make everybody's credentials once: two workers would get into each other's way."""
    for account in ("operator", "executor"):
        identity(cluster, account, folder)
    shutil.copy(cluster.kubeconfig, folder / "admin.kubeconfig")
    if (settings := own.running()) is not None:  # in no other cluster is there a log to read
        for who in ("alice", "bob", "mallory"):
            shutil.copy(pki.make_user(settings, who, []), folder / f"{who}.kubeconfig")


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    _session.close()


def pytest_report_header() -> str:
    return f"interleavings: {SEED}={os.environ.get(SEED)}"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what all examples together came to, so that tame ones are seen."""
    happened: Counter[str] = Counter()
    for report in terminalreporter.stats.get("passed", []):
        happened.update(dict(report.user_properties).get(HAPPENED, {}))
    said = ", ".join(f"{count} {what}" for what, count in sorted(happened.items()))
    terminalreporter.write_line(f"interleavings: {said}; {SEED}={os.environ.get(SEED)}")


@pytest.fixture(scope="session")
def cluster() -> Cluster:
    found = current()
    assert found is not None, "the cluster went away under the tests"
    if found.audit_log is None:
        pytest.skip("the API server's audit log is not ours to read")
    return found


@pytest.fixture(scope="session")
def runner() -> Iterator[asyncio.Runner]:
    """The event loop that all requests of all examples share."""
    with asyncio.Runner() as runner:
        yield runner


@pytest.fixture(scope="session")
def ground(cluster: Cluster, runner: asyncio.Runner) -> Iterator[Ground]:
    """A namespace with its people, connected as themselves."""
    namespace = f"interleavings-{secrets.token_hex(2)}"
    kubectl(cluster, "create", "namespace", namespace)
    kubectl(cluster, "apply", "-f", "-", stdin=json.dumps(_rights(namespace)))
    assert cluster.audit_log is not None
    trail = Trail(cluster.audit_log, namespace)
    stack = AsyncExitStack()

    async def everybody() -> People:
        return People(
            **{
                who.name: await stack.enter_async_context(
                    connect(Path(os.environ[_FOLDER], f"{who.name}.kubeconfig"), who.name)
                )
                for who in fields(People)
            }
        )

    people = runner.run(everybody())
    yield Ground(namespace, people, trail, Counter())
    runner.run(stack.aclose())
    trail.close()
    kubectl(cluster, "delete", "namespace", namespace, "--wait=false")


def _rights(namespace: str) -> dict[str, object]:
    """Two who may approve and edit; one who may edit all of it, Diagnoses too, and not approve."""
    group = "rbac.authorization.k8s.io"

    def binding(name: str, role: str, *users: str, kind: str = "ClusterRole") -> dict[str, object]:
        return {
            "apiVersion": f"{group}/v1",
            "kind": "RoleBinding",
            "metadata": {"name": name, "namespace": namespace},
            "roleRef": {"apiGroup": group, "kind": kind, "name": role},
            "subjects": [{"apiGroup": group, "kind": "User", "name": user} for user in users],
        }

    edits = {
        "apiVersion": f"{group}/v1",
        "kind": "Role",
        "metadata": {"name": "edits-diagnoses", "namespace": namespace},
        "rules": [
            {"apiGroups": ["podiatrist.dev"], "resources": ["diagnoses"],
             "verbs": ["get", "list", "create", "update", "patch", "delete"]},
        ],
    }  # fmt: skip
    items = [
        edits,
        binding("edit", "edit", "alice", "bob", "mallory"),
        binding("approve", "podiatrist-approver", "alice", "bob"),
        binding("edit-diagnoses", "edits-diagnoses", "mallory", kind="Role"),
    ]
    return {"apiVersion": "v1", "kind": "List", "items": items}
