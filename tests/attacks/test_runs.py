"""Attacks that need a run: what was approved is not what is there any more, or not any more so."""

import time
from collections.abc import Iterator

import pytest

from podiatrist.api import names
from podiatrist.api.conditions import Reason, condition
from podiatrist.api.diagnosis import Diagnosis
from tests.attacks.people import People
from tests.attacks.scene import send
from tests.e2e.kube import Kube, deployment, until
from tests.harness.install import ROOT

pytestmark = pytest.mark.containers

BAD, GOOD = "ngnix", "nginx"


def image(kube: Kube) -> str:
    containers = kube.get("deployment", "web")["spec"]["template"]["spec"]["containers"]
    return str(containers[0]["image"])


def writes_of_the_executor(kube: Kube) -> list[str]:
    """Return what the executor changed in the namespace, from the audit log: no dry runs."""
    return [
        f"{entry['verb']} {entry['objectRef']['resource']}"
        for entry in kube.audited()
        if entry["user"]["username"] == "system:serviceaccount:podiatrist:executor"
        and entry["verb"] in ("patch", "update", "delete", "create")
        and entry["objectRef"].get("namespace") == kube.namespace
        and entry["objectRef"]["resource"] not in ("diagnoses", "events")
        and "dryRun" not in entry["requestURI"]
        and entry["responseStatus"]["code"] < 300
    ]


def sick(kube: Kube, *, pause: bool = True) -> Diagnosis:
    """Return the Diagnosis of a Deployment whose image does not exist, paused."""
    kube.apply(deployment(image=BAD))
    found = kube.wait_for_diagnosis("AwaitingApproval")
    if pause:
        kube.annotate(found, names.PAUSE, "true")
    return found


def approve(people: People, found: Diagnosis, who: str = "approver") -> None:
    yes = f"{names.APPROVE}={found.status.options[0].digest}"
    name = found.metadata.name
    said = people.kubectl(who, "annotate", "diagnosis", name, yes, "--overwrite")
    assert said.returncode == 0, said.stderr


def unpause(kube: Kube, found: Diagnosis) -> None:
    kube("annotate", "diagnosis", found.metadata.name, f"{names.PAUSE}-")


def refused(kube: Kube, found: Diagnosis, reason: Reason) -> str:
    """Return why the executor did not act upon an approval; nothing was changed."""

    def look() -> tuple[bool, Diagnosis]:
        seen = kube.diagnosis(found.metadata.name)
        said = condition(seen.status, "Approved")
        return said is not None and (said.status, said.reason) == ("False", reason), seen

    seen = until(look, f"refusal {reason}")
    said = condition(seen.status, "Approved")
    assert said is not None
    assert image(kube) == BAD
    assert writes_of_the_executor(kube) == []
    return said.message


def test_the_target_is_edited_between_approval_and_run(kube: Kube, people: People) -> None:
    found = sick(kube)
    approve(people, found)
    said = people.kubectl("editor", "set", "env", "deployment/web", "A=b")
    assert said.returncode == 0, said.stderr

    unpause(kube, found)

    message = refused(kube, found, Reason.STALE_DIGEST)
    assert "Deployment web changed" in message


def test_the_target_is_made_anew_under_the_same_name(kube: Kube, people: People) -> None:
    """The Diagnosis is left without an owner, so that it outlives the first Deployment."""
    found = sick(kube)
    approve(people, found)
    kube("delete", "deployment", "web", "--cascade=orphan")
    until(lambda: (not kube.diagnosis(found.metadata.name).metadata.owner_references, None),
          "Diagnosis without an owner")  # fmt: skip
    kube.apply(deployment(image=BAD))

    unpause(kube, found)

    def look() -> tuple[bool, Diagnosis]:
        """Whoever of operator and executor looks first says so."""
        seen = kube.diagnosis(found.metadata.name)
        said = [(c.status, c.reason) for c in seen.status.conditions]
        ended = {("False", Reason.STALE_DIGEST), ("False", Reason.TARGET_REPLACED)}
        return bool(ended & set(said)), seen

    seen = until(look, "a word on the new Deployment")
    assert any("was deleted and made anew" in c.message for c in seen.status.conditions)
    time.sleep(4)
    assert image(kube) == BAD
    assert writes_of_the_executor(kube) == []


def test_a_fix_that_was_carried_out_is_not_carried_out_again(kube: Kube, people: People) -> None:
    """The same fault again, with the same digest: that is a new question to a human."""
    found = sick(kube, pause=False)
    approve(people, found)
    kube.wait_for_diagnosis("Succeeded")
    assert writes_of_the_executor(kube) == ["patch deployments"]

    kube("set", "image", "deployment/web", f"app={BAD}")
    again = kube.wait_for_diagnosis("AwaitingApproval")
    annotate = ("annotate", "diagnosis", found.metadata.name)
    assert people.kubectl("approver", *annotate, f"{names.APPROVE}-").returncode == 0
    yes = f"{names.APPROVE}={found.status.options[0].digest}"
    said = people.kubectl("approver", *annotate, yes)

    assert "this Diagnosis is over (Succeeded)" in said.stderr
    time.sleep(4)
    assert again.annotation(names.APPROVE) is None
    assert image(kube) == BAD
    assert writes_of_the_executor(kube) == ["patch deployments"]


def test_the_namespace_is_switched_off_between_approval_and_run(kube: Kube, people: People) -> None:
    found = sick(kube)
    approve(people, found)
    kube.admin("label", "namespace", kube.namespace, f"{names.EXECUTION}=off")

    unpause(kube, found)

    message = refused(kube, found, Reason.SWITCHED_OFF)
    assert f"kubectl label namespace {kube.namespace} {names.EXECUTION}-" in message


@pytest.mark.serial
def test_the_kill_switch_is_thrown_between_approval_and_run(kube: Kube, people: People) -> None:
    found = sick(kube)
    approve(people, found)
    kube.admin("-n", "podiatrist", "create", "configmap", "executor",
               "--from-literal=execution=off")  # fmt: skip
    try:
        taken = people.kubectl("operator", "-n", "podiatrist", "delete", "configmap", "executor")
        assert "ValidatingAdmissionPolicy 'podiatrist-switch'" in taken.stderr
        unpause(kube, found)
        message = refused(kube, found, Reason.SWITCHED_OFF)
        assert "kubectl -n podiatrist delete configmap executor" in message
    finally:
        kube.admin("-n", "podiatrist", "delete", "configmap", "executor")


@pytest.fixture
def policies(kube: Kube) -> Iterator[None]:
    """Policies that a test may take away: they are back afterwards, and in force."""
    yield
    restore(kube)


def restore(kube: Kube) -> None:
    for file in ("30-admission.yaml", "31-stamp.yaml"):
        kube.admin("apply", "-f", str(ROOT / "deploy" / file))


def in_force(kube: Kube, people: People, found: Diagnosis, policy: str) -> bool:
    """Whether a policy refuses what it should, asked of the API server as the executor would."""
    if policy == "podiatrist-approval":
        said = people.kubectl("editor", "annotate", "diagnosis", found.metadata.name,
                              f"{names.APPROVE}=00000000", "--overwrite",
                              "--dry-run=server")  # fmt: skip
    else:
        stored = kube.get("diagnosis", found.metadata.name)
        said = send(people, "admin", stored, "--subresource=status", "--dry-run=server")
    return bool(said.returncode) and f"'{policy}'" in said.stderr


BINDING = "validatingadmissionpolicybinding"


@pytest.mark.serial
@pytest.mark.parametrize(
    ("policy", "how"),
    [
        ("podiatrist-approval", "gone"),
        ("podiatrist-approval", "only warns"),
        ("podiatrist-status", "gone"),
    ],
)
def test_without_its_policies_nothing_is_executed(
    kube: Kube, people: People, policies: None, policy: str, how: str
) -> None:
    """A policy is taken away, and whoever may edit a Diagnosis approves."""
    found = sick(kube)
    if how == "gone":
        kube.admin("delete", BINDING, policy)
    else:
        warn = '{"spec":{"validationActions":["Warn"]}}'
        kube.admin("patch", BINDING, policy, "--type=merge", "-p", warn)
    until(lambda: (not in_force(kube, people, found, policy), None), f"{policy} out of force")
    approve(people, found, "editor" if policy == "podiatrist-approval" else "approver")

    unpause(kube, found)

    message = refused(kube, found, Reason.POLICY_MISSING)
    assert policy in message
    assert "kubectl apply -f deploy/30-admission.yaml" in message
    restore(kube)
    until(lambda: (in_force(kube, people, found, policy), None), f"{policy} in force")


@pytest.mark.serial
def test_on_an_older_cluster_an_approval_is_withdrawn_by_the_same_command(
    kube: Kube, people: People, policies: None
) -> None:
    """Without the stamp who approves writes down himself who he is; his name stays behind."""
    found = sick(kube)
    kube.admin("delete", "mutatingadmissionpolicybinding", "podiatrist-stamp")
    name, yes = found.metadata.name, f"{names.APPROVE}={found.status.options[0].digest}"
    signed = f"{names.APPROVED_BY}={people.name('approver')}"

    def annotated(*values: str) -> tuple[bool, str]:
        said = people.kubectl("approver", "annotate", "diagnosis", name, *values)
        return said.returncode == 0, said.stderr

    def unsigned() -> tuple[bool, str]:
        said = people.kubectl("approver", "annotate", "diagnosis", name, yes, "--dry-run=server")
        return "has to name who approves" in said.stderr, said.stderr

    until(unsigned, "cluster without the stamp")
    assert annotated(yes, signed) == (True, "")
    assert annotated(f"{names.APPROVE}-") == (True, "")
    assert kube.diagnosis(name).annotation(names.APPROVED_BY) == people.name("approver")
    assert annotated(yes) == (True, "")
    assert annotated(f"{names.APPROVE}-") == (True, "")
    stolen, said = annotated(f"{names.APPROVED_BY}=somebody-else", "--overwrite")
    assert not stolen
    assert "has to name who approves" in said
