"""`kubectl diagnose doctor`: it finds what is broken, and the command that it names mends it.

Each story breaks the installation in one way, looks, and types the command that the doctor names,
word for word, into a shell. A deleted CustomResourceDefinition would take all Diagnoses with it:
that one is in the unit tests.
"""

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from podiatrist.api import names
from podiatrist.doctor.verdict import Level, Verdict
from tests.cluster import Cluster
from tests.e2e.kube import Kube, deployment, until
from tests.harness.install import identity
from tests.incluster.breakages import BREAKAGES, Breakage
from tests.incluster.clinic import PLUGIN, Clinic
from tests.incluster.endpoint import TAKEN
from tests.incluster.installation import Installation
from tests.incluster.test_model import endpoint

WELL = [("model", Level.NOTE)]
"""All that there is to say where nothing is wrong: no model is configured."""

WRONG = "sk-wrong-0123456789abcdef"


@pytest.fixture(scope="module")
def clinic(
    installation: Installation, cluster: Cluster, tmp_path_factory: pytest.TempPathFactory
) -> Clinic:
    """The doctor, of an installation in which what other tests did has come to rest."""
    installation.ready()
    clinic = Clinic.of(cluster, tmp_path_factory.mktemp("clinic"))
    until(lambda: is_well(clinic), "installation that is well")
    return clinic


def is_well(clinic: Clinic) -> tuple[bool, list[Verdict]]:
    said = clinic.complaints()
    return [(v.check, v.level) for v in said] == WELL, said


def test_of_a_new_installation_there_is_nothing_to_say(clinic: Clinic) -> None:
    """Given what `kubectl apply -f deploy` makes, then it is well, by either name of the doctor."""
    by_name, by_plugin = clinic.type("podiatrist doctor"), clinic.type(PLUGIN)
    for said in (by_name, by_plugin):
        assert (said.returncode, said.stderr) == (0, "")
        assert re.search(r"^1 note, \d+ ok$", said.stdout, re.MULTILINE), said.stdout
    assert "2 of 2 available, ghcr.io/podiatrist/podiatrist:" in by_name.stdout


@pytest.mark.parametrize("breakage", BREAKAGES, ids=lambda breakage: breakage.name)
def test_it_names_what_is_broken_and_the_command_mends_it(
    clinic: Clinic, breakage: Breakage
) -> None:
    """Given one thing that somebody broke, then the command that the doctor names is enough."""
    clinic.follow(breakage.typed)
    found = clinic.wait_for(breakage.seen)
    assert (found.level, found.remedy) == (breakage.level, breakage.remedy)
    clinic.follow(breakage.remedy)
    until(lambda: is_well(clinic), "recovery")


def test_a_crash_loop_is_told_with_its_last_words(clinic: Clinic) -> None:
    """Given a setting that is none, then the log that the doctor names says which one it is."""
    clinic.follow("kubectl -n podiatrist set env deployment/executor PODIATRIST_SOAK=soon")
    found = clinic.wait_for("its last words: Error: PODIATRIST_SOAK: Input should be a valid int")
    assert (found.check, found.level) == ("executor", Level.BROKEN)
    until(lambda: shows(clinic, found.remedy, "PODIATRIST_SOAK"), "cause in the log")
    clinic.follow("kubectl -n podiatrist set env deployment/executor PODIATRIST_SOAK-")
    until(lambda: is_well(clinic), "recovery")


def shows(clinic: Clinic, remedy: str | None, word: str) -> tuple[bool, str]:
    """Whether a command prints a word; a container that just begins has not said it yet."""
    assert remedy is not None
    printed = clinic.follow(remedy)
    return word in printed, printed


def test_a_leader_that_is_gone_is_told_of(clinic: Clinic, installation: Installation) -> None:
    """Given a Lease whose holder is silent, then a restart brings a leader.

    The real pods respect it for 10 seconds from when they see it, whatever its age.
    """
    lease = ("patch", "lease", "podiatrist-executor", "--type=merge", "-p")

    def told() -> tuple[bool, list[Verdict]]:
        at = f"{datetime.now(UTC) - timedelta(minutes=2):%Y-%m-%dT%H:%M:%S.%fZ}"
        spec = {"holderIdentity": "executor-gone", "renewTime": at}
        installation.kube(*lease, json.dumps({"spec": spec}))
        said = [v for v in clinic.complaints() if v.check == "leaders"]
        return [v.level for v in said] == [Level.BROKEN], said

    (found,) = until(told, "word of the leader")
    assert "held by executor-gone, who has not renewed it for 1" in found.seen
    assert found.remedy == "kubectl -n podiatrist rollout restart deployment/executor"
    clinic.follow(found.remedy)
    installation.ready()
    until(lambda: is_well(clinic), "recovery")


def test_who_may_not_look_is_told_so_and_not_that_it_is_broken(
    clinic: Clinic, cluster: Cluster, tmp_path: Path
) -> None:
    """The reader may look at workloads, but at no Role, no policy and no definition."""
    said = clinic.look(KUBECONFIG=str(identity(cluster, "reader", tmp_path)))
    assert Level.BROKEN not in {v.level for v in said}
    assert {
        "cannot tell: you may not get clusterroles.rbac.authorization.k8s.io",
        "cannot tell: you may not list clusterrolebindings.rbac.authorization.k8s.io",
        "cannot tell: you may not get customresourcedefinitions.apiextensions.k8s.io",
    } <= {v.seen for v in said if v.level is Level.UNKNOWN}


def test_a_model_gets_its_key(clinic: Clinic, installation: Installation, kube: Kube) -> None:
    """Given a model without a key, then a wrong one, then each time the doctor asks for it."""
    url = f"{endpoint(kube)}/keyed/v1"
    settings = {"PODIATRIST_MODEL": "some-model", "PODIATRIST_MODEL_URL": url}
    try:
        installation.kube("patch", "configmap", "podiatrist", "--type=merge", "-p",
                          json.dumps({"data": settings}))  # fmt: skip
        missing = clinic.wait_for("there is no Secret podiatrist-model")
        assert (missing.check, missing.level) == ("model", Level.WARNING)
        type_key(clinic, missing, WRONG)
        installation.ready()

        kube.apply(deployment(image="ngnix"))
        refused = clinic.wait_for("does not take the key (401)")
        assert (refused.check, refused.level) == ("model", Level.BROKEN)
        assert f"failed for {kube.namespace}/web-" in refused.seen
        type_key(clinic, refused, TAKEN)
        installation.ready()

        (found,) = kube.diagnoses()
        kube.annotate(found, names.RETRY, "with-the-key")
        answered = clinic.wait_for("some-model answered at")
        assert (answered.check, answered.level) == ("model", Level.OK)
    finally:
        installation.kube("delete", "secret", "podiatrist-model", "--ignore-not-found")
        installation.set(dict.fromkeys(settings))


def type_key(clinic: Clinic, verdict: Verdict, key: str) -> None:
    """Follow a remedy that reads the key from the keyboard."""
    assert verdict.remedy is not None
    assert "--from-file=api-key=/dev/stdin" in verdict.remedy
    assert "sk-" not in verdict.seen + verdict.remedy
    clinic.follow(verdict.remedy, stdin=f"{key}\n")
