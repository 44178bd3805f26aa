"""`podiatrist ask` on a real cluster: one question, one answer, for people and for programs."""

import json
import subprocess
import sys
from pathlib import Path

from tests.e2e.chat_terminal import ChatTerminal
from tests.e2e.kube import Kube, deployment
from tests.fakemodel.plays import Asked, Play, call, say, status
from tests.fakemodel.server import FakeModel


def ask(
    kube: Kube, state: Path, *arguments: str, stdin: str | None = None, model: FakeModel | None
) -> subprocess.CompletedProcess[str]:
    environment = ChatTerminal(kube.cluster, state).environment
    if model is not None:
        environment["PODIATRIST_MODEL"] = "scripted"
        environment["PODIATRIST_MODEL_URL"] = model.url
        environment["PODIATRIST_PRICE_PROMPT"] = "1"
    return subprocess.run(
        [sys.executable, "-m", "podiatrist", "ask", "-n", kube.namespace, *arguments],
        input=stdin or "", env=environment, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip


def looks_first(asked: Asked) -> Play:
    if asked["messages"][-1]["role"] == "tool":
        return say("It is pending: no node has the label `pool`.")
    return call("diagnose", name="web")


def sick(kube: Kube) -> None:
    kube.apply(deployment(nodeSelector={"e-pool": "fast"}))
    kube("rollout", "status", "deployment/web", "--timeout=3s", check=False)


def test_a_question_is_answered_on_stdout_and_nothing_else_is(kube: Kube, tmp_path: Path) -> None:
    sick(kube)
    with FakeModel(looks_first) as model:
        done = ask(kube, tmp_path, "why is web down?", model=model)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "It is pending: no node has the label `pool`."
    assert done.stderr == ""


def test_json_holds_answer_commands_findings_options_and_cost(kube: Kube, tmp_path: Path) -> None:
    sick(kube)
    with FakeModel(looks_first) as model:
        done = ask(kube, tmp_path, "why is web down?", "-o", "json", model=model)
    told = json.loads(done.stdout)
    assert told["answer"].startswith("It is pending")
    assert [f["reason"] for f in told["findings"]] == ["NodeLabelMismatch"]
    assert told["options"][0]["actions"][0]["type"] == "LabelNode"
    assert told["tokens"]["prompt"] > 0
    assert float(told["cost"]) > 0


def test_what_comes_through_a_pipe_is_data_without_secrets(kube: Kube, tmp_path: Path) -> None:
    with FakeModel([say("The image does not exist.")]) as model:
        done = ask(kube, tmp_path, "what is wrong here?", model=model,
                   stdin="Failed to pull image nginx:nope\npassword=hunter22\n")  # fmt: skip
        sent = json.dumps(model.requests)
    assert done.returncode == 0, done.stderr
    assert "nginx:nope" in sent
    assert "hunter22" not in sent


def test_a_dead_model_is_an_error_with_a_reason(kube: Kube, tmp_path: Path) -> None:
    with FakeModel([status(401, "bad key")]) as model:
        done = ask(kube, tmp_path, "how are you?", model=model)
    assert done.returncode == 1
    assert done.stdout == ""
    assert "the model gave no answer" in done.stderr
    assert "Traceback" not in done.stderr


def test_without_a_model_the_rules_answer_what_they_can(kube: Kube, tmp_path: Path) -> None:
    sick(kube)
    done = ask(kube, tmp_path, "why is web pending?", model=None)
    assert done.returncode == 0, done.stderr
    assert "NodeLabelMismatch" in done.stdout
    done = ask(kube, tmp_path, "tell me a story", model=None)
    assert done.returncode == 1
    assert "PODIATRIST_MODEL_URL" in done.stderr


def test_ask_has_no_tool_that_changes_anything(kube: Kube, tmp_path: Path) -> None:
    with FakeModel([call("change", changes=[]), say("I cannot.")]) as model:
        done = ask(kube, tmp_path, "scale web to 2", model=model)
        offered = {t["function"]["name"] for t in model.requests[0]["tools"]}
    assert offered == {"kubectl", "status", "diagnose"}
    assert done.stdout.strip() == "I cannot."


def test_a_wrong_context_names_the_right_ones(kube: Kube, tmp_path: Path) -> None:
    with FakeModel([say("x")]) as model:
        done = ask(kube, tmp_path, "hello", "--context", "nowhere", model=model)
    assert done.returncode == 1
    assert "no context named 'nowhere'; there are:" in done.stderr


def test_an_empty_question_costs_nothing(kube: Kube, tmp_path: Path) -> None:
    with FakeModel([say("Hm?")]) as model:
        done = ask(kube, tmp_path, "  ", model=model)
        assert model.requests == []
    assert done.returncode == 2
    assert "the question is empty" in done.stderr


def test_a_closed_stdin_and_a_full_disk_are_no_traceback(kube: Kube, tmp_path: Path) -> None:
    with FakeModel([say("All is well.")]) as model:
        environment = {**ChatTerminal(kube.cluster, tmp_path).environment,
                       "PODIATRIST_MODEL": "scripted",
                       "PODIATRIST_MODEL_URL": model.url}  # fmt: skip
        done = subprocess.run(
            ["/bin/sh", "-c", 'exec "$0" -m podiatrist ask hello <&- >/dev/full', sys.executable],
            env=environment, capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr.strip() == "Error: the answer cannot be written: No space left on device"
