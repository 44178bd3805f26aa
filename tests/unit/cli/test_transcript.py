"""`transcript`: whose is meant, by whatever name."""

import asyncio
from pathlib import Path

import pytest

from podiatrist.agent.consultation.transcript import Transcript
from podiatrist.agent.messages import user
from podiatrist.api.diagnosis import Diagnosis
from podiatrist.cluster.connect import connect
from podiatrist.cluster.transcripts import Transcripts
from tests.unit.cli.scene import Scene, story


def consulted(scene: Scene, about: Diagnosis, question: str) -> None:
    """A model was asked about a Diagnosis."""
    transcript = Transcript("small-model")
    transcript.asking([user(question)])

    async def saving() -> None:
        async with (
            scene.api.serve(),
            connect(scene.api.kubeconfig(scene.folder), "test") as client,
        ):
            await Transcripts(client).save(about, transcript)

    asyncio.run(saving())


@pytest.mark.parametrize(
    "word",
    ["web-7f3a9c", "diagnosis/web-7f3a9c", "diag/web-7f3a9c", "deployment/web", "deploy/web"],
)
def test_a_transcript_is_found_by_whatever_names_its_diagnosis(tmp_path: Path, word: str) -> None:
    scene = Scene(tmp_path, web := story())
    consulted(scene, web, "Why is web down?")
    seen = scene.run("transcript", word)
    assert seen.exit_code == 0, seen.output
    assert "web-7f3a9c in shop" in seen.stdout
    assert "Why is web down?" in seen.stdout
    assert "is gone" not in seen.stdout


def test_of_a_target_the_newest_diagnosis_is_meant(tmp_path: Path) -> None:
    scene = Scene(tmp_path, old := story(), new := story(name="web-7f3a9c-2"))
    consulted(scene, new, "And this time?")
    consulted(scene, old, "Why is web down?")
    seen = scene.run("transcript", "deployment/web")
    assert "And this time?" in seen.stdout
    assert "Why is web down?" not in seen.stdout


def test_that_of_a_node_is_in_our_own_namespace(tmp_path: Path) -> None:
    node = story(name="n1-7f3a9c", namespace="podiatrist")
    node.spec.target.kind, node.spec.target.name = "Node", "n1"
    scene = Scene(tmp_path, node)
    consulted(scene, node, "Why is n1 not ready?")
    seen = scene.run("transcript", "node/n1")
    assert seen.exit_code == 0, seen.output
    assert "n1-7f3a9c in podiatrist" in seen.stdout


@pytest.mark.parametrize("word", ["web-7f3a9c", "diagnosis/web-7f3a9c"])
def test_one_that_is_gone_has_its_name_still(tmp_path: Path, word: str) -> None:
    scene = Scene(tmp_path)
    consulted(scene, story(), "Why was web down?")
    seen = scene.run("transcript", word)
    assert seen.exit_code == 0, seen.output
    assert "Why was web down?" in seen.stdout
    assert "The Diagnosis itself is gone." in seen.stdout


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("deployment/db", "no Diagnosis of deployment/db in namespace shop"),
        ("deployment/web", "no transcript of web-7f3a9c: the model was not consulted yet"),
        ("diagnosis/web-777777", "no Diagnosis named web-777777 in namespace shop; did you mean"),
        ("secret/web", "there are no Diagnoses of kind 'secret'"),
    ],
)
def test_what_has_no_transcript_is_told_so(tmp_path: Path, word: str, said: str) -> None:
    seen = Scene(tmp_path, story()).run("transcript", word)
    assert (seen.exit_code, seen.stdout) == (1, "")
    assert said in seen.stderr
