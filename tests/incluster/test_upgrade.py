"""An older installation with work under way is upgraded by applying the newer files over it."""

import subprocess
from pathlib import Path

import pytest

from tests.e2e.kube import Kube, deployment
from tests.e2e.test_restarts import patches_of
from tests.image.build import ROOT
from tests.incluster.installation import SHORT, Installation, committed


def before_the_last_change() -> str:
    """Return the commit before the last one that changed `deploy/`."""
    command = ["git", "-C", str(ROOT), "log", "-1", "--format=%H", "--", "deploy"]
    said = subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
    return f"{said}~1" if said else ""


def test_an_upgrade_loses_nothing(installation: Installation, kube: Kube, tmp_path: Path) -> None:
    """Given Diagnoses open under the files before, when today's are applied, then both go on."""
    revision = before_the_last_change()
    older = committed(revision, tmp_path) if revision else None
    if older is None:
        pytest.skip("no earlier commit of deploy/ in this clone's history")
    installation.remove()
    installation.apply(older)
    installation.set(dict(SHORT))
    kube.apply(deployment(image="ngnix"), deployment("api", image="ngnix"))
    begun = kube.wait_for_diagnosis("AwaitingApproval", target="api")
    kube.approve(begun, begun.status.options[0])
    waiting = kube.wait_for_diagnosis("AwaitingApproval")

    installation.apply()
    installation.ready()

    kube.wait_for_diagnosis("Succeeded", target="api", patience=180)
    assert len(patches_of(kube, "deployments", "api")) == 1, "nothing twice"
    assert kube.diagnosis(waiting.metadata.name).status.state == "AwaitingApproval", "not lost"
    kube.approve(waiting, kube.diagnosis(waiting.metadata.name).status.options[0])
    kube.wait_for_diagnosis("Succeeded", patience=180)


def test_what_was_set_stays_set_when_it_is_applied_again(installation: Installation) -> None:
    """Given settings of the user's, when the files are applied again, then they are there still."""
    installation.set({"PODIATRIST_MOST_PER_OWNER": "3"})
    installation.apply()
    data = installation.kube.get("configmap", "podiatrist")["data"]
    assert data == {**SHORT, "PODIATRIST_MOST_PER_OWNER": "3"}
