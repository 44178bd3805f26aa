"""The table is made of recordings: whoever has them gets the same one, without any model."""

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from podiatrist.agent.messages import Call, Message, Reply, TokenCount
from podiatrist.agent.model import ModelError, OnText, UnreachableModelError
from podiatrist.agent.recording.recorder import ReplayMismatchError
from podiatrist.agent.tool import Tool
from podiatrist.cluster.kubectl import Kubectl
from tests.eval.cases import EvalCase
from tests.eval.plot import write_picture
from tests.eval.report import BEGIN, END, as_markdown, as_text, write_page
from tests.eval.runs import Row, Run, RunError
from tests.eval.stage import Scene
from tests.harness.recording import load

CASE = EvalCase(fault="service-selector-mistyped", words=[["wbe"], ["selector"]])
SNAPSHOT = Path(__file__).parents[1] / "recordings" / "services-selector.json"
LOOK = json.dumps({"command": "kubectl get endpointslices"})


class Script:
    """Looks once, then says the same to whoever asks."""

    name = "scripted"

    def __init__(self, says: str, fails: ModelError | None = None) -> None:
        self.says = says
        self.fails = fails
        self.asked = 0

    async def complete(
        self,
        messages: Sequence[Message],
        tools: Sequence[Tool],
        *,
        must_call: bool = False,
        max_tokens: int = 1024,
        on_text: OnText | None = None,
    ) -> Reply:
        if self.fails:
            raise self.fails
        self.asked += 1
        if self.asked == 1:
            return Reply("", (Call("a", "kubectl", LOOK),), TokenCount(300, 20))
        return Reply(self.says, tokens=TokenCount(400, 30))


@pytest.fixture
def kubectl(tmp_path: Path) -> Kubectl:
    program = tmp_path / "kubectl"
    program.write_text("#!/bin/sh\necho 'web-x7 IPv4 <unset> <unset>'\n")
    program.chmod(0o755)
    return Kubectl(program, tmp_path / "kubeconfig")


def scene() -> Scene:
    snapshot = load(SNAPSHOT)
    return Scene(CASE, snapshot.namespace, snapshot)


def played(folder: Path, way: str, says: str, kubectl: Kubectl) -> Run:
    run = Run(CASE, way, folder=folder)
    asyncio.run(run.play(scene(), Script(says), kubectl))
    return run


def rows_of(*runs: Run) -> list[Row]:
    rows = [asyncio.run(run.row()) for run in runs]
    return [row for row in rows if row is not None]


def test_the_same_recordings_give_the_same_table_without_kubectl(
    tmp_path: Path, kubectl: Kubectl
) -> None:
    bare = played(tmp_path, "bare", "Its selector app=wbe fits no pod.", kubectl)
    alone = played(tmp_path, "alone", "All is well.", kubectl)
    first = rows_of(bare, alone)
    kubectl.binary.unlink()
    second = rows_of(bare, alone)
    assert as_text(first, 100) == as_text(second, 100)
    assert [row.named for row in first] == [True, False]
    assert (first[0].tokens, first[0].steps) == (750, 2)
    assert first[0].answer == "Its selector app=wbe fits no pod."


def test_only_the_answer_counts_not_what_was_seen_on_the_way(
    tmp_path: Path, kubectl: Kubectl
) -> None:
    kubectl.binary.write_text("#!/bin/sh\necho 'selector: app=wbe'\n")
    [row] = rows_of(played(tmp_path, "bare", "I cannot say.", kubectl))
    assert not row.named


def test_a_changed_prompt_is_no_result(tmp_path: Path, kubectl: Kubectl) -> None:
    run = played(tmp_path, "bare", "no idea", kubectl)
    told = run.recording.read_text()
    run.recording.write_text(told.replace("Kubernetes expert", "gardener"))
    with pytest.raises(ReplayMismatchError, match="the system prompt changed"):
        rows_of(run)


def test_a_model_that_is_away_is_no_result_of_the_agent(tmp_path: Path, kubectl: Kubectl) -> None:
    run = Run(CASE, "bare", folder=tmp_path)
    away = Script("", UnreachableModelError("no answer"))
    with pytest.raises(RunError, match="see that it is up"):
        asyncio.run(run.play(scene(), away, kubectl))
    assert rows_of(run) == []


def test_a_run_without_an_answer_names_nothing(tmp_path: Path, kubectl: Kubectl) -> None:
    [row] = rows_of(played(tmp_path, "bare", "", kubectl))
    assert not row.named
    assert row.outcome == "no answer"


def test_the_page_keeps_what_stands_around_the_tables(tmp_path: Path) -> None:
    page = tmp_path / "eval.md"
    page.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")
    rows = [
        Row("a", "bare", 1, True, 900, 3, 20.0, "x", ""),
        Row("a", "ours", 1, False, 0, 0, 0.0, "", ""),
    ]
    write_page(as_markdown(rows, "1 of 1", "m"), page)
    text = page.read_text()
    assert text.startswith("before\n")
    assert text.endswith("\nafter\n")
    assert "old" not in text
    assert "| bare loop | 1 of 1 | 900 | 900 | 3.0 | 20 |" in text
    assert "| a | yes, 0.9k, 3, 20s | not played | NO, 0.0k, 0, 0s |" in text


def test_the_same_rows_draw_the_same_picture(tmp_path: Path) -> None:
    rows = [Row("a", way, 1, True, 900, 3, 20.0, "x", "") for way in ("bare", "alone", "ours")]
    for name in ("one.svg", "two.svg"):
        write_picture(rows, tmp_path / name)
    assert (tmp_path / "one.svg").read_bytes() == (tmp_path / "two.svg").read_bytes()
