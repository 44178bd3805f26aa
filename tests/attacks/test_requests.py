"""Requests that must be refused at the door, one for each row of `requests.yaml`."""

import json

import jsonpatch
import pytest

from podiatrist.api import names
from tests.attacks.attack import Attack, filled, load, refused_by
from tests.attacks.people import Said
from tests.attacks.scene import Scene, send

pytestmark = pytest.mark.containers


def attempt(scene: Scene, attack: Attack) -> Said:
    """Try it; returns what kubectl said."""
    words = scene.words
    patch = filled(attack.object or attack.status, words)
    if patch is not None:
        name = words[attack.kubectl or "web"]
        raw = scene.kube("get", "diagnosis", name, "-o", "json", "--show-managed-fields")
        stored = jsonpatch.apply_patch(json.loads(raw), patch)
        options = ("--subresource=status",) if attack.status else ()
        said: Said = send(scene.people, attack.who, stored, *options)
        return said
    arguments = [*filled(attack.kubectl, words).split(), *filled(attack.args, words)]
    stdin = None if attack.stdin is None else json.dumps(filled(attack.stdin, words))
    return scene.people.kubectl(
        attack.who, *arguments, *(("-f", "-") if stdin else ()), stdin=stdin, editor=attack.editor
    )


@pytest.mark.parametrize("attack", load("requests.yaml"), ids=lambda a: a.name)
def test_refused(scene: Scene, attack: Attack) -> None:
    said = attempt(scene, attack)

    assert said.returncode != 0, f"it went through: {said.stdout}"
    assert refused_by(attack.layer, said.stderr), said.stderr
    assert " ".join(filled(attack.says, scene.words).split()) in " ".join(said.stderr.split())


def test_who_may_approve_is_let_through(scene: Scene) -> None:
    """Else all of the above would prove nothing."""
    yes = f"{names.APPROVE}={scene.words['digest']}"
    said = scene.people.kubectl(
        "approver", "annotate", "diagnosis", scene.words["web"], yes, "--dry-run=server", "-o",
        "json",
    )  # fmt: skip
    assert said.returncode == 0, said.stderr
    annotations = json.loads(said.stdout)["metadata"]["annotations"]
    assert annotations[names.APPROVED_BY] == scene.people.name("approver")
