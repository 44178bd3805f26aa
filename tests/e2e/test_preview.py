"""What a human is told before an approval, held against what the real controllers then do."""

import json
import subprocess
import sys

import pytest

from podiatrist.api import names
from podiatrist.api.conditions import condition
from podiatrist.api.diagnosis import BlastRadius, Diagnosis, Option
from tests.e2e.kube import Kube, Object, deployment, until

pytestmark = pytest.mark.containers


def stateful(image: str, replicas: int) -> Object:
    made = deployment("web", image, replicas)
    return {**made, "kind": "StatefulSet", "spec": {**made["spec"], "serviceName": "web"}}


def quota(**hard: str) -> Object:
    return {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "few"},
            "spec": {"hard": hard}}  # fmt: skip


def one_option(kube: Kube, *states: str) -> tuple[Diagnosis, Option]:
    found = kube.wait_for_diagnosis(*states)
    return found, found.status.options[0]


def why_not(option: Option) -> str:
    assert option.preview is not None
    assert not option.preview.ok
    return option.preview.message


def radius(option: Option) -> BlastRadius:
    assert option.preview is not None
    assert option.preview.ok, option.preview.message
    assert option.blast_radius is not None
    return option.blast_radius


def show(kube: Kube, found: Diagnosis) -> str:
    """Return what `podiatrist show` prints, on a wide screen."""
    done = subprocess.run(
        [sys.executable, "-m", "podiatrist", "show", found.metadata.name, "-n", kube.namespace,
         "--kubeconfig", str(kube.cluster.kubeconfig)],
        capture_output=True, text=True, check=True, env={"COLUMNS": "400", "PATH": ""},
    )  # fmt: skip
    return done.stdout


def pods_refused(kube: Kube, because: str) -> None:
    """Wait until the controller says that it could not make a pod."""

    def look() -> tuple[bool, list[str]]:
        said = [e["message"] for e in kube.all("events", "--field-selector=reason=FailedCreate")]
        return any(because in text for text in said), said

    until(look, f"FailedCreate because of {because!r}")


def has_pod(kube: Kube) -> None:
    until(lambda: (bool(kube.all("pods")), kube.all("pods")), "pod")


def test_quota_without_room_beside_the_old_pod_makes_it_no_option(kube: Kube) -> None:
    """Given a full quota, when a fix needs a pod more, it cannot be approved; and rightly so."""
    kube.apply(quota(pods="1"))
    until(lambda: ("status" in kube.get("quota", "few"), None), "quota that is computed")
    kube.apply(deployment(image="ngnix"))

    found, option = one_option(kube, "NeedsHuman")

    assert "ResourceQuota few has 0 of 1 pods left, a new pod takes 1" in why_not(option)
    shown = show(kube, found)
    assert "cannot be approved: none of its new pods could be made" in shown
    assert "approve: podiatrist approve" not in shown
    kube("set", "image", "deployment/web", "app=nginx")  # what the option would have done
    pods_refused(kube, "exceeded quota: few")


def test_a_refusal_is_tried_again_once_it_is_mended(kube: Kube) -> None:
    """Given a refused option, when the quota was raised and a human retries, then it can run."""
    kube.apply(quota(pods="1"))
    until(lambda: ("status" in kube.get("quota", "few"), None), "quota that is computed")
    kube.apply(deployment(image="ngnix"))
    found, option = one_option(kube, "NeedsHuman")
    assert "podiatrist.dev/retry=1 --overwrite" in why_not(option)

    kube.apply(quota(pods="5"))
    until(lambda: (kube.get("quota", "few")["status"]["hard"]["pods"] == "5", None), "more room")
    kube.annotate(found, names.RETRY, "1")

    found, option = one_option(kube, "AwaitingApproval")
    assert radius(option).restarts == 1
    kube.approve(found, option)
    kube.wait_for_diagnosis("Succeeded")


def test_budget_that_a_rollout_would_undercut_is_named(kube: Kube) -> None:
    """Given two ready pods and a budget of two, when a fix rolls over them, it says so."""
    kube.apply(stateful("registry.k8s.io/pause:3.9", 3))
    kube("rollout", "status", "statefulset/web", "--timeout=80s")
    budget = {"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": "two"},
              "spec": {"minAvailable": 2, "selector": {"matchLabels": {"app": "web"}}}}  # fmt: skip
    kube.apply(budget)
    kube("set", "image", "statefulset/web", "app=ngnix")

    found, option = one_option(kube, "AwaitingApproval")

    seen = radius(option)
    assert (seen.restarts, seen.unavailable) == (3, 1)
    (warning,) = seen.warnings
    assert warning.startswith("PodDisruptionBudget two (minAvailable 2) wants 2 healthy pods; ")
    assert "as few as 1 may be left" in warning
    shown = show(kube, found)
    assert "blast radius: restarts 3 pods, at most 1 ready pod down at a time" in shown
    assert "careful: PodDisruptionBudget two" in shown
    before = {p["metadata"]["uid"] for p in kube.all("pods")}
    kube.approve(found, option)
    kube.wait_for_diagnosis("Succeeded", patience=150)
    after = {p["metadata"]["uid"] for p in kube.all("pods")}
    assert len(before - after) == seen.restarts


def test_going_back_touches_only_the_new_pods(kube: Kube) -> None:
    """Given a bad update beside two old pods, then going back replaces the bad pod and no other."""
    kube.apply(deployment(image="nginx", replicas=2))
    kube("rollout", "status", "deployment/web", "--timeout=80s")
    kept = {p["metadata"]["uid"] for p in kube.all("pods")}
    kube("set", "image", "deployment/web", "app=nginx:9.9.9-nope")

    found, option = one_option(kube, "AwaitingApproval")

    assert option.actions[0].type == "RolloutUndo"
    assert (radius(option).restarts, radius(option).unavailable) == (1, 0)
    kube.approve(found, option)
    kube.wait_for_diagnosis("Succeeded")
    assert {p["metadata"]["uid"] for p in kube.all("pods")} == kept


def test_limit_range_that_came_after_the_pods_makes_it_no_option(kube: Kube) -> None:
    """Given bounds that the running pods break, when a fix makes new ones, they are refused."""
    asked = {"resources": {"requests": {"cpu": "200m"}, "limits": {"cpu": "200m"}}}
    kube.apply(deployment(image="ngnix", container=asked))
    has_pod(kube)
    bounds = {"apiVersion": "v1", "kind": "LimitRange", "metadata": {"name": "small"},
              "spec": {"limits": [{"type": "Container", "max": {"cpu": "100m"}}]}}  # fmt: skip
    kube.apply(bounds)

    _, option = one_option(kube, "NeedsHuman")

    assert "LimitRange small does not allow the new pods" in why_not(option)
    kube("set", "image", "deployment/web", "app=nginx")
    pods_refused(kube, "maximum cpu usage per Container is 100m")


def test_pod_security_that_came_after_the_pods_makes_it_no_option(kube: Kube) -> None:
    """Given a level that the template violates, then the server's own warning is believed."""
    kube.apply(deployment(image="ngnix"))
    has_pod(kube)
    level = "pod-security.kubernetes.io/enforce=restricted"
    kube.admin("label", "namespace", kube.namespace, level)

    _, option = one_option(kube, "NeedsHuman")

    assert "enforces Pod Security level restricted" in why_not(option)
    assert "allowPrivilegeEscalation != false" in why_not(option)
    kube("set", "image", "deployment/web", "app=nginx")
    pods_refused(kube, 'violates PodSecurity "restricted:latest"')


def test_change_that_a_policy_denies_cannot_be_approved(kube: Kube) -> None:
    """Given a policy against an image, then the option is shown as none and approving is no use."""
    name = f"no-nginx-{kube.namespace}"
    kube.admin("apply", "-f", "-", stdin=json.dumps(policy(name, kube.namespace)))
    try:
        until(lambda: (denied(kube), None), "policy that is in force")
        kube.apply(deployment(image="ngnix"))

        found, option = one_option(kube, "NeedsHuman")

        assert why_not(option).startswith("the API server would refuse it: ")
        assert "no nginx here" in why_not(option)
        assert "cannot be approved: the API server would refuse it" in show(kube, found)
        answer = kube("annotate", "diagnosis", found.metadata.name,
                      f"{names.APPROVE}={option.digest}", check=False)  # fmt: skip
        if "annotated" in answer:

            def look() -> tuple[bool, str]:
                seen = condition(kube.diagnosis(found.metadata.name).status, "Approved")
                return seen is not None and seen.status == "False", str(seen)

            until(look, "approval that is refused")
        web = kube.get("deployment", "web")["spec"]["template"]["spec"]["containers"][0]
        assert web["image"] == "ngnix"
    finally:
        for kind in ("validatingadmissionpolicybinding", "validatingadmissionpolicy"):
            kube.admin("delete", kind, name)


def denied(kube: Kube) -> bool:
    dry = json.dumps(deployment(image="nginx"))
    return "no nginx here" in kube("create", "--dry-run=server", "-f", "-", stdin=dry, check=False)


def policy(name: str, namespace: str) -> Object:
    """Return a policy, and its binding to one namespace, against Deployments of image nginx."""
    group = "admissionregistration.k8s.io/v1"
    rule = {"apiGroups": ["apps"], "apiVersions": ["v1"], "resources": ["deployments"],
            "operations": ["CREATE", "UPDATE"]}  # fmt: skip
    said = {"expression": "object.spec.template.spec.containers.all(c, c.image != 'nginx')",
            "message": "no nginx here"}  # fmt: skip
    there = {"matchLabels": {"kubernetes.io/metadata.name": namespace}}
    return {"apiVersion": "v1", "kind": "List", "items": [
        {"apiVersion": group, "kind": "ValidatingAdmissionPolicy", "metadata": {"name": name},
         "spec": {"matchConstraints": {"resourceRules": [rule]}, "validations": [said]}},
        {"apiVersion": group, "kind": "ValidatingAdmissionPolicyBinding",
         "metadata": {"name": name},
         "spec": {"policyName": name, "validationActions": ["Deny"],
                  "matchResources": {"namespaceSelector": there}}},
    ]}  # fmt: skip
