"""From `kubectl apply -f deploy` to healed pods, all of it in the cluster, by default settings."""

import time

from podiatrist.api import names
from tests.attacks.people import People
from tests.e2e.kube import Kube, until
from tests.image.build import ROOT
from tests.incluster.installation import NAMESPACE, ROLES, Installation

SCENARIO = ROOT / "tests/demo/scenario.yaml"


def test_from_apply_to_healed(fresh: Installation, kube: Kube, people: People) -> None:
    """Given an empty cluster, when all is installed by one command, then an approval heals."""
    fresh.apply()
    fresh.ready()
    kube("apply", "-f", str(SCENARIO))
    began = time.monotonic()

    found = {
        target: kube.wait_for_diagnosis("AwaitingApproval", target=target, patience=60)
        for target in ("nginx", "some-app")
    }
    listed = people.kubectl("approver", "get", "diagnoses").stdout
    assert time.monotonic() - began < 60, "Diagnoses within a minute"
    for name, diagnosis in found.items():
        assert diagnosis.metadata.name in listed
        # who approves needs the rights of the fix himself, and an ordinary user labels no nodes
        option = next(o for o in diagnosis.status.options if o.writes[0].resource != "nodes")
        yes = f"{names.APPROVE}={option.digest}"
        said = people.kubectl("approver", "annotate", "diagnosis", diagnosis.metadata.name, yes)
        assert said.returncode == 0, f"{name}: {said.stderr}"

    def running() -> tuple[bool, list[str]]:
        phases = [pod["status"]["phase"] for pod in kube.all("pods")]
        return len(phases) == 4 and set(phases) == {"Running"}, phases

    until(running, "four pods that run")
    for name in found:
        kube.wait_for_diagnosis("Verifying", "Succeeded", target=name)


def test_it_runs_as_restricted_as_it_asks_of_others(fresh: Installation) -> None:
    """Given the running pods, then Pod Security's restricted level holds, and more."""
    namespace = fresh.kube.admin("get", "namespace", NAMESPACE, "-o", "json")
    assert '"pod-security.kubernetes.io/enforce": "restricted"' in namespace
    for role in ROLES:
        pods = fresh.pods(role)
        assert len(pods) == 2
        for pod in pods:
            (container,) = pod["spec"]["containers"]
            assert container["securityContext"]["readOnlyRootFilesystem"]
            assert all("hostPath" not in volume for volume in pod["spec"]["volumes"])
            (status,) = pod["status"]["containerStatuses"]
            assert status["ready"]
            assert status["restartCount"] == 0, "nothing crashed on the way"


def test_the_executor_holds_no_key_and_no_model(fresh: Installation) -> None:
    """Given the manifests, then only the operator is given the model's Secret."""
    with_secrets = {
        role for role in ROLES if "secretKeyRef" in str(fresh.pods(role)[0]["spec"]["containers"])
    }
    assert with_secrets == {"operator"}


def test_a_log_line_names_its_diagnosis_and_holds_no_token(fresh: Installation) -> None:
    """Given what was done, then every line is JSON, and those of the work name the Diagnosis."""
    lines = [line for role in ROLES for line in fresh.log(role)]
    assert lines
    assert all({"time", "level", "logger", "message"} <= line.keys() for line in lines)
    assert not [line for line in lines if line["level"] == "ERROR"]
    assert not [line for line in lines if "eyJ" in str(line)], "a token"


def test_probes_and_metrics_answer(fresh: Installation) -> None:
    """Given the replicas, then one of a role leads, both are well, and what was done is counted."""
    for role in ROLES:
        said = {p["metadata"]["name"]: p["metadata"]["name"] for p in fresh.pods(role)}
        metrics = {pod: fresh.ask(pod, "/metrics") for pod in said}
        assert {fresh.ask(pod, path) for pod in said for path in ("/healthz", "/readyz")} == {
            "ok\n"
        }
        leading = [pod for pod, text in metrics.items() if "podiatrist_leader 1.0" in text]
        assert leading == [fresh.leader(role)]
        (text,) = (metrics[pod] for pod in leading)
        assert 'podiatrist_diagnoses{state="' in text
        assert "podiatrist_time_to_diagnosis_seconds_count 2.0" in text
        assert 'podiatrist_watch_age_seconds{watch="diagnoses"}' in text
        assert 'podiatrist_api_requests_total{code="200",verb="WATCH"}' in text
