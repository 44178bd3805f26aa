"""Why no node takes a pod, for what the pod itself asks: resources, ports, volumes."""

from typing import Any

import pytest

from podiatrist.api.diagnosis import Diagnosis
from tests.e2e.kube import Kube, deployment

pytestmark = pytest.mark.containers


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
