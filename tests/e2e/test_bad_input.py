"""Diagnoses made by hand, well and badly."""

import json
import time
from typing import Any

import pytest

from podiatrist.api import names
from podiatrist.api.conditions import condition
from tests.e2e.kube import Kube, deployment, until


def by_hand(diagnosis: str, **target: Any) -> dict[str, Any]:
    return {
        "apiVersion": names.API_VERSION,
        "kind": names.KIND,
        "metadata": {"name": diagnosis},
        "spec": {"target": {"apiVersion": "apps/v1", "kind": "Deployment", **target}},
    }


def failure(kube: Kube, name: str) -> tuple[str, str]:
    """Return reason and message once a Diagnosis has settled as Failed."""
    until(
        lambda: (kube.diagnosis(name).status.state == "Failed", kube.diagnosis(name)),
        f"settled Diagnosis {name}",
    )
    found = condition(kube.diagnosis(name).status, "Diagnosed")
    assert found is not None
    return found.reason, found.message


def test_target_that_does_not_exist(kube: Kube) -> None:
    kube.apply(by_hand("nobody", name="no-such-deployment"))
    reason, message = failure(kube, "nobody")
    assert reason == "TargetNotFound"
    assert "no Deployment no-such-deployment" in message


def test_target_in_another_namespace_is_not_looked_for_there(kube: Kube) -> None:
    """Tenants must not learn through a Diagnosis what exists elsewhere."""
    kube.apply(by_hand("elsewhere", name="coredns"))
    reason, message = failure(kube, "elsewhere")
    assert reason == "TargetNotFound"
    assert "kube-system" not in message
    assert "live in the same namespace" in message


@pytest.mark.parametrize(
    ("api_version", "kind"),
    [("example.com/v1", "Spaceship"), ("apps/v9", "Deployment"), ("v1", "Secret"), ("", "")],
)
def test_kind_that_cannot_be_diagnosed(kube: Kube, api_version: str, kind: str) -> None:
    kube.apply(by_hand("odd", name="web", apiVersion=api_version, kind=kind))
    reason, message = failure(kube, "odd")
    assert reason == "KindNotSupported"
    assert "Deployment (apps/v1)" in message


@pytest.mark.parametrize("name", ["..", "../../../../api/v1/secrets", "a/b", "x?watch=1", "Ä", " "])
def test_names_that_no_object_can_have(kube: Kube, name: str) -> None:
    kube.apply(by_hand("odd", name=name))
    assert failure(kube, "odd")[0] == "TargetNotFound"


def test_target_with_another_uid(kube: Kube) -> None:
    kube.apply(deployment(replicas=0), by_hand("old", name="web", uid="0000-not-the-same"))
    assert failure(kube, "old")[0] == "TargetReplaced"


def test_settled_failure_is_not_tried_again_and_again(kube: Kube) -> None:
    """No retry storm: what is settled is left alone until somebody asks."""
    kube.apply(by_hand("nobody", name="web"))
    failure(kube, "nobody")
    settled = kube.get("diagnosis", "nobody")["metadata"]["resourceVersion"]
    time.sleep(8)
    assert kube.get("diagnosis", "nobody")["metadata"]["resourceVersion"] == settled
    kube.apply(deployment(replicas=0))
    kube("annotate", "diagnosis", "nobody", f"{names.RETRY}=1")
    until(
        lambda: (kube.diagnosis("nobody").status.state != "Failed", kube.diagnosis("nobody")),
        "new look",
    )


def test_target_is_asked_for_once(kube: Kube) -> None:
    kube.apply(by_hand("nobody", name="web"))
    failure(kube, "nobody")
    time.sleep(5)
    path = f"/namespaces/{kube.namespace}/deployments/web"
    assert len([entry for entry in kube.audited() if path in entry["requestURI"]]) == 1


def test_healthy_workload_asked_about_by_hand_is_resolved_and_owned(kube: Kube) -> None:
    kube.apply(deployment(replicas=0), by_hand("why", name="web"))
    until(
        lambda: (kube.diagnosis("why").status.state == "Resolved", kube.diagnosis("why")),
        "Resolved",
    )
    found = kube.diagnosis("why")
    assert found.status.summary == "nothing is wrong with it"
    assert found.metadata.owner_references[0]["name"] == "web"


def test_spec_is_immutable_and_typed(kube: Kube) -> None:
    kube.apply(by_hand("fixed", name="web"))
    patch = json.dumps({"spec": {"target": {"name": "other"}}})
    said = kube("patch", "diagnosis", "fixed", "--type=merge", "-p", patch, check=False)
    assert "spec is immutable" in said
    broken = by_hand("broken", name="web")
    broken["spec"]["target"]["name"] = ["not", "a", "string"]
    said = kube("apply", "-f", "-", stdin=json.dumps(broken), check=False)
    assert "must be of type string" in said
    long = by_hand("long", name="x" * 300)
    assert "Too long" in kube("apply", "-f", "-", stdin=json.dumps(long), check=False)


def test_explain_teaches_every_field(kube: Kube) -> None:
    said = kube("explain", "diagnosis.status", "--recursive=false")
    assert "best first" in " ".join(said.split())
    assert "<no description>" not in said
