"""`list` and `show` keep kubectl's habits, and errors say what to do."""

import json
import re
from datetime import timedelta
from pathlib import Path

import click
import pytest
import yaml
from click.testing import CliRunner

from podiatrist.api.diagnosis import AppliedPatch, Execution, State
from podiatrist.cli.main import main
from podiatrist.cli.options import Where, where_options
from podiatrist.cli.spans import age
from podiatrist.cli.spoken import kubectl
from tests.unit.cli.scene import Scene, story
from tests.unit.stories import NOW, WEB


def rows(text: str) -> list[list[str]]:
    return [re.split("  +", line) for line in text.splitlines()]


def test_the_contexts_namespace_is_listed_and_others_on_demand(tmp_path: Path) -> None:
    scene = Scene(tmp_path, story(), story(name="pay-1", namespace="pay"))
    head, *told = rows(scene.run("list").stdout)
    assert head == ["NAME", "TARGET", "REASON", "STATE", "RISK", "AGE"]
    assert [row[:5] for row in told] == [
        ["web-7f3a9c", "deployment/web", "<none>", "AwaitingApproval", "Low"]
    ]
    assert [row[0] for row in rows(scene.run("list", "-n", "pay").stdout)] == ["NAME", "pay-1"]
    everywhere = rows(scene.run("list", "-A").stdout)
    assert [row[:2] for row in everywhere] == [
        ["NAMESPACE", "NAME"], ["pay", "pay-1"], ["shop", "web-7f3a9c"]
    ]  # fmt: skip
    assert rows(scene.run("list", "-o", "wide").stdout)[0][-4:] == [
        "SEVERITY", "MODEL", "TOKENS", "SUMMARY"
    ]  # fmt: skip


def test_states_can_be_asked_for(tmp_path: Path) -> None:
    scene = Scene(tmp_path, story(), story(name="db-1", state=State.SUCCEEDED))
    assert [r[0] for r in rows(scene.run("list", "--open").stdout)] == ["NAME", "web-7f3a9c"]
    assert [r[0] for r in rows(scene.run("list", "--state", "succeeded").stdout)] == [
        "NAME",
        "db-1",
    ]
    none = scene.run("list", "--state", "Failed")
    assert (none.exit_code, none.stdout) == (0, "")
    assert none.stderr == "No Failed diagnoses found in shop namespace.\n"


def test_nothing_is_said_on_stderr_as_kubectl_does(tmp_path: Path) -> None:
    here, anywhere = Scene(tmp_path).run("list"), Scene(tmp_path).run("list", "-A")
    assert (here.exit_code, here.stdout) == (0, "")
    assert here.stderr == "No diagnoses found in shop namespace.\n"
    assert anywhere.stderr == "No diagnoses found.\n"


def test_programs_get_objects(tmp_path: Path) -> None:
    scene = Scene(tmp_path, story())
    listed = json.loads(scene.run("list", "-o", "json").stdout)
    assert [i["metadata"]["name"] for i in listed["items"]] == ["web-7f3a9c"]
    assert scene.run("list", "-o", "name").stdout == "diagnosis.podiatrist.dev/web-7f3a9c\n"
    shown = yaml.safe_load(scene.run("show", "web-7f3a9c", "-o", "yaml").stdout)
    assert shown["status"]["options"][0]["digest"] == "1a2b3c4d"
    assert json.loads(Scene(tmp_path).run("list", "-o", "json").stdout)["items"] == []


@pytest.mark.parametrize(
    "word",
    ["web-7f3a9c", "diagnosis/web-7f3a9c", "diagnosis.podiatrist.dev/web-7f3a9c", "deploy/web"],
)
def test_a_diagnosis_may_be_named_in_several_ways(tmp_path: Path, word: str) -> None:
    seen = Scene(tmp_path, story()).run("show", word)
    assert seen.exit_code == 0, seen.output
    assert "Deployment web in shop: AwaitingApproval" in seen.stdout
    assert "approve: podiatrist approve web-7f3a9c 1a2b3c4d -n shop" in seen.stdout


def test_of_a_targets_diagnoses_the_newest_is_meant(tmp_path: Path) -> None:
    old, new = story(), story(name="web-7f3a9c-2")
    old.metadata.creation_timestamp = new.metadata.creation_timestamp = NOW
    assert (
        "Diagnosis web-7f3a9c-2" in Scene(tmp_path, new, old).run("show", "deployment/web").stdout
    )
    old.metadata.creation_timestamp = NOW + timedelta(hours=1)
    seen = Scene(tmp_path, new, old).run("show", "deployment/web").stdout
    assert "Diagnosis web-7f3a9c-2" not in seen


def test_what_to_type_next_is_for_the_same_cluster(tmp_path: Path) -> None:
    """Given a cluster other than the current one, a hint without it would approve elsewhere."""
    scene = Scene(tmp_path, story())
    here = ["--context", "fake", "--kubeconfig", str(tmp_path / "kubeconfig")]
    said = "--context fake --kubeconfig " + str(tmp_path / "kubeconfig")
    seen = scene.run("show", "web-7f3a9c", *here).stdout
    assert f"approve: podiatrist approve web-7f3a9c 1a2b3c4d -n shop {said}\n" in seen
    assert f"or: kubectl {said} -n shop annotate diagnosis web-7f3a9c podiatrist.dev/" in seen
    sent = scene.run("approve", "web-7f3a9c", "1a2b3c4d", "--yes", *here)
    assert sent.stderr == f"see how it goes: podiatrist show web-7f3a9c -n shop {said}\n"
    again = scene.run("retry", "web-7f3a9c", *here)
    assert again.stderr == f"see what comes of it: podiatrist show web-7f3a9c -n shop {said}\n"

    healed = story(state=State.SUCCEEDED)
    patch = AppliedPatch(object=WEB, patch="[]")
    healed.status.execution = Execution(run="r", started_at=NOW, patches=[patch], inverse=[patch])
    scene.put(healed)
    seen = scene.run("show", "web-7f3a9c", *here).stdout
    assert f"to undo it: podiatrist undo web-7f3a9c -n shop {said}\n" in seen


def test_several_kubeconfigs_reach_kubectl_through_the_environment() -> None:
    @click.command()
    @where_options()
    def told(where: Where) -> None:
        click.echo(kubectl("get pods"))

    given = ["--kubeconfig", "a:b c", "--context", "x;y"]
    assert CliRunner().invoke(told, given).stdout == (
        "KUBECONFIG='a:b c' kubectl --context 'x;y' get pods\n"
    )
    env = {"KUBECONFIG": "a"}
    assert CliRunner().invoke(told, [], env=env).stdout == "kubectl get pods\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["show", "web-777777"], "named web-777777 in namespace shop; did you mean web-7f3a9c?"),
        (["show", "pay-1"], "see: kubectl get diagnoses -n shop"),
        (["show", "deployment/db"], "no Diagnosis of deployment/db in namespace shop"),
        (["show", "secret/db"], "there are no Diagnoses of kind 'secret'"),
        (["list", "--context", "prod"], "no context named 'prod'; there are: fake"),
    ],
)  # fmt: skip
def test_what_is_not_there_is_an_error_with_a_next_step(
    tmp_path: Path, arguments: list[str], said: str
) -> None:
    result = Scene(tmp_path, story()).run(*arguments)
    assert result.exit_code == 1
    assert said in result.stderr
    assert result.stdout == ""


def test_a_cluster_that_does_not_answer_is_named(tmp_path: Path) -> None:
    Scene(tmp_path).run("list")  # writes the kubeconfig of a server that is gone by now
    given = {"KUBECONFIG": str(tmp_path / "kubeconfig"), "PATH": ""}
    result = CliRunner().invoke(main, ["list"], env=given)
    assert result.exit_code == 1
    assert re.search(r"API server http://127.0.0.1:\d+ did not answer", result.stderr)
    assert "ClientConnector" not in result.stderr


def test_wrong_usage_is_two(tmp_path: Path) -> None:
    assert Scene(tmp_path).run("list", "-o", "toml").exit_code == 2
    assert Scene(tmp_path).run("show").exit_code == 2


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(0, "0s"), (119, "119s"), (120, "2m"), (150, "2m30s"), (600, "10m"), (3 * 3600, "3h"),
     (3 * 3600 + 60, "3h1m"), (9 * 3600, "9h"), (49 * 3600, "2d1h"), (30 * 86400, "30d"),
     (800 * 86400, "2y70d"), (-5, "0s")],
)  # fmt: skip
def test_ages_are_kubectls(seconds: int, told: str) -> None:
    assert age(NOW, NOW + timedelta(seconds=seconds)) == told
