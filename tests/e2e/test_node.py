"""Why no node takes a pod, on the one real node: taints, cordon, resources, ports, volumes."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from podiatrist.api.diagnosis import Diagnosis
from tests.e2e.kube import Kube, deployment, requiring

pytestmark = [pytest.mark.serial, pytest.mark.containers]


@pytest.fixture
def node(kube: Kube) -> Iterator[str]:
    """The node's name; what the test did to the node is undone."""
    name: str = kube.all("nodes")[0]["metadata"]["name"]
    yield name
    kube.admin("uncordon", name)
    kube.admin("taint", "node", name, "dedicated-", check=False)
    kube.admin("label", "node", name, "pool-")


def reasons(diagnosis: Diagnosis) -> list[str]:
    return [f.reason for f in diagnosis.status.findings]


def healed_by(kube: Kube, diagnosis: Diagnosis, action: str) -> None:
    """Approve the option with that action and see the workload well."""
    options = [o for o in diagnosis.status.options if o.actions[0].type == action]
    assert options, f"no {action} among {[o.title for o in diagnosis.status.options]}"
    assert options[0].preview is not None
    assert options[0].preview.ok, options[0].preview.message
    kube.approve(diagnosis, options[0])
    kube.wait_for_diagnosis("Succeeded")


def test_label_is_set_on_the_node(kube: Kube, node: str) -> None:
    kube.apply(deployment(affinity=requiring("pool")))
    found = kube.wait_for_diagnosis("AwaitingApproval")
    assert reasons(found) == ["NodeLabelMismatch"]
    assert node in found.status.findings[0].message
    healed_by(kube, found, "LabelNode")
    assert kube.get("node", node)["metadata"]["labels"]["pool"] == "true"


def test_taint_is_tolerated(kube: Kube, node: str) -> None:
    kube.admin("taint", "node", node, "dedicated=batch:NoSchedule")
    kube.apply(deployment())
    found = kube.wait_for_diagnosis("AwaitingApproval")
    assert reasons(found) == ["UntoleratedTaint"]
    assert "dedicated=batch:NoSchedule" in found.status.findings[0].message
    healed_by(kube, found, "AddToleration")


def test_cordoned_node_is_uncordoned(kube: Kube, node: str) -> None:
    kube.admin("cordon", node)
    kube.apply(deployment())
    cluster = replace(kube, namespace="podiatrist")  # a node's Diagnosis is in no shop's namespace
    found = cluster.wait_for_diagnosis("AwaitingApproval", target=node)
    assert reasons(found) == ["NodeCordoned"]
    assert f"Deployment {kube.namespace}/web" in found.status.findings[0].message
    assert found.status.options[0].risk == "High"
    cluster.approve(found, found.status.options[0])
    cluster.wait_for_diagnosis("Succeeded", target=node)
    kube("rollout", "status", "deployment/web", "--timeout=60s")
    assert kube.diagnoses() == [], "one Diagnosis for the node, none for those who wait"


@pytest.mark.parametrize(
    ("requests", "word"), [({"cpu": "500"}, "cpu"), ({"memory": "9000Gi"}, "memory")]
)
def test_request_far_beyond_any_node_needs_a_human(
    kube: Kube, requests: dict[str, str], word: str
) -> None:
    """Far less than was asked for would not be the same workload: no option, a clear cause."""
    kube.apply(deployment(container={"resources": {"requests": requests}}))
    found = kube.wait_for_diagnosis("NeedsHuman")
    assert reasons(found) == ["InsufficientResources"]
    assert word in found.status.findings[0].message


def test_request_a_little_too_large_is_lowered(kube: Kube) -> None:
    (node,) = kube.all("nodes")
    whole = node["status"]["allocatable"]["cpu"]
    kube.apply(deployment(container={"resources": {"requests": {"cpu": whole}}}))
    found = kube.wait_for_diagnosis("AwaitingApproval")
    assert reasons(found) == ["InsufficientResources"]
    healed_by(kube, found, "SetResources")


def test_host_port_that_is_taken(kube: Kube) -> None:
    ports = {"ports": [{"containerPort": 80, "hostPort": 18080}]}
    kube.apply(deployment(replicas=2, container=ports))
    found = kube.wait_for_diagnosis("AwaitingApproval")
    assert reasons(found) == ["HostPortTaken"]
    assert "18080/TCP taken by pod " + kube.namespace in found.status.findings[0].message
    healed_by(kube, found, "Scale")


def claim(name: str, **spec: Any) -> dict[str, Any]:
    asked = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Mi"}}}
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": name},
        "spec": {**asked, **spec},
    }


def using(name: str) -> list[dict[str, Any]]:
    return [{"name": "data", "persistentVolumeClaim": {"claimName": name}}]


def test_mistyped_claim_is_corrected(kube: Kube) -> None:
    kube.apply(claim("web-data"), deployment(volumes=using("web-date")))
    found = kube.wait_for_diagnosis("AwaitingApproval")
    assert reasons(found) == ["ClaimNotFound"]
    assert "did you mean web-data?" in found.status.findings[0].message
    healed_by(kube, found, "SetClaim")


def test_storage_class_that_does_not_exist_needs_a_human(kube: Kube) -> None:
    kube.apply(claim("data", storageClassName="fastt"), deployment(volumes=using("data")))
    found = kube.wait_for_diagnosis("NeedsHuman")
    assert reasons(found) == ["StorageClassNotFound"]
    assert "StorageClass fastt, which does not exist; there are standard" in (
        found.status.summary or ""
    )
