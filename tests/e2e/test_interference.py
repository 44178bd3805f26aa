"""Humans who change their mind, the workload or the annotation in the middle."""

import json
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from podiatrist.api import names
from podiatrist.api.conditions import condition
from podiatrist.api.diagnosis import Diagnosis
from tests.cluster import Cluster
from tests.e2e.kube import Kube, deployment, until
from tests.harness.install import identity

pytestmark = pytest.mark.containers


def approved(diagnosis: Diagnosis) -> tuple[str, str, str]:
    """Return status, reason and message of the Approved condition."""
    found = condition(diagnosis.status, "Approved")
    return (found.status, found.reason, found.message) if found else ("", "", "")


def wait_for_refusal(kube: Kube, reason: str) -> Diagnosis:
    def look() -> tuple[bool, Diagnosis]:
        seen = kube.diagnoses()[-1]
        return approved(seen)[:2] == ("False", reason), seen

    return until(look, f"refusal {reason}")


def image(kube: Kube) -> str:
    containers = kube.get("deployment", "web")["spec"]["template"]["spec"]["containers"]
    return str(containers[0]["image"])


def paused(kube: Kube, found: Diagnosis, *, pause: bool) -> None:
    """Let the Diagnosis stand still, so that what is done meanwhile is seen all at once."""
    value = f"{names.PAUSE}=true" if pause else f"{names.PAUSE}-"
    kube("annotate", "diagnosis", found.metadata.name, value)


def test_digest_of_no_option_is_refused_at_the_door_and_the_right_one_still_works(
    kube: Kube,
) -> None:
    kube.apply(deployment(image="ngnix"))
    found = kube.wait_for_diagnosis("AwaitingApproval")
    (option,) = found.status.options

    for odd in ("deadbeef", "x" * 5000, "bell\a", "\u202eesrever", "", option.digest.upper() + " "):
        said = kube("annotate", "diagnosis", found.metadata.name, f"{names.APPROVE}={odd}",
                    check=False)  # fmt: skip
        assert f"the digest of an option of this Diagnosis: {option.digest}" in said

    assert image(kube) == "ngnix"
    kube.approve(found, option)
    kube.wait_for_diagnosis("Succeeded")
    assert image(kube) == "nginx"


def test_edit_between_diagnosis_and_approval_stops_the_run(kube: Kube) -> None:
    """The approved bytes were for another Deployment: nothing runs, it is diagnosed anew."""
    kube.apply(deployment(image="ngnix"))
    found = kube.wait_for_diagnosis("AwaitingApproval")
    old = found.status.options[0]
    paused(kube, found, pause=True)
    edit = '{"spec":{"template":{"spec":{"terminationGracePeriodSeconds":2}}}}'
    kube("patch", "deployment", "web", "-p", edit)
    kube.approve(found, old)
    paused(kube, found, pause=False)

    refused = wait_for_refusal(kube, "StaleDigest")
    assert "changed" in approved(refused)[2]

    def look() -> tuple[bool, Diagnosis]:
        seen = kube.diagnosis(found.metadata.name)
        digests = [o.digest for o in seen.status.options]
        return bool(digests) and old.digest not in digests, seen

    anew = until(look, "options for the Deployment as it is now")
    assert old.digest in anew.status.superseded
    time.sleep(5)
    assert image(kube) == "ngnix"
    assert kube.diagnosis(found.metadata.name).status.execution is None

    kube.approve(anew, kube.wait_for_diagnosis("AwaitingApproval").status.options[0])
    kube.wait_for_diagnosis("Succeeded")


def test_edit_and_edit_back_does_not_revive_a_refused_approval(kube: Kube) -> None:
    """An annotation is a token handled once, even when its digest becomes right again."""
    kube.apply(deployment(image="ngnix"))
    found = kube.wait_for_diagnosis("AwaitingApproval")
    paused(kube, found, pause=True)
    kube("scale", "deployment/web", "--replicas=2")
    kube.approve(found, found.status.options[0])
    paused(kube, found, pause=False)
    wait_for_refusal(kube, "StaleDigest")

    kube("scale", "deployment/web", "--replicas=1")

    until(
        lambda: (
            [o.digest for o in kube.diagnoses()[-1].status.options]
            == [o.digest for o in found.status.options],
            kube.diagnoses()[-1],
        ),
        "the first option offered again",
    )
    time.sleep(6)
    assert image(kube) == "ngnix"
    # Taken back and given anew, it is a fresh decision.
    kube("annotate", "diagnosis", found.metadata.name, f"{names.APPROVE}-")
    until(
        lambda: (condition(kube.diagnoses()[-1].status, "Approved") is None, kube.diagnoses()[-1]),
        "clean slate",
    )
    kube.approve(found, kube.wait_for_diagnosis("AwaitingApproval").status.options[0])
    kube.wait_for_diagnosis("Succeeded")


def test_deleting_the_deployment_takes_its_diagnosis_along(kube: Kube) -> None:
    kube.apply(deployment(image="ngnix"))
    found = kube.wait_for_diagnosis("AwaitingApproval")
    kube.approve(found, found.status.options[0])

    kube("delete", "deployment", "web")

    until(lambda: (not kube.diagnoses(), kube.diagnoses()), "end of the Diagnosis")
    time.sleep(3)
    assert kube.diagnoses() == []


def test_deployment_made_anew_gets_a_diagnosis_of_its_own(kube: Kube) -> None:
    kube.apply(deployment(image="ngnix"))
    first = kube.wait_for_diagnosis("AwaitingApproval")
    kube("delete", "deployment", "web")
    kube.apply(deployment(image="ngnix"))

    def look() -> tuple[bool, list[Diagnosis]]:
        seen = kube.diagnoses()
        return [d.metadata.name for d in seen] not in ([], [first.metadata.name]), seen

    seen = until(look, "a Diagnosis of the new Deployment")
    assert len({d.spec.target.uid for d in seen}) == len(seen)


def test_healing_by_hand_resolves(kube: Kube) -> None:
    """Fixed by a human before any approval: Resolved, and nothing was executed."""
    kube.apply(deployment(image="ngnix"))
    kube.wait_for_diagnosis("AwaitingApproval")

    kube("set", "image", "deployment/web", "app=nginx")

    done = kube.wait_for_diagnosis("Resolved")
    assert done.status.execution is None
    assert len(kube.diagnoses()) == 1


def test_rejected_is_over_until_the_workload_changes(kube: Kube) -> None:
    kube.apply(deployment(image="ngnix"))
    found = kube.wait_for_diagnosis("AwaitingApproval")

    kube.annotate(found, names.REJECT, "we will move it")

    rejected = kube.wait_for_diagnosis("Rejected")
    assert "we will move it" in approved(rejected)[2]
    yes = f"{names.APPROVE}={found.status.options[0].digest}"
    said = kube("annotate", "diagnosis", found.metadata.name, yes, check=False)
    assert "this Diagnosis is over (Rejected)" in said
    time.sleep(6)
    assert (image(kube), len(kube.diagnoses())) == ("ngnix", 1)


def test_retry_asks_for_a_fresh_look_once(kube: Kube) -> None:
    kube.apply(deployment(image="ngnix"))
    found = kube.wait_for_diagnosis("AwaitingApproval")
    kube.annotate(found, names.REJECT, "no")
    kube.wait_for_diagnosis("Rejected")
    kube("annotate", "diagnosis", found.metadata.name, f"{names.REJECT}-")

    kube.annotate(found, names.RETRY, "1")

    again = kube.wait_for_diagnosis("AwaitingApproval")
    assert again.status.handled_retry == "1"
    kube.approve(again, again.status.options[0])
    kube.wait_for_diagnosis("Succeeded")


def test_paused_diagnosis_stands_still(kube: Kube) -> None:
    kube.apply(deployment(image="ngnix"))
    found = kube.wait_for_diagnosis("AwaitingApproval")
    kube.annotate(found, names.PAUSE, "true")

    kube.approve(found, found.status.options[0])

    time.sleep(6)
    assert image(kube) == "ngnix"
    kube("annotate", "diagnosis", found.metadata.name, f"{names.PAUSE}-")
    kube.wait_for_diagnosis("Succeeded")


def test_forged_intent_is_not_carried_out(kube: Kube, cluster: Cluster, tmp_path: Path) -> None:
    """Not even the executor's own token makes it send other patches than approved."""
    kube.apply(deployment(image="ngnix"), deployment("victim"))
    found = kube.wait_for_diagnosis("AwaitingApproval")
    digest = found.status.options[0].digest
    victim = kube.get("deployment", "victim")
    evil = [
        {"op": "test", "path": "/metadata/uid", "value": victim["metadata"]["uid"]},
        {"op": "replace", "path": "/spec/replicas", "value": 0},
    ]
    ref = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "victim"}
    patch = {"object": {**ref, "namespace": kube.namespace}, "patch": json.dumps(evil)}
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    conditions = json.loads(
        kube("get", "diagnosis", found.metadata.name, "-o", "jsonpath={.status.conditions}")
    )
    started = {"type": "Executed", "status": "Unknown", "reason": "Started"}
    forged: dict[str, Any] = {
        "approval": {"digest": digest, "at": now, "by": "admin"},
        "execution": {"run": "1", "startedAt": now, "patches": [patch], "inverse": [patch]},
        "conditions": [*conditions, {**started, "lastTransitionTime": now}],
    }
    kube("annotate", "diagnosis", found.metadata.name, f"{names.APPROVE}={digest}",
         f"{names.PAUSE}=true")  # fmt: skip
    stored = kube.get("diagnosis", found.metadata.name)
    stored["status"] |= forged
    executor = ("--kubeconfig", str(identity(cluster, "executor", tmp_path)))
    kube("replace", "--subresource=status", "-f", "-", *executor, stdin=json.dumps(stored))
    kube("annotate", "diagnosis", found.metadata.name, f"{names.PAUSE}-")

    failed = kube.wait_for_diagnosis("Failed")

    executed = condition(failed.status, "Executed")
    assert executed is not None
    assert executed.reason == "NotWhatWasApproved"
    assert kube.get("deployment", "victim")["spec"]["replicas"] == 1


def test_an_option_swapped_after_the_approval_is_not_run(
    kube: Kube, cluster: Cluster, tmp_path: Path
) -> None:
    """A stolen operator offers something of the same digest once the first was approved."""
    kube.apply(deployment(image="ngnix"))
    found = kube.wait_for_diagnosis("AwaitingApproval")
    paused(kube, found, pause=True)
    kube.approve(found, found.status.options[0])
    operator = ("--kubeconfig", str(identity(cluster, "operator", tmp_path)))
    replace = ("replace", "--subresource=status", "-f", "-", *operator)
    stored = kube.get("diagnosis", found.metadata.name)
    (swapped,) = stored["status"]["options"]
    del swapped["preview"]
    for options in ([], [swapped]):
        stored = kube.get("diagnosis", found.metadata.name)
        kube(
            *replace, stdin=json.dumps(stored | {"status": stored["status"] | {"options": options}})
        )
    paused(kube, found, pause=False)

    refused = wait_for_refusal(kube, "StaleDigest")

    assert "offered anew after it was approved" in approved(refused)[2]
    time.sleep(4)
    assert image(kube) == "ngnix"


def test_approval_taken_back_or_rejected_before_the_run_does_nothing(kube: Kube) -> None:
    kube.apply(deployment(image="ngnix"))
    found = kube.wait_for_diagnosis("AwaitingApproval")
    kube("annotate", "diagnosis", found.metadata.name, f"{names.REJECT}=no",
         f"{names.APPROVE}={found.status.options[0].digest}")  # fmt: skip
    kube.wait_for_diagnosis("Rejected")
    time.sleep(3)
    assert image(kube) == "ngnix"


def test_ignored_workload_gets_no_diagnosis(kube: Kube) -> None:
    ignored = deployment(image="ngnix")
    ignored["metadata"]["annotations"] = {names.IGNORE: "true"}
    kube.apply(ignored, deployment("other", image="ngnix"))

    kube.wait_for_diagnosis("AwaitingApproval", target="other")

    assert [d.spec.target.name for d in kube.diagnoses()] == ["other"]
