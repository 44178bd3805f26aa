"""Pods that no new template reaches are deleted, once, and made anew by their controller."""

from typing import Any

import pytest

from tests.e2e.kube import Kube, until
from tests.harness.processes import Podiatrist

pytestmark = [pytest.mark.serial, pytest.mark.containers]

GOOD, BAD = "nginx:1.22", "nginx:9.9.9"


def stateful(image: str = GOOD, **spec: Any) -> dict[str, Any]:
    """Return a StatefulSet of two pods."""
    pod = {
        "terminationGracePeriodSeconds": 1,
        "containers": [{"name": "app", "image": image}],
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": {"name": "db"},
        "spec": {
            "serviceName": "db",
            "replicas": 2,
            "selector": {"matchLabels": {"app": "db"}},
            "template": {"metadata": {"labels": {"app": "db"}}, "spec": pod},
            **spec,
        },
    }


def uids(kube: Kube) -> dict[str, str]:
    return {p["metadata"]["name"]: p["metadata"]["uid"] for p in kube.all("pods")}


def deletions(kube: Kube) -> list[str]:
    """Return the pods that the executor really deleted, from the audit log."""
    return [
        entry["objectRef"]["name"]
        for entry in kube.audited()
        if entry["verb"] == "delete"
        and entry["user"]["username"] == "system:serviceaccount:podiatrist:executor"
        and entry["objectRef"].get("namespace") == kube.namespace
        and entry["responseStatus"]["code"] < 300
        and "dryRun" not in entry["requestURI"]
    ]


def sick_update(kube: Kube) -> Any:
    """Update a good StatefulSet to an image that is not there; returns its Diagnosis."""
    kube.apply(stateful())
    kube("rollout", "status", "statefulset/db", "--timeout=60s")
    kube("set", "image", "statefulset/db", f"app={BAD}")
    return kube.wait_for_diagnosis("AwaitingApproval", target="db")


def test_an_update_in_order_that_stands_at_its_sick_pod(kube: Kube) -> None:
    found = sick_update(kube)
    before = uids(kube)
    option = next(o for o in found.status.options if GOOD in o.title)
    assert [a.type for a in option.actions] == ["SetImage", "DeletePod"]
    assert [(w.verb, w.name) for w in option.writes] == [("patch", "db"), ("delete", "db-1")]
    assert option.preview is not None
    assert option.preview.ok, option.preview.message
    assert any("db-1 (deleted" in line for line in option.diff)
    assert uids(kube) == before, "the dry run must not delete anything"
    kube.approve(found, option)
    kube.wait_for_diagnosis("Succeeded", target="db")
    after = uids(kube)
    assert after["db-0"] == before["db-0"], "the pod that was well stays"
    assert after["db-1"] != before["db-1"]
    kube("rollout", "status", "statefulset/db", "--timeout=30s")


def test_an_on_delete_workload_is_healed_pod_by_pod(kube: Kube) -> None:
    kube.apply(stateful("ngnix:1.22", updateStrategy={"type": "OnDelete"}))
    found = kube.wait_for_diagnosis("AwaitingApproval", target="db")
    kube.approve(found, next(o for o in found.status.options if GOOD in o.title))
    kube.wait_for_diagnosis("Succeeded", target="db")
    assert kube.get("statefulset", "db")["status"]["readyReplicas"] == 2


def test_a_pod_that_was_made_anew_in_between_is_not_deleted(kube: Kube) -> None:
    found = sick_update(kube)
    option = next(o for o in found.status.options if GOOD in o.title)
    old = uids(kube)["db-1"]
    kube("delete", "pod", "db-1")
    until(lambda: (uids(kube).get("db-1", old) != old, uids(kube)), "pod db-1 made anew")
    anew = uids(kube)["db-1"]
    kube.approve(found, option)
    kube.wait_for_diagnosis("AwaitingApproval", target="db")
    assert uids(kube)["db-1"] == anew, "the approval was for another pod"
    assert (
        kube.get("statefulset", "db")["spec"]["template"]["spec"]["containers"][0]["image"] == BAD
    )


def test_a_killed_executor_deletes_once(kube: Kube, podiatrist: Podiatrist) -> None:
    found = sick_update(kube)
    kube.approve(found, next(o for o in found.status.options if GOOD in o.title))
    kube.wait_for_diagnosis("Executing", "Verifying", "Succeeded", target="db")
    podiatrist.executor.kill()
    kube.wait_for_diagnosis("Succeeded", target="db", patience=150)
    assert deletions(kube) == ["db-1"]
