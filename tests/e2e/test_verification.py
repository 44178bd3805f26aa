"""When a fix counts as one: nothing worse, nothing new, and nobody who took it back meanwhile."""

import time
from typing import Any

import pytest

from podiatrist.api.conditions import condition
from podiatrist.api.diagnosis import Diagnosis, Option
from tests.e2e.kube import Kube, deployment, until

pytestmark = pytest.mark.containers

MISSING = ["/no/such/program"]


def image(kube: Kube) -> str:
    return str(_pod_spec(kube)["containers"][0]["image"])


def _pod_spec(kube: Kube) -> dict[str, Any]:
    found: dict[str, Any] = kube.get("deployment", "web")["spec"]["template"]["spec"]
    return found


def verified(diagnosis: Diagnosis) -> tuple[str, str, str]:
    """Return status, reason and message of the Verified condition."""
    found = condition(diagnosis.status, "Verified")
    return (found.status, found.reason, found.message) if found else ("", "", "")


def setting_the_image(diagnosis: Diagnosis) -> Option:
    return next(o for o in diagnosis.status.options if [a.type for a in o.actions] == ["SetImage"])


def wait_for_soak(kube: Kube) -> None:
    def look() -> tuple[bool, object]:
        said = verified(kube.diagnoses()[-1])
        return said[1] == "Soaking", said

    until(look, "soak")


def test_what_was_approved_is_what_is_checked(kube: Kube) -> None:
    """The lines that a human reads are those that the success quotes."""
    kube.apply(deployment(image="ngnix"))
    found = kube.wait_for_diagnosis("AwaitingApproval")
    (option,) = found.status.options
    assert option.checks == [
        "rollout status deployment/web",
        "ImageNotFound no longer fires",
        "nothing new fires",
        "no fewer ready pods",
        "for 4s",
    ]

    kube.approve(found, option)

    healed = kube.wait_for_diagnosis("Succeeded")
    _, reason, message = verified(healed)
    assert reason == "ChecksPassed"
    assert message == f"held for 4s: {', '.join(option.checks[:-1])}"


def test_a_second_fault_under_the_first_is_undone_and_named(kube: Kube) -> None:
    """Given a mistyped image over a mistyped command, when the image is mended, both are told."""
    kube.apply(deployment(image="ngnix", container={"command": MISSING}))
    found = kube.wait_for_diagnosis("AwaitingApproval")

    kube.approve(found, setting_the_image(found))

    undone = kube.wait_for_diagnosis("RolledBack", patience=150)
    message = verified(undone)[2]
    assert "was undone" in message
    # The old pod stays, and stays sick, until a new one is ready.
    gone = "ImageNotFound is gone from the new pods, but CommandNotFound showed, which was not"
    assert gone in message
    assert image(kube) == "ngnix"


def test_a_fix_that_makes_it_worse_is_undone_while_the_old_pods_serve(kube: Kube) -> None:
    """Given a bad update beside working pods, when a fix only breaks it otherwise, it goes."""
    kube.apply(deployment(image="nginx", replicas=2))
    kube("rollout", "status", "deployment/web", "--timeout=60s")
    kube.apply(deployment(image="ngnix", replicas=2, container={"command": MISSING}))
    found = kube.wait_for_diagnosis("AwaitingApproval")

    kube.approve(found, setting_the_image(found))

    undone = kube.wait_for_diagnosis("RolledBack", patience=150)
    assert "CommandNotFound showed" in verified(undone)[2]
    assert image(kube) == "ngnix"
    assert kube.get("deployment", "web")["status"]["readyReplicas"] == 2


def test_a_human_who_takes_the_fix_back_is_reported_and_not_overruled(kube: Kube) -> None:
    kube.apply(deployment(image="ngnix"))
    found = kube.wait_for_diagnosis("AwaitingApproval")
    kube.approve(found, found.status.options[0])
    wait_for_soak(kube)

    kube("set", "image", "deployment/web", "app=ngnix")

    failed = kube.wait_for_diagnosis("Failed")
    _, reason, message = verified(failed)
    assert reason == "FixReverted"
    assert message.startswith("kubectl-set ")
    assert f"took the change of Deployment {kube.namespace}/web back" in message
    _nobody_writes(kube, "ngnix")


def test_a_human_who_chooses_another_value_is_reported_and_not_overruled(kube: Kube) -> None:
    kube.apply(deployment(image="ngnix"))
    found = kube.wait_for_diagnosis("AwaitingApproval")
    kube.approve(found, found.status.options[0])
    wait_for_soak(kube)

    kube("set", "image", "deployment/web", "app=registry.k8s.io/pause:3.9")

    failed = kube.wait_for_diagnosis("Failed")
    assert verified(failed)[1] == "FixReverted"
    assert "changed what the fix had set" in verified(failed)[2]
    _nobody_writes(kube, "registry.k8s.io/pause:3.9")


def _nobody_writes(kube: Kube, chosen: str) -> None:
    before = kube.get("deployment", "web")["metadata"]["generation"]
    time.sleep(6)
    assert kube.get("deployment", "web")["metadata"]["generation"] == before
    assert image(kube) == chosen


def test_more_replicas_meanwhile_take_no_fix_back(kube: Kube) -> None:
    """As an autoscaler does: the new pods are waited for, and the soak starts anew."""
    kube.apply(deployment(image="ngnix"))
    found = kube.wait_for_diagnosis("AwaitingApproval")
    kube.approve(found, found.status.options[0])
    wait_for_soak(kube)

    kube("scale", "deployment/web", "--replicas=3")

    kube.wait_for_diagnosis("Succeeded")
    assert kube.get("deployment", "web")["status"]["readyReplicas"] == 3


def test_scaled_to_zero_meanwhile_is_neither_success_nor_undone(kube: Kube) -> None:
    """Nothing runs, so nothing shows; back at one, the fix is judged."""
    kube.apply(deployment(image="ngnix"))
    found = kube.wait_for_diagnosis("AwaitingApproval")
    kube.approve(found, found.status.options[0])
    wait_for_soak(kube)
    kube("scale", "deployment/web", "--replicas=0")

    time.sleep(8)

    seen = kube.diagnosis(found.metadata.name)
    assert (seen.status.state, image(kube)) == ("Verifying", "nginx")
    kube("scale", "deployment/web", "--replicas=1")
    kube.wait_for_diagnosis("Succeeded")


def test_deleting_the_deployment_in_the_soak_takes_its_diagnosis_along(kube: Kube) -> None:
    kube.apply(deployment(image="ngnix"))
    found = kube.wait_for_diagnosis("AwaitingApproval")
    kube.approve(found, found.status.options[0])
    wait_for_soak(kube)

    kube("delete", "deployment", "web")

    until(lambda: (not kube.diagnoses(), kube.diagnoses()), "end of the Diagnosis")
    # The executor goes on: the next story is served.
    kube.apply(deployment("other", image="ngnix"))
    other = kube.wait_for_diagnosis("AwaitingApproval", target="other")
    kube.approve(other, other.status.options[0])
    kube.wait_for_diagnosis("Succeeded", target="other")
