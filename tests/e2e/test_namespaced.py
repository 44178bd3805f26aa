"""One team's namespace, and no right in the whole cluster: what can be done with Roles alone."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from podiatrist.api import names
from podiatrist.api.conditions import condition
from podiatrist.doctor.kinds import CLUSTER_ROLE_BINDING
from podiatrist.doctor.rights import ACCOUNTS, username
from podiatrist.doctor.shipped import shipped
from tests.cluster import Cluster
from tests.e2e.kube import Kube, deployment, requiring, until
from tests.e2e.test_rights import told_rights
from tests.harness.install import install
from tests.harness.processes import Podiatrist
from tests.harness.settings import SHORTENED
from tests.rights import EVERYBODY

pytestmark = [pytest.mark.serial, pytest.mark.containers]


@pytest.fixture
def confined(
    kube: Kube, cluster: Cluster, podiatrist: Podiatrist, tmp_path: Path
) -> Iterator[Podiatrist]:
    """A Podiatrist that was installed from `deploy/namespaced` for the test's own namespace."""
    podiatrist.__exit__(None, None, None)
    wide = [m.name for m in shipped() if m.kind == CLUSTER_ROLE_BINDING]
    team = [m for m in shipped((kube.namespace,)) if m.file.startswith("namespaced/")]
    for manifest in team:
        if manifest.kind.kind == "Deployment":
            manifest.body["spec"]["replicas"] = 0
    granting = yaml.safe_dump_all(m.body for m in team if m.kind.kind.startswith("Role"))
    kube.admin("delete", "clusterrolebinding", *wide)
    kube.admin("apply", "-f", "-", stdin=yaml.safe_dump_all(m.body for m in team))
    settings = {**SHORTENED, "PODIATRIST_NAMESPACES": kube.namespace}
    try:
        with Podiatrist(cluster, tmp_path, settings) as ours:
            yield ours
    finally:
        kube.admin("delete", "--ignore-not-found", "-f", "-", stdin=granting)
        install(cluster)
        podiatrist.__enter__()


@pytest.fixture
def elsewhere(kube: Kube) -> Iterator[Kube]:
    """A namespace of somebody else."""
    other = Kube(kube.cluster, f"{kube.namespace[:50]}-other")
    kube.admin("create", "namespace", other.namespace)
    yield other
    kube.admin("delete", "namespace", other.namespace, "--wait=false")


def requests_of_ours(kube: Kube, since: int) -> list[dict[str, Any]]:
    """Return what our accounts asked for, but for the first `since` lines of the log."""
    ours = {username(account) for account in ACCOUNTS}
    return [e for e in list(kube.audited())[since:] if e["user"]["username"] in ours]


def told(entry: dict[str, Any]) -> str:
    return f"{entry['responseStatus']['code']} {entry['verb']} {entry['requestURI']}"


def test_a_team_is_served_and_nobody_else(
    kube: Kube, elsewhere: Kube, confined: Podiatrist
) -> None:
    """Sick here: told, approved, healed. Sick elsewhere: not even looked at. Nothing is refused."""
    since = len(list(kube.audited()))
    elsewhere.apply(deployment(image="nnnnnnnnginx"))
    kube.apply(
        deployment(image="nnnnnnnnginx"),
        deployment("nowhere", affinity=requiring("no-such-label")),
    )
    found = kube.wait_for_diagnosis("AwaitingApproval")
    (option,) = found.status.options

    name, here = found.metadata.name, kube.namespace
    kube.admin("label", "namespace", here, f"{names.EXECUTION}=off")
    kube.approve(found, option)

    def held() -> tuple[bool, str]:
        approved = condition(kube.diagnosis(name).status, "Approved")
        return approved is not None and approved.reason == "SwitchedOff", str(approved)

    until(held, "word of the label that switches the namespace off")
    kube.admin("label", "namespace", here, f"{names.EXECUTION}-")
    kube("annotate", "diagnosis", name, f"{names.APPROVE}-")
    kube.approve(found, option)
    kube.wait_for_diagnosis("Succeeded")
    assert kube.get("deployment", "web")["status"]["availableReplicas"] == 1

    lost = kube.wait_for_diagnosis("NeedsHuman", "AwaitingApproval", target="nowhere")
    (finding,) = lost.status.findings
    assert finding.reason == "Unschedulable"
    assert "node(s) didn't match" in finding.message
    assert "the cluster has no nodes" not in finding.message

    assert elsewhere.diagnoses() == []
    asked = requests_of_ours(kube, since)
    assert asked
    assert [told(e) for e in asked if e["responseStatus"]["code"] in (401, 403)] == []
    assert [told(e) for e in asked if elsewhere.namespace in e["requestURI"]] == []


@pytest.mark.parametrize("account", ACCOUNTS)
def test_no_account_has_a_right_in_the_whole_cluster(
    kube: Kube, elsewhere: Kube, confined: Podiatrist, account: str
) -> None:
    listing = ("auth", "can-i", "--list", "--no-headers", f"--as={username(account)}", "-n")
    for namespace in (elsewhere.namespace, "default", "kube-system"):
        assert told_rights(kube.admin(*listing, namespace)) == EVERYBODY
    assert told_rights(kube.admin(*listing, kube.namespace)) > EVERYBODY
