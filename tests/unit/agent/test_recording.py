"""Recordings: what was once said is said again, and a changed prompt is named."""

import asyncio
import functools
import json
import os
import re
import signal
import subprocess
import sys
import textwrap
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from podiatrist.agent.limits import LimitReachedError, Limits
from podiatrist.agent.loop import Agent
from podiatrist.agent.messages import Call, Message, Reply, TokenCount, system, user
from podiatrist.agent.model import ModelError, OnText, UnreachableModelError
from podiatrist.agent.recording.recorded_kubectl import RecordedKubectl, ReplayedKubectl
from podiatrist.agent.recording.recorder import (
    Recorder,
    RecordingError,
    Replay,
    ReplayMismatchError,
    recorded,
    replayed,
)
from podiatrist.agent.tool import Arguments, Tool, ToolError
from podiatrist.cluster.errors import ClusterError
from podiatrist.cluster.kubectl import Kubectl, RefusedCommandError


def in_loop(story: Callable[..., Awaitable[None]]) -> Callable[..., None]:
    @functools.wraps(story)
    def run(*args: object, **kwargs: object) -> None:
        async def whole() -> None:
            await story(*args, **kwargs)

        asyncio.run(whole())

    return run


PROMPT = "You look after pods.\nBe brief."


class Look(Arguments):
    what: str


class Script:
    name = "scripted"

    def __init__(self, *answers: Reply | ModelError | float) -> None:
        self.answers = list(answers)

    async def complete(
        self,
        messages: Sequence[Message],
        tools: Sequence[Tool],
        *,
        must_call: bool = False,
        max_tokens: int = 1024,
        on_text: OnText | None = None,
    ) -> Reply:
        answer = self.answers.pop(0)
        if isinstance(answer, ModelError):
            raise answer
        if isinstance(answer, float):
            await asyncio.sleep(answer)
            return Reply("too late")
        if on_text:
            on_text(answer.text)
        return answer


async def look(arguments: Look) -> str:
    if arguments.what == "secrets":
        raise ToolError("never; look at pods")
    return f"there are two {arguments.what}"


LOOK = Tool("look", "Looks at something.", Look, look)


def asks(what: str) -> Reply:
    return Reply("", (Call("x", "look", json.dumps({"what": what})),), TokenCount(40, 5))


ANSWER = Reply("Both pods are well. \ud83d", tokens=TokenCount(60, 9))


async def a_talk(path: Path, *answers: Reply | ModelError | float) -> str:
    with Recorder(Script(*answers or (asks("pods"), asks("secrets"), ANSWER)), path) as model:
        return await Agent(model, [recorded(LOOK, model)], PROMPT).run("how are the pods?")


async def never(_: Look) -> str:
    raise AssertionError("a replay runs nothing")


def replaying(replay: Replay, prompt: str = PROMPT, tool: Tool = LOOK) -> Agent:
    return Agent(replay, [replayed(replace(tool, run=never), replay)], prompt)


@in_loop
async def test_a_talk_is_played_again_without_model_and_tools(tmp_path: Path) -> None:
    said = await a_talk(tmp_path / "talk")
    replay = Replay(tmp_path / "talk")
    agent = replaying(replay)
    assert await agent.run("how are the pods?") == said
    assert [m.content for m in agent.messages if m.role == "tool"] == [
        "there are two pods",
        "refused: never; look at pods",
    ]
    assert agent.meter.tokens == TokenCount(140, 19)
    assert replay.name == "scripted"
    assert replay.left == 0


@in_loop
async def test_each_text_is_written_once(tmp_path: Path) -> None:
    await a_talk(tmp_path / "talk")
    assert (tmp_path / "talk").read_text().count("You look after pods") == 1


@in_loop
async def test_a_changed_system_prompt_is_named_with_the_line_that_changed(tmp_path: Path) -> None:
    await a_talk(tmp_path / "talk")
    agent = replaying(Replay(tmp_path / "talk"), PROMPT.replace("brief", "kind"))
    with pytest.raises(ReplayMismatchError) as told:
        await agent.run("how are the pods?")
    assert "the system prompt changed" in str(told.value)
    assert "-Be brief.\n+Be kind." in str(told.value)
    assert "-You look" not in str(told.value)


@in_loop
async def test_a_changed_observation_is_named_by_its_message(tmp_path: Path) -> None:
    await a_talk(tmp_path / "talk")

    async def other(arguments: Look) -> str:
        return f"there are three {arguments.what}"

    agent = Agent(Replay(tmp_path / "talk"), [replace(LOOK, run=other)], PROMPT)
    with pytest.raises(ReplayMismatchError, match=r"message 4 \(tool\) changed") as told:
        await agent.run("how are the pods?")
    assert "-there are two pods\n+there are three pods" in str(told.value)


@in_loop
async def test_a_changed_schema_is_named_by_its_tool(tmp_path: Path) -> None:
    class LookCloser(Arguments):
        what: str
        closer: bool = False

    await a_talk(tmp_path / "talk")
    agent = replaying(Replay(tmp_path / "talk"), tool=replace(LOOK, arguments=LookCloser))
    with pytest.raises(ReplayMismatchError, match="the schema of tool look changed"):
        await agent.run("how are the pods?")


@in_loop
async def test_one_more_question_says_that_the_recording_is_used_up(tmp_path: Path) -> None:
    await a_talk(tmp_path / "talk")
    agent = replaying(Replay(tmp_path / "talk"))
    await agent.run("how are the pods?")
    with pytest.raises(ReplayMismatchError, match="used up"):
        await agent.run("and now?")


@in_loop
async def test_a_tool_that_is_called_otherwise_is_a_mismatch_too(tmp_path: Path) -> None:
    await a_talk(tmp_path / "talk")
    tool = replayed(LOOK, Replay(tmp_path / "talk"))
    with pytest.raises(ReplayMismatchError, match=r"-what: pods\n\+what: nodes"):
        await tool.run(Look(what="nodes"))


@in_loop
async def test_a_dead_model_is_dead_again(tmp_path: Path) -> None:
    with pytest.raises(ModelError):
        await a_talk(tmp_path / "talk", UnreachableModelError("no answer for 30 seconds"))
    with pytest.raises(UnreachableModelError, match="no answer for 30 seconds"):
        await replaying(Replay(tmp_path / "talk")).run("how are the pods?")


@in_loop
async def test_an_answer_that_was_too_late_ends_the_replay_at_the_same_limit(
    tmp_path: Path,
) -> None:
    with Recorder(Script(asks("pods"), 60.0), tmp_path / "talk") as model:
        agent = Agent(model, [LOOK], PROMPT, Limits(seconds=0.2))
        with pytest.raises(LimitReachedError) as first:
            await agent.run("how are the pods?")
    replay = Replay(tmp_path / "talk")
    agent = Agent(replay, [LOOK], PROMPT, Limits(seconds=0.2), clock=replay.clock)
    with pytest.raises(LimitReachedError) as second:
        await agent.run("how are the pods?")
    assert str(first.value) == str(second.value)
    assert agent.meter.seconds_left == 0


@in_loop
async def test_the_same_prompt_twice_gets_both_answers_in_order(tmp_path: Path) -> None:
    with Recorder(Script(Reply("one"), Reply("two")), tmp_path / "talk") as model:
        for _ in range(2):
            await model.complete([user("say")], [])
    replay = Replay(tmp_path / "talk")
    assert [(await replay.complete([user("say")], [])).text for _ in range(2)] == ["one", "two"]


@in_loop
async def test_loose_replay_does_not_mind_other_names(tmp_path: Path) -> None:
    await a_talk(tmp_path / "talk")

    async def other(arguments: Look) -> str:
        return f"there are three {arguments.what}"

    replay = Replay(tmp_path / "talk", loose=True)
    agent = Agent(replay, [replace(LOOK, run=other)], "another prompt")
    assert await agent.run("what else?") == ANSWER.text
    with pytest.raises(ReplayMismatchError, match="used up"):
        await agent.run("and then?")


@in_loop
async def test_the_answer_is_shown_to_who_watches(tmp_path: Path) -> None:
    seen: list[str] = []
    await a_talk(tmp_path / "talk", Reply("all well"))
    replay = Replay(tmp_path / "talk")
    prompt = [system(PROMPT), user("how are the pods?")]
    await replay.complete(prompt, [LOOK], on_text=seen.append)
    assert seen == ["all well"]


@in_loop
async def test_a_torn_last_line_is_left_out_and_a_torn_middle_is_not(tmp_path: Path) -> None:
    path = tmp_path / "talk"
    await a_talk(path)
    whole = path.read_bytes()
    path.write_bytes(whole[:-20])
    assert Replay(path).left == opened(tmp_path / "whole", whole).left - 1
    lines = whole.splitlines(keepends=True)
    path.write_bytes(b"".join([*lines[:2], lines[2][:30] + b"\n", *lines[3:]]))
    with pytest.raises(RecordingError, match="line 3: is no JSON"):
        Replay(path)


def opened(path: Path, content: bytes) -> Replay:
    path.write_bytes(content)
    return Replay(path)


def test_a_killed_process_leaves_all_exchanges_that_were_finished(tmp_path: Path) -> None:
    program = """
        import asyncio, sys
        from pathlib import Path
        from podiatrist.agent.messages import Reply, user
        from podiatrist.agent.recording.recorder import Recorder

        class Model:
            name = "m"
            async def complete(self, messages, tools, **_):
                return Reply("x" * 5000)

        async def main():
            model = Recorder(Model(), Path(sys.argv[1]))
            for number in range(3):
                await model.complete([user(f"{number}")], [])
            print("three", flush=True)
            await asyncio.sleep(60)

        asyncio.run(main())
    """
    command = [sys.executable, "-c", textwrap.dedent(program), str(tmp_path / "talk")]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout
        process.stdout.readline()
        os.kill(process.pid, signal.SIGKILL)
    assert Replay(tmp_path / "talk").left == 3


@in_loop
async def test_a_recording_is_never_written_over(tmp_path: Path) -> None:
    await a_talk(tmp_path / "talk")
    with pytest.raises(RecordingError, match="is there already"):
        Recorder(Script(), tmp_path / "talk")
    assert (tmp_path / "talk").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("", "no recording"),
        ('{"kind": "header", "version": 9, "model": "m"}\n', "format 9"),
        ('{"kind": "header", "version": 1, "model": "m"}\n[]\n', "line 2: is no exchange"),
        ('{"kind": "header", "version": 1, "model": "m"}\n{"kind": "tool"}\n', "line 2"),
    ],
)
def test_a_file_that_is_no_recording_is_refused(tmp_path: Path, content: str, why: str) -> None:
    (tmp_path / "talk").write_text(content)
    with pytest.raises(RecordingError, match=why):
        Replay(tmp_path / "talk")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match=r"cannot read the recording .*: No such file"):
        Replay(tmp_path / "nothing")


@in_loop
async def test_kubectl_says_and_refuses_the_same_again(tmp_path: Path) -> None:
    program = tmp_path / "kubectl"
    program.write_text("#!/bin/sh\necho 'no resources found'\n")
    program.chmod(0o755)
    with Recorder(Script(), tmp_path / "talk") as recorder:
        kubectl = RecordedKubectl(Kubectl(program, tmp_path / "kubeconfig"), recorder)
        first = await kubectl.within("shop").run("get pods")
        with pytest.raises(RefusedCommandError) as refused:
            await kubectl.run("delete pod web")
        program.unlink()
        with pytest.raises(ClusterError):
            await kubectl.run("get nodes")
    replay = ReplayedKubectl(Replay(tmp_path / "talk"))
    assert await replay.within("shop").run("get pods") == first
    with pytest.raises(RefusedCommandError, match=re.escape(str(refused.value))):
        await replay.run("delete pod web")
    with pytest.raises(ClusterError, match="does not start"):
        await replay.run("get nodes")
    with pytest.raises(ReplayMismatchError, match="no answer of tool kubectl is left"):
        await replay.run("get pods")
