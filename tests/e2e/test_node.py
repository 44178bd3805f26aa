"""Why no node takes a pod, where the one real node is changed or filled: label, taint, cordon."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.e2e.kube import Kube, deployment, requiring
from tests.e2e.test_pending import healed_by, reasons

pytestmark = [pytest.mark.serial, pytest.mark.containers]


@pytest.fixture
def node(kube: Kube) -> Iterator[str]:
    """The node's name; what the test did to the node is undone."""
    name: str = kube.all("nodes")[0]["metadata"]["name"]
    yield name
    kube.admin("uncordon", name)
    kube.admin("taint", "node", name, "dedicated-", check=False)
    kube.admin("label", "node", name, "pool-")


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


def test_request_a_little_too_large_is_lowered(kube: Kube) -> None:
    (node,) = kube.all("nodes")
    whole = node["status"]["allocatable"]["cpu"]
    kube.apply(deployment(container={"resources": {"requests": {"cpu": whole}}}))
    found = kube.wait_for_diagnosis("AwaitingApproval")
    assert reasons(found) == ["InsufficientResources"]
    healed_by(kube, found, "SetResources")
