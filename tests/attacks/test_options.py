"""Options forged with the operator's token: the executor makes each anew and refuses it."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from podiatrist.api import names
from podiatrist.api.diagnosis import Diagnosis
from podiatrist.cluster.connect import connect
from podiatrist.handlers.serve import context_of
from podiatrist.lifecycle.context import Timing
from podiatrist.lifecycle.options.preview import preview
from tests.attacks.attack import HERE, filled
from tests.attacks.people import People
from tests.attacks.scene import Scene, send
from tests.cluster import Cluster
from tests.e2e.kube import Kube, Object
from tests.harness.install import identity

pytestmark = pytest.mark.containers

FORGED: list[dict[str, Any]] = yaml.safe_load((HERE / "options.yaml").read_text())


@pytest.fixture(scope="module")
def executor(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return identity(cluster, "executor", tmp_path_factory.mktemp("executor"))


def tried(executor: Path, kube: Kube, name: str) -> Diagnosis:
    """Let the executor try what a Diagnosis offers, whether it is paused or not."""

    async def trying() -> None:
        async with connect(executor, "podiatrist-executor") as client:
            context = context_of(client, Timing())
            found = await context.store.get(kube.namespace, name)
            assert found is not None
            await preview(context, found)

    asyncio.run(trying())
    return kube.diagnosis(name)


def offer(people: People, name: str, option: Object, **status: Any) -> None:
    """Write one option as the operator."""
    stored = people.kube.get("diagnosis", name)
    stored["status"] = {**stored.get("status", {}), **status, "options": [option]}
    said = send(people, "operator", stored, "--subresource=status")
    assert said.returncode == 0, said.stderr


def forged(scene: Scene, row: dict[str, Any]) -> Object:
    words = scene.words | {
        "api_pod": scene.kube.all("pods", "-l", "app=api")[0]["metadata"]["name"]
    }
    action = filled(row["action"], words)
    here = {"apiVersion": "apps/v1", "namespace": scene.kube.namespace}
    action["object"] = {k: v for k, v in {**here, **action["object"]}.items() if v is not None}
    return {
        "digest": filled(row.get("digest", "deadbeef"), words),
        "title": "Set image to nginx", "rationale": "it will be fine", "risk": "Low",
        "actions": [action], "commands": ["kubectl get pods"], "diff": ["nothing at all"],
        "writes": [{"verb": "patch", "group": "", "resource": "pods", "namespace": "",
                    "name": "x"}],
        "checks": ["rollout complete", "symptom gone for 4s"],
    }  # fmt: skip


@pytest.mark.parametrize("row", FORGED, ids=lambda r: r["name"])
def test_a_forged_option_never_becomes_one_that_can_be_approved(
    scene: Scene, executor: Path, row: dict[str, Any]
) -> None:
    offer(scene.people, scene.words["forged"], forged(scene, row))

    (option,) = tried(executor, scene.kube, scene.words["forged"]).status.options

    assert option.preview is not None
    assert not option.preview.ok
    words = scene.words | {"api_pod": option.actions[0].object.name}
    assert filled(row["says"], words) in option.preview.message
    assert (option.diff, option.commands) == ([], []), "what was forged is not shown"
    yes = f"{names.APPROVE}={option.digest}"
    said = scene.people.kubectl("approver", "annotate", "diagnosis", scene.words["forged"], yes)
    assert f"option {option.digest} cannot run: " in said.stderr


def test_what_runs_kube_system_is_diagnosed_and_never_changed(
    scene: Scene, executor: Path, cluster: Cluster
) -> None:
    system = Kube(cluster, "kube-system")
    name = f"by-hand-{scene.people.suffix}"
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "coredns"}
    system.apply({
        "apiVersion": names.API_VERSION, "kind": names.KIND,
        "metadata": {"name": name, "annotations": {names.PAUSE: "true"}},
        "spec": {"target": target},
    })  # fmt: skip
    people = People(system, scene.people.folder, scene.people.suffix)
    uid = system.get("deployment", "coredns")["metadata"]["uid"]
    row = FORGED[-1] | {"digest": "deadbeef"}
    option = forged(scene, row)
    option["actions"][0]["object"] = {**target, "namespace": "kube-system"}
    try:
        offer(people, name, option, observedTarget={"uid": uid, "specHash": "x"})
        (option_tried,) = tried(executor, system, name).status.options
        assert option_tried.preview is not None
        assert not option_tried.preview.ok
    finally:
        system("delete", "diagnosis", name)


def test_what_is_shown_is_what_was_worked_out(scene: Scene, executor: Path) -> None:
    """Right actions under a wrong diff, wrong writes and a lower risk: all are made anew."""
    found = scene.kube.diagnosis(scene.words["shown"])
    good = json.loads(found.status.options[0].model_dump_json(by_alias=True, exclude_none=True))
    lying = good | {
        "diff": ["nothing at all"], "commands": ["kubectl get pods"], "risk": "Low",
        "writes": [good["writes"][0] | {"resource": "configmaps"}],
        "blastRadius": {"restarts": 0},
    }  # fmt: skip
    stored = scene.kube.get("diagnosis", scene.words["shown"])
    del lying["preview"]
    stored["status"]["options"] = [lying]
    said = send(scene.people, "operator", stored, "--subresource=status")
    assert said.returncode == 0, said.stderr

    option = tried(executor, scene.kube, scene.words["shown"]).status.options[0]

    assert option.diff == found.status.options[0].diff
    assert option.commands == found.status.options[0].commands
    assert option.writes == found.status.options[0].writes
    assert option.risk == found.status.options[0].risk
