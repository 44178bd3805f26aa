"""The conversation in a real terminal, on a real cluster, with a model that follows a script."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.cluster import Cluster
from tests.e2e.chat_terminal import ChatTerminal
from tests.e2e.kube import Kube, deployment, until
from tests.fakemodel.plays import Asked, Play, call, drip, hang, say
from tests.fakemodel.server import FakeModel, Script
from tests.harness.install import identity

SCENE = Path(__file__).with_name("chat_scene") / "some-app.yaml"
RECORDING = Path(__file__).parents[1] / "recordings" / "seed-conversation.jsonl"

RECORDED_IN = "seed-conversation"

SEED = (
    "what's the cluster's status?",
    "find out why the some-app pods are pending",
    "add the label no-such-node to our control plane node",
    "what kubectl commands did you use?",
    "suggest options how to fix it",
    "option 1 sounds good. go for it.",
    "show me the pods",
)


@contextmanager
def talk(kube: Kube, state: Path, script: Script) -> Iterator[tuple[FakeModel, ChatTerminal]]:
    with FakeModel(script) as model:
        environment = {"PODIATRIST_MODEL": "scripted", "PODIATRIST_MODEL_URL": model.url}
        where = ("-n", kube.namespace)
        with ChatTerminal(kube.cluster, state, *where, environment=environment) as chat:
            yield model, chat


def routed(asked: Asked) -> Play:
    """Play a model that picks a tool by the user's words, and is brief after each look."""
    last = asked["messages"][-1]
    if last["role"] == "tool":
        return say("That is **what I saw**.")
    words = str(last["content"])
    if "status" in words:
        return call("status")
    if "why" in words:
        return call("diagnose", name="some-app")
    if "scale" in words:
        wish = {"action": "Scale", "object": "web", "fields": {"replicas": 2}}
        return call("change", changes=[wish])
    if "add the label" in words:
        wish = {"action": "LabelNode", "object": "our control plane node",
                "fields": {"key": "no-such-node"}}  # fmt: skip
        return call("change", changes=[wish])
    if "show me" in words:
        return call("kubectl", command="kubectl get pods")
    return say("Ask me about the cluster.")


def replicas(kube: Kube) -> int:
    wanted: int = kube.get("deployment", "web")["spec"]["replicas"]
    return wanted


def test_enter_is_a_no_and_only_a_yes_changes_and_undo_takes_it_back(
    kube: Kube, tmp_path: Path
) -> None:
    kube.apply(deployment())
    with talk(kube, tmp_path, routed) as (_, chat):
        assert "/help" in chat.ready()
        said = chat.say("scale web to 2")
        assert "kubectl -n" in said
        assert "-  replicas: 1" in said
        assert "+  replicas: 2" in said
        assert "Apply? (y/N)" in said
        chat.type("")
        chat.wait_for("Not applied")
        assert replicas(kube) == 1

        chat.say("scale web to 2 now")
        chat.type("maybe")
        chat.wait(lambda text: text.count("Not applied") == 2, "a second no")
        assert replicas(kube) == 1

        chat.say("scale web to 2, please")
        chat.type("y")
        chat.wait_for("2 of 2 pods are ready")
        assert replicas(kube) == 2

        said = chat.say("/undo")
        assert "-  replicas: 2" in said
        chat.type("yes")
        chat.wait_for("Undone")
        assert replicas(kube) == 1


def test_a_change_by_a_killed_conversation_is_undone_by_the_next(
    kube: Kube, tmp_path: Path
) -> None:
    kube.apply(deployment())
    with talk(kube, tmp_path, routed) as (_, chat):
        chat.say("scale web to 2")
        chat.type("y")
        until(lambda: (replicas(kube) == 2, replicas(kube)), "two replicas")
        chat.child.kill(9)
    with talk(kube, tmp_path, routed) as (_, chat):
        assert "-  replicas: 2" in chat.say("/undo")
        chat.type("y")
        chat.wait_for("Undone")
        assert replicas(kube) == 1


def test_a_terminal_that_is_closed_leaves_nothing_behind(kube: Kube, tmp_path: Path) -> None:
    folders = tmp_path / "folders"
    folders.mkdir()
    with FakeModel([hang]) as model:
        environment = {"PODIATRIST_MODEL": "scripted", "PODIATRIST_MODEL_URL": model.url,
                       "TMPDIR": str(folders)}  # fmt: skip
        with ChatTerminal(kube.cluster, tmp_path, environment=environment) as chat:
            chat.ready()
            assert list(folders.iterdir())
            chat.type("hello")
            chat.wait_for("thinking")
            chat.child.kill(signal.SIGHUP)
            chat.wait(lambda _: not chat.child.isalive(), "an end", 10)
    assert list(folders.iterdir()) == []


def test_ctrl_c_during_the_wait_says_what_was_done(kube: Kube, tmp_path: Path) -> None:
    kube.apply(deployment())
    wish = {"action": "SetImage", "object": "web", "fields": {"image": "registry.k8s.io/nope:1"}}
    with talk(kube, tmp_path, [call("change", changes=[wish])]) as (_, chat):
        chat.say("use the image nope")
        chat.type("y")
        chat.wait_for("waiting for")
        chat.child.sendintr()
        chat.wait_for("Not waited for any longer", 10)
        assert "Applied:" in chat.text
        assert "set image" in chat.say("/commands")


def test_ctrl_c_stops_the_answer_and_not_the_program(kube: Kube, tmp_path: Path) -> None:
    with talk(kube, tmp_path, [drip("Once upon a time. ", 0.05)]) as (model, chat):
        chat.ready()
        chat.type("tell me a story")
        chat.wait_for("Once upon")
        chat.child.sendintr()
        chat.wait_for("(stopped)", 10)
        model.script = [say("Yes.")]
        assert "Yes." in chat.say("are you there?", 15)
        chat.child.sendintr()
        chat.wait_for("Ctrl-D leaves)", 10)
        chat.child.sendeof()
        chat.wait(lambda _: not chat.child.isalive(), "an end", 10)
        assert chat.child.exitstatus == 0


def test_ctrl_c_ends_a_model_that_never_answers(kube: Kube, tmp_path: Path) -> None:
    with talk(kube, tmp_path, [hang]) as (_, chat):
        chat.ready()
        chat.type("hello")
        chat.wait_for("thinking")
        chat.child.sendintr()
        chat.wait_for("(stopped)", 10)
        chat.ready(10)


def test_a_dead_model_is_one_line_and_slash_commands_still_work(kube: Kube, tmp_path: Path) -> None:
    environment = {"PODIATRIST_MODEL": "gone", "PODIATRIST_MODEL_URL": "http://127.0.0.1:9/v1",
                   "PODIATRIST_MODEL_TIMEOUT": "2"}  # fmt: skip
    with ChatTerminal(kube.cluster, tmp_path, environment=environment) as chat:
        said = chat.say("how are you?", 30)
        assert "the model gave no answer" in said
        assert "Traceback" not in said
        assert "No command was used" in chat.say("/commands")
        assert "Ctrl-D leaves" in chat.say("/help")
        assert "there is no /nonsense" in chat.say("/nonsense")


def test_escapes_in_a_log_never_reach_the_terminal(kube: Kube, tmp_path: Path) -> None:
    hostile = "\x1b]0;owned\x07\x1b[2J[click](http://evil.example) done"
    with talk(kube, tmp_path, [say(hostile)]) as (_, chat):
        said = chat.say("hello")
        assert "[click](http://evil.example)" in said
        assert b"\x1b]0;owned" not in chat.raw
        assert b"\x1b[2J" not in chat.raw
        assert b"\x1b]8;" not in chat.raw


def test_pasted_lines_are_one_question(kube: Kube, tmp_path: Path) -> None:
    with talk(kube, tmp_path, [say("Understood.")]) as (model, chat):
        chat.ready()
        chat.child.send("\x1b[200~what is this?\nline two\nline three\x1b[201~")
        chat.wait_for("line three")
        assert model.requests == []
        chat.type("")
        chat.wait_for("Understood.")
        assert len(model.requests) == 1
        assert "line two\nline three" in model.requests[0]["messages"][-1]["content"]


def test_what_was_typed_ahead_is_no_yes(kube: Kube, tmp_path: Path) -> None:
    kube.apply(deployment())
    with talk(kube, tmp_path, routed) as (_, chat):
        chat.ready()
        chat.child.send("scale web to 2\ry\ry\r")
        chat.wait_for("Apply? (y/N)")
        chat.type("")
        chat.wait_for("Not applied")
        assert replicas(kube) == 1


def test_a_dumb_terminal_does_without_escapes_and_can_say_yes(kube: Kube, tmp_path: Path) -> None:
    kube.apply(deployment())
    with FakeModel(routed) as model:
        environment = {"PODIATRIST_MODEL": "scripted", "PODIATRIST_MODEL_URL": model.url,
                       "TERM": "dumb"}  # fmt: skip
        with ChatTerminal(
            kube.cluster, tmp_path, "-n", kube.namespace, environment=environment
        ) as chat:
            chat.say("scale web to 2")
            chat.type("y")
            chat.wait_for("2 of 2 pods are")
            chat.child.sendintr()
            chat.wait_for("Ctrl-D leaves)", 10)
            assert b"\x1b" not in chat.raw
    assert replicas(kube) == 2


def test_tab_completes_slash_commands_and_names_of_the_cluster(kube: Kube, tmp_path: Path) -> None:
    kube.apply(deployment("wide-open-web"))
    with talk(kube, tmp_path, routed) as (_, chat):
        chat.ready()
        chat.child.send("/trans\t")
        chat.wait_for("> /transcript", 10)
        chat.child.send("\x15")  # the line is taken back

        def complete(text: str) -> bool:
            chat.child.send("\x15wide-op\t")
            return "> wide-open-web" in text

        chat.wait(complete, "the name of the Deployment", 20)


def test_without_prompt_toolkit_it_says_what_to_install(kube: Kube, tmp_path: Path) -> None:
    (tmp_path / "prompt_toolkit").mkdir()
    (tmp_path / "prompt_toolkit" / "__init__.py").write_text(
        "raise ModuleNotFoundError('No module named prompt_toolkit', name='prompt_toolkit')"
    )
    environment = {"PODIATRIST_MODEL": "scripted", "PYTHONPATH": str(tmp_path)}
    with ChatTerminal(kube.cluster, tmp_path, environment=environment) as chat:
        chat.wait_for("pip install 'podiatrist[chat]'", 20)


def test_a_pipe_can_ask_and_never_say_yes(kube: Kube, tmp_path: Path) -> None:
    kube.apply(deployment())

    with FakeModel(routed) as model:
        terminal = ChatTerminal(kube.cluster, tmp_path)
        environment = {**terminal.environment, "PODIATRIST_MODEL": "scripted",
                       "PODIATRIST_MODEL_URL": model.url}  # fmt: skip
        done = subprocess.run(
            [sys.executable, "-m", "podiatrist", "chat", "-n", kube.namespace],
            input="scale web to 2\ny\n", env=environment, capture_output=True, text=True,
            check=False, timeout=60,
        )  # fmt: skip
    assert done.returncode == 0
    assert "nobody is at a terminal" in done.stdout
    assert "\x1b" not in done.stdout
    assert replicas(kube) == 1


def test_a_user_who_may_only_read_is_told_so_before_the_question(
    kube: Kube, cluster: Cluster, tmp_path: Path
) -> None:
    kube.apply(deployment())
    reader = identity(cluster, "reader", tmp_path)
    with FakeModel(routed) as model:
        environment = {"PODIATRIST_MODEL": "scripted", "PODIATRIST_MODEL_URL": model.url}
        with ChatTerminal(cluster, tmp_path, "-n", kube.namespace, environment=environment,
                          kubeconfig=reader) as chat:  # fmt: skip
            said = chat.say("scale web to 2")
            assert "the API server would refuse it" in said
            assert "(y/N)" not in said
    assert replicas(kube) == 1


@pytest.fixture
def scene(kube: Kube) -> Iterator[Kube]:
    with scene_in(kube):
        yield kube


@contextmanager
def scene_in(kube: Kube) -> Iterator[None]:
    """Set the scene of the seed's conversation: four pending pods, one control plane node."""
    name = kube.all("nodes")[0]["metadata"]["name"]
    role = "node-role.kubernetes.io/control-plane"
    kube.admin("label", "node", name, f"{role}=", "--overwrite")
    kube.admin("label", "node", name, "no-such-node-")
    kube("apply", "-f", str(SCENE))
    until(lambda: (len(kube.all("pods")) == 4, kube.all("pods")), "four pods")
    try:
        yield
    finally:
        kube.admin("label", "node", name, f"{role}-")
        kube.admin("label", "node", name, "no-such-node-")


def four_run(kube: Kube) -> None:
    phases = [p["status"]["phase"] for p in kube.all("pods")]
    assert phases == ["Running"] * 4


def seed_conversation(chat: ChatTerminal, seconds: float) -> dict[str, str]:
    """Say the seed's lines; the first change is declined, the second confirmed."""
    answers = {}
    for line in SEED:
        answers[line] = chat.say(line, seconds)
        if chat.asks:
            chat.type("y" if "option 1" in line else "")
            before = len(answers[line])
            chat.ready(120)
            answers[line] += chat.text[-before:]
    return answers


@pytest.mark.serial
@pytest.mark.containers
def test_the_seeds_conversation_ends_with_four_running_pods(scene: Kube, tmp_path: Path) -> None:
    with talk(scene, tmp_path, routed) as (_, chat):
        said = seed_conversation(chat, 60)
    assert "kubectl get nodes" in said[SEED[0]]
    assert "NodeLabelMismatch" in said[SEED[1]]
    assert "no-such-node=true" in said[SEED[2]]
    assert "Not applied" in said[SEED[2]]
    assert "kubectl get nodes" in said[SEED[3]]
    assert "1. Label node" in said[SEED[4]]
    assert "4 of 4 pods are ready" in said[SEED[5]]
    assert said[SEED[6]].count("Running") == 4
    four_run(scene)


@pytest.mark.serial
@pytest.mark.containers
@pytest.mark.skipif(not RECORDING.exists(), reason="python -m tests.e2e.chat_record makes it")
def test_the_seeds_conversation_as_a_real_small_model_once_led_it(
    cluster: Cluster, tmp_path: Path
) -> None:
    kube = Kube(cluster, RECORDED_IN)  # the model named it
    kube.admin("delete", "namespace", kube.namespace, "--ignore-not-found", "--wait")
    kube.admin("create", "namespace", kube.namespace)
    where = ("-n", kube.namespace, "--replay", str(RECORDING))
    try:
        with scene_in(kube), ChatTerminal(cluster, tmp_path, *where) as chat:
            said = seed_conversation(chat, 60)
            four_run(kube)
    finally:
        kube.admin("delete", "namespace", kube.namespace, "--wait=false")
    assert "NodeLabelMismatch" in said[SEED[1]]
    assert "1. Label node" in said[SEED[4]]
    assert "4 of 4 pods are ready" in said[SEED[5]]
    assert "Running" in said[SEED[6]]
