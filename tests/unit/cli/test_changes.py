"""`approve`, `reject`, `retry`: what is shown, what is asked, and what is sent."""

import json
from pathlib import Path
from typing import Any

import pytest

from podiatrist.api.diagnosis import Approval, Diagnosis, State
from podiatrist.cli import confirm
from tests.unit.cli.scene import FOUND, Scene, story
from tests.unit.stories import NOW

RUNNING = ("Diagnosed=True:CauseFound", "Approved=True:DigestMatched")


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """A human is there: the runner's stdin is no terminal, whatever it holds."""
    monkeypatch.setattr(confirm, "at_terminal", lambda: True)


def test_who_approves_sees_the_option_and_under_which_name(tmp_path: Path) -> None:
    scene = Scene(tmp_path, story())
    result = scene.run("approve", "deployment/web", "1a2b3c4d", "--yes")
    assert result.exit_code == 0, result.output
    for part in ("Scale to 1   risk Low   digest 1a2b3c4d", "It helps.", "dry run: tried",
                 "You approve as alice, context fake, namespace shop",
                 "option 1a2b3c4d of web-7f3a9c approved"):  # fmt: skip
        assert part in result.stdout
    assert scene.annotations() == {"approve": "1a2b3c4d", "approved-by": "alice"}


def test_who_approves_for_a_node_is_told_where_it_is_approved(tmp_path: Path) -> None:
    scene = Scene(tmp_path, node := story(name="n1-7f3a9c", namespace="podiatrist"))
    node.spec.target.kind, node.spec.target.name = "Node", "n1"
    scene.put(node)
    result = scene.run("approve", "node/n1", "1a2b3c4d", "--yes")
    assert "You approve as alice, context fake, namespace podiatrist" in result.stdout


def test_without_a_terminal_and_without_yes_nothing_is_approved(tmp_path: Path) -> None:
    scene = Scene(tmp_path, story())
    result = scene.run("approve", "web-7f3a9c", answer="y\n")
    assert result.exit_code == 3
    assert "there is no terminal to ask on; add 1a2b3c4d --yes" in result.stderr
    assert scene.annotations() == {}


@pytest.mark.parametrize("asked", [[], ["1"], ["2"]])
def test_with_yes_only_a_digest_says_what_was_seen(tmp_path: Path, asked: list[str]) -> None:
    """Nobody is asked, so it has to be clear from the command what somebody looked at."""
    scene = Scene(tmp_path, story(digests=("aaaa1111", "bbbb2222")))
    result = scene.run("approve", "web-7f3a9c", *asked, "--yes")
    assert result.exit_code == 3
    assert "  1  aaaa1111  Low     Scale to 1\n  2  bbbb2222" in result.stderr
    assert scene.annotations() == {}
    only = Scene(tmp_path, story())
    assert only.run("approve", "web-7f3a9c", *asked, "--yes").exit_code == 3
    assert only.annotations() == {}


@pytest.mark.usefixtures("terminal")
@pytest.mark.parametrize(("answer", "code"), [("y\n", 0), ("n\n", 3), ("\n", 3), ("", 3)])
def test_only_a_yes_approves(tmp_path: Path, answer: str, code: int) -> None:
    scene = Scene(tmp_path, story())
    assert scene.run("approve", "web-7f3a9c", answer=answer).exit_code == code
    assert ("approve" in scene.annotations()) is (code == 0)


@pytest.mark.usefixtures("terminal")
def test_of_several_options_one_has_to_be_named(tmp_path: Path) -> None:
    scene = Scene(tmp_path, story(digests=("aaaa1111", "bbbb2222")))
    result = scene.run("approve", "web-7f3a9c", answer="y\n")
    assert result.exit_code == 2
    assert "say which:\n  1  aaaa1111  Low     Scale to 1\n  2  bbbb2222" in result.stderr
    assert scene.run("approve", "web-7f3a9c", "3", answer="y\n").exit_code == 2
    assert scene.annotations() == {}
    assert scene.run("approve", "web-7f3a9c", "2", answer="y\n").exit_code == 0
    assert scene.annotations()["approve"] == "bbbb2222"
    assert scene.run("approve", "web-7f3a9c", "aaaa1111", "--yes").exit_code == 0
    assert scene.annotations()["approve"] == "aaaa1111"


def refused() -> Diagnosis:
    made = story()
    preview = made.status.options[0].preview
    assert preview is not None
    preview.ok, preview.message = False, "quota exceeded"
    return made


def untried() -> Diagnosis:
    made = story()
    made.status.options[0].preview = None
    return made


@pytest.mark.parametrize(
    ("told", "why"),
    [
        (refused(), "quota exceeded"),
        (untried(), "not tried yet"),
        (story(digests=()), "web-7f3a9c has no option to approve"),
        (story(state=State.SUCCEEDED), "is over (Succeeded)"),
        (story(*RUNNING, state=State.EXECUTING), "was approved already"),
    ],
)
def test_what_cannot_be_approved_is_not_sent(tmp_path: Path, told: Diagnosis, why: str) -> None:
    scene = Scene(tmp_path, told)
    result = scene.run("approve", "web-7f3a9c", "1a2b3c4d", "--yes")
    assert result.exit_code == 3
    assert why in result.stderr
    assert not [r for r in scene.api.requests if r.startswith("PATCH")]


@pytest.mark.usefixtures("terminal")
def test_an_option_that_changes_while_it_is_read_is_not_approved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Given a yes to what was shown, when the option is another one by then, it is not sent."""
    scene = Scene(tmp_path, story())
    other = story()
    other.status.options[0].diff = ["+ something else"]

    def swapped(*_: object, **__: object) -> None:
        scene.put(other)

    monkeypatch.setattr("podiatrist.cli.approve.confirm", swapped)
    result = scene.run("approve", "web-7f3a9c")
    assert result.exit_code == 3
    assert "changed while you looked at it; nothing was approved" in result.stderr
    assert scene.annotations() == {}


def test_a_change_elsewhere_in_the_diagnosis_does_not_stand_in_the_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene = Scene(tmp_path, story())
    later = story(FOUND, "Verified=Unknown:SymptomGone")
    monkeypatch.setattr("podiatrist.cli.approve.confirm", lambda *_, **__: scene.put(later))
    assert scene.run("approve", "web-7f3a9c").exit_code == 0
    assert scene.annotations()["approve"] == "1a2b3c4d"


def test_a_used_approval_is_taken_away_before_it_is_given_again(tmp_path: Path) -> None:
    """An annotation is handled once: set again at once, nothing would happen."""
    told = story(FOUND, "Approved=False:Expired", state=State.EXPIRED, approve="1a2b3c4d")
    told.status.approval = Approval(digest="1a2b3c4d", at=NOW)
    scene = Scene(tmp_path, told)

    put = scene.api.store.put

    def executor(plural: str, made: Any) -> Any:
        """Store it, and take note at once of an approval that was taken away."""
        done = put(plural, made)
        if "podiatrist.dev/approve" in made["metadata"].get("annotations", {}):
            return done
        status = {key: value for key, value in made["status"].items() if key != "approval"}
        return put(plural, {**made, "status": status})

    scene.api.store.put = executor  # type: ignore[method-assign]
    result = scene.run("approve", "web-7f3a9c", "1a2b3c4d", "--yes")
    assert result.exit_code == 0, result.output
    patches = [r for r in scene.api.requests if r.startswith("PATCH")]
    assert len(patches) == 2
    assert scene.annotations()["approve"] == "1a2b3c4d"


def test_what_admission_says_is_a_sentence(tmp_path: Path) -> None:
    scene = Scene(tmp_path, story())
    said = (
        'diagnoses.podiatrist.dev "web-7f3a9c" is forbidden: ValidatingAdmissionPolicy '
        "'podiatrist-approval' with binding 'podiatrist-approval' denied request: alice may not "
        "patch deployments web, which option 1a2b3c4d does: who approves must have it himself"
    )
    scene.api.refuse_patches(403, said)
    result = scene.run("approve", "web-7f3a9c", "1a2b3c4d", "--yes")
    assert result.exit_code == 3
    assert result.stderr.startswith("Error: alice may not patch deployments web, which option")
    assert "ValidatingAdmissionPolicy" not in result.stderr


def test_a_no_stands_in_the_diagnosis_and_can_be_taken_back(tmp_path: Path) -> None:
    scene = Scene(tmp_path, story())
    assert scene.run("reject", "deploy/web", "--reason", "goes away").exit_code == 0
    assert scene.annotations() == {"reject": "goes away"}
    assert scene.run("retry", "web-7f3a9c").exit_code == 0
    assert set(scene.annotations()) == {"retry"}
    first = scene.annotations()["retry"]
    scene.run("retry", "web-7f3a9c")
    assert scene.annotations()["retry"] != first, "a value that was used before says nothing"


@pytest.mark.parametrize(
    "told", [story(state=State.RESOLVED), story(*RUNNING, state=State.EXECUTING)]
)
def test_what_is_over_or_under_way_cannot_be_rejected(tmp_path: Path, told: Diagnosis) -> None:
    scene = Scene(tmp_path, told)
    assert scene.run("reject", "web-7f3a9c").exit_code == 3
    assert scene.annotations() == {}


def test_run_makes_a_diagnosis_unless_one_is_open(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    web = {"metadata": {"name": "web", "namespace": "shop", "uid": "uid-web"}}
    scene.api.store.put("deployments", web)
    late = scene.run("run", "deploy/web", "--timeout", "0s", "-q", "why so slow?")
    assert late.exit_code == 4, "no operator runs here"
    assert "is not done after 0 s: Waiting for the operator" in late.stderr
    [made] = json.loads(scene.run("list", "-o", "json").stdout)["items"]
    assert made["spec"]["question"] == "why so slow?"
    assert made["spec"]["target"]["uid"] == "uid-web"
    again = scene.run("run", "deployment/web", "--timeout", "0s")
    assert f"Diagnosis {made['metadata']['name']} is open already" in again.stderr
    assert len(json.loads(scene.run("list", "-o", "json").stdout)["items"]) == 1
    assert scene.run("run", "deployment/db").exit_code == 1
    assert scene.run("run", "secret/db").exit_code == 2
