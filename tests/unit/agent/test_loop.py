import asyncio

import pytest

from podiatrist.agent.asking import numbered
from podiatrist.agent.limits import LimitReachedError, Limits
from podiatrist.agent.loop import Agent
from podiatrist.agent.messages import Call, Reply
from podiatrist.agent.tool import Arguments, Tool
from tests.fakemodel import FakeModel, call, calls, say
from tests.unit.agent.fake_talk import model_at, talk

WELL = say("All is well.")


def test_it_asks_does_and_tells_until_there_is_an_answer() -> None:
    script = [call("kubectl", command="get pods"), call("kubectl", command="logs web"), WELL]
    with FakeModel(script) as fake:
        done = talk(fake.url)
    assert [m.role for m in done.messages] == [
        *("system", "user", "assistant", "tool", "assistant", "tool", "assistant"),
    ]
    assert done.observations == ["output of get pods", "output of logs web"]
    assert done.answer == done.messages[-1].content == "All is well."


def test_a_conversation_goes_on_with_what_was_said() -> None:
    with FakeModel([say("Fine."), say("As I said.")]) as fake:
        done = talk(fake.url, task="how is web?")
        assert asyncio.run(done.agent.run("sure?")) == "As I said."
    assert [m["content"] for m in fake.requests[1]["messages"][1:]] == [
        *("how is web?", "Fine.", "sure?"),
    ]


def test_in_the_next_run_the_same_may_be_asked_again() -> None:
    looks = call("kubectl", command="get pods")
    with FakeModel([looks, WELL, looks, WELL]) as fake:
        done = talk(fake.url)
        asyncio.run(done.agent.run("and now?"))
    assert done.cluster.asked == ["get pods", "get pods"]


def test_mistakes_in_a_row_end_the_run_and_a_good_call_forgives_them() -> None:
    wrong = call("shell", command="ls")
    new = [call("kubectl", command=f"get {n}") for n in "abcd"]
    with FakeModel([wrong, wrong, new[0], wrong, wrong, new[1], WELL]) as fake:
        assert talk(fake.url, limits=Limits(mistakes=2)).answer == "All is well."
    with FakeModel([wrong, wrong, wrong, WELL]) as fake:
        done = talk(fake.url, limits=Limits(mistakes=2))
    assert str(done.error) == "3 refused calls in a row"


def test_who_only_repeats_himself_may_be_stopped_sooner() -> None:
    again, other = call("kubectl", command="get a"), call("kubectl", command="get b")
    with FakeModel([again, again, other, again, again, WELL]) as fake:
        done = talk(fake.url, limits=Limits(repeats=1))
    assert str(done.error) == "it asks what it asked before"
    assert done.cluster.asked == ["get a", "get b"]


def test_no_tool_is_begun_when_the_time_is_over() -> None:
    seconds = 0.0

    async def slow(_: Arguments) -> str:
        nonlocal seconds
        seconds += 50
        return "done"

    tools = [Tool("slow", "Takes long.", Arguments, slow, repeatable=True)]
    with FakeModel([calls(("slow", "{}"), ("slow", "{}"), ("slow", "{}")), WELL]) as fake:
        agent = Agent(
            model_at(fake.url), tools, "Prompt.", Limits(seconds=100), clock=lambda: seconds
        )
        with pytest.raises(LimitReachedError, match="100 seconds are over"):
            asyncio.run(agent.run("go"))
        assert seconds == 100
        seconds = 99  # what is kept for the last answer
        assert asyncio.run(agent.conclude("say what you know")).text == "All is well."


def test_every_call_is_answered_before_the_run_ends() -> None:
    wrong = [("shell", "{}")] * 6
    with FakeModel([calls(*wrong), WELL]) as fake:
        done = talk(fake.url, limits=Limits(mistakes=2))
        reply = asyncio.run(done.agent.conclude("say what you know"))
    assert isinstance(done.error, LimitReachedError)
    assert reply.text == "All is well."
    sent = fake.requests[1]["messages"]
    asked = [c["id"] for m in sent for c in m.get("tool_calls", [])]
    assert asked == [m["tool_call_id"] for m in sent if m["role"] == "tool"]


def test_a_tool_can_end_the_run_and_what_it_cut_off_is_answered_later() -> None:
    class Stop(Exception): ...  # noqa: N818 - it is no error

    async def stop(_: Arguments) -> str:
        raise Stop

    tools = [Tool("stop", "Ends it.", Arguments, stop)]
    with FakeModel([calls(("stop", "{}"), ("stop", "{}")), WELL]) as fake:
        agent = Agent(model_at(fake.url), tools, "Prompt.")
        with pytest.raises(Stop):
            asyncio.run(agent.run("stop"))
        assert asyncio.run(agent.run("go on")) == "All is well."
    answers = [m["content"] for m in fake.requests[1]["messages"] if m["role"] == "tool"]
    assert answers == ["not run", "not run"]


def test_the_last_answer_is_asked_for_with_the_prompt_shortened_to_what_is_left() -> None:
    async def see(_: Arguments) -> str:
        return "line\n" * 4000

    tools = [Tool("see", "Shows a lot.", Arguments, see)]
    with FakeModel([call("see"), WELL]) as fake:
        agent = Agent(model_at(fake.url), tools, "Prompt.", Limits(tokens=16_000))

        async def story() -> str:
            with pytest.raises(LimitReachedError, match="could pass 16000 tokens"):
                await agent.run("why?")
            return (await agent.conclude("say what you know")).text

        assert asyncio.run(story()) == "All is well."
    assert "characters left out" in fake.requests[1]["messages"][3]["content"]
    assert len(agent.messages[3].content) == 20_000  # the conversation itself stays whole


def test_ids_tell_the_step_and_the_call() -> None:
    reply = Reply("", tuple(Call("x", "kubectl", str(n)) for n in range(20)))
    assert [c.id for c in numbered(reply, 3, 2).calls] == ["call-3-1", "call-3-2"]
