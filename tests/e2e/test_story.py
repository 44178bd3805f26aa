"""The path from a sick workload to a healed one."""

import json

import pytest

from podiatrist.api.conditions import condition
from tests.e2e.kube import Kube, deployment, requiring, until

pytestmark = pytest.mark.containers


def test_image_that_does_not_exist_is_named_and_replaced(kube: Kube) -> None:
    """Given a mistyped image, when its near miss is approved, then the pod runs."""
    kube.apply(deployment(image="nnnnnnnnginx"))
    found = kube.wait_for_diagnosis("AwaitingApproval")
    (finding,) = found.status.findings
    assert finding.reason == "ImageNotFound"
    assert "nnnnnnnnginx:latest: not found" in finding.evidence[0].quote
    (option,) = found.status.options
    assert option.commands == [f"kubectl -n {kube.namespace} set image deployment/web app=nginx"]
    assert [line for line in option.diff if line[:2] in ("+ ", "- ")] == [
        "-      - image: nnnnnnnnginx",
        "+      - image: nginx",
    ]

    kube.approve(found, option)

    healed = kube.wait_for_diagnosis("Succeeded")
    assert [c.type for c in healed.status.conditions if c.status == "True"] == [
        "Diagnosed",
        "Previewed",
        "Approved",
        "Executed",
        "Verified",
    ]
    assert kube.get("deployment", "web")["status"]["availableReplicas"] == 1
    assert len(kube.diagnoses()) == 1


def test_two_wrong_images_are_mended_by_one_approval(kube: Kube) -> None:
    """Given two containers with mistyped images, when the one option is approved, both run."""
    sick = deployment(image="ngnix")
    other = {"name": "side", "image": "bussybox", "command": ["sleep", "600"]}
    sick["spec"]["template"]["spec"]["containers"].append(other)
    kube.apply(sick)
    kube.wait_for_diagnosis("AwaitingApproval")

    def both() -> tuple[bool, list[str]]:
        """The kubelet pulls one image after the other; findings are merged into the Diagnosis."""
        seen = [f.reason for d in kube.diagnoses() for f in d.status.findings]
        return seen == ["ImageNotFound", "ImageNotFound"], seen

    until(both, "two findings")
    found = kube.wait_for_diagnosis("AwaitingApproval")
    (option,) = found.status.options
    kube.approve(found, option)
    kube.wait_for_diagnosis("Succeeded")
    assert kube.get("deployment", "web")["status"]["availableReplicas"] == 1


def test_pods_without_a_node_run_once_the_rule_is_dropped(kube: Kube) -> None:
    """Given a rule that no node meets, three pods give one Diagnosis; dropping the rule heals."""
    kube.apply(deployment(replicas=3, affinity=requiring("no-such-label")))
    found = kube.wait_for_diagnosis("AwaitingApproval")
    (finding,) = found.status.findings
    assert finding.reason == "NodeLabelMismatch"
    assert finding.message.startswith("3 pods of Deployment")
    label, drop = found.status.options
    assert [a.type for a in label.actions] == ["LabelNode"]
    assert [a.type for a in drop.actions] == ["DropNodeRule"]
    assert drop.preview is not None
    assert drop.preview.ok

    kube.approve(found, drop)

    kube.wait_for_diagnosis("Succeeded")
    assert kube.get("deployment", "web")["status"]["availableReplicas"] == 3
    assert "affinity" not in kube.get("deployment", "web")["spec"]["template"]["spec"]


def test_bad_update_is_rolled_back_to_the_revision_that_runs(kube: Kube) -> None:
    """Given a working Deployment, when an update breaks it, then going back is the first option."""
    kube.apply(deployment(image="nginx", replicas=2))
    kube("rollout", "status", "deployment/web", "--timeout=60s")
    kube("set", "image", "deployment/web", "app=nginx:9.9.9-nope")

    found = kube.wait_for_diagnosis("AwaitingApproval")

    first = found.status.options[0]
    assert (first.actions[0].type, first.risk) == ("RolloutUndo", "Low")
    assert found.status.severity == "Warning"  # the old pods still serve
    kube.approve(found, first)
    kube.wait_for_diagnosis("Succeeded")
    containers = kube.get("deployment", "web")["spec"]["template"]["spec"]["containers"]
    assert containers[0]["image"] == "nginx"


def test_a_later_illness_is_a_new_episode(kube: Kube) -> None:
    """Given a Diagnosis that succeeded, when the workload falls ill again, then `-2` is made."""
    kube.apply(deployment(image="ngnix"))
    first = kube.wait_for_diagnosis("AwaitingApproval")
    kube.approve(first, first.status.options[0])
    kube.wait_for_diagnosis("Succeeded")

    kube("set", "image", "deployment/web", "app=nginx:no-such-tag")

    second = kube.wait_for_diagnosis("AwaitingApproval")
    assert second.metadata.name == f"{first.metadata.name}-2"
    assert kube.diagnosis(first.metadata.name).status.state == "Succeeded"


def test_fix_that_does_not_help_is_undone(kube: Kube) -> None:
    """Given a near miss that does not exist either, when approved, then all is put back."""
    kube.apply(deployment(image="ngnix:no-such-tag"))
    found = kube.wait_for_diagnosis("AwaitingApproval")
    before = _own_part(kube)

    kube.approve(found, found.status.options[0])

    undone = kube.wait_for_diagnosis("RolledBack", patience=150)
    verified = condition(undone.status, "Verified")
    assert verified is not None
    assert "was undone" in verified.message
    assert _own_part(kube) == before

    # The workload is as sick as before, and that story is told: no second Diagnosis.
    until(
        lambda: (any("ngnix" in str(p) for p in kube.all("pods")), kube.all("pods")), "broken pod"
    )
    assert len(kube.diagnoses()) == 1


def _own_part(kube: Kube) -> str:
    """Return the Deployment as text, without what only controllers and the API server write."""
    raw = kube.get("deployment", "web")
    del raw["status"]
    for field in ("managedFields", "resourceVersion", "generation"):
        raw["metadata"].pop(field, None)
    # The Deployment controller numbers every rollout, the one that goes back too.
    raw["metadata"]["annotations"].pop("deployment.kubernetes.io/revision")
    return json.dumps(raw, sort_keys=True)
