import asyncio
import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import WithJsonSchema, create_model

from podiatrist.agent.limits import LimitReachedError, Limits, Meter
from podiatrist.agent.loop import Agent
from podiatrist.agent.memory import size
from podiatrist.agent.messages import Call, Message, Reply, TokenCount, system, user
from podiatrist.agent.model import BrokenAnswerError, OnText
from podiatrist.agent.tool import Arguments, Tool
from tests.fakemodel import FakeModel, say
from tests.unit.agent.fake_talk import Cluster, Tools, model_at

LAST = "Time is up. Report now what you know."


class Look(Arguments):
    at: str


def look_that_sees(length: int) -> Tool:
    async def run(look: Look) -> str:
        return "ä" * length

    return Tool("look", "Looks at something.", Look, run)


class Greedy:
    """A model that goes on for ever; `part` of the bytes are its tokens."""

    name = "greedy"

    def __init__(self, turns: Sequence[tuple[str, int]], part: float) -> None:
        self.turns = list(turns)
        self.part = part
        self.used = 0
        self.last_word = False

    async def complete(
        self,
        messages: Sequence[Message],
        tools: Sequence[Tool],
        *,
        must_call: bool = False,
        max_tokens: int = 1024,
        on_text: OnText | None = None,
    ) -> Reply:
        kind, said = self.turns.pop(0) if self.turns else ("look", 10)
        offered = sum(len(str(t.schema)) + len(t.description) for t in tools)
        sent = sum(int(size(m) * self.part) for m in messages) + int(offered * self.part)
        received = min(said, max_tokens)
        self.used += sent + received
        if messages[-1].content == LAST:
            self.last_word = True
            return Reply("it is the image", (), TokenCount(sent, received))
        if kind == "breaks":
            raise BrokenAnswerError("its answer broke off")
        told = TokenCount() if kind == "tells nothing" else TokenCount(sent, received)
        arguments = f'{{"at": "{len(self.turns)} {self.used}"}}'
        return Reply("x" * received, (Call("", "look", arguments),), told)


TURN = st.tuples(
    st.sampled_from(["look", "look", "look", "breaks", "tells nothing"]),
    st.integers(0, 2000),
)
PART = st.floats(0.1, 1.0)


@given(
    turns=st.lists(TURN, max_size=12),
    part=PART,
    tokens=st.integers(500, 60_000),
    answer=st.integers(1, 2000),
    sees=st.integers(0, 8000),
    window=st.none() | st.integers(100, 50_000),
)
def test_the_limit_of_tokens_is_never_passed_and_the_last_answer_has_room(
    turns: list[tuple[str, int]],
    part: float,
    tokens: int,
    answer: int,
    sees: int,
    window: int | None,
) -> None:
    model = Greedy(turns, part)
    limits = Limits(steps=12, tokens=tokens, answer=answer, window=window)
    agent = Agent(model, [look_that_sees(sees)], "You look after pods.", limits)

    async def run() -> None:
        with pytest.raises((LimitReachedError, BrokenAnswerError)):
            await agent.run("why is web down?")
        began = agent.meter.steps > 0
        assert model.used <= agent.meter.tokens.total <= tokens
        if agent.meter.steps < limits.steps and began:
            await agent.conclude(LAST)
            assert model.last_word
        assert model.used <= agent.meter.tokens.total <= tokens

    asyncio.run(run())


@given(turns=st.lists(TURN, max_size=12), part=PART, runs=st.integers(2, 3))
def test_each_run_of_a_conversation_has_the_limit_anew(
    turns: list[tuple[str, int]], part: float, runs: int
) -> None:
    model = Greedy(turns, part)
    agent = Agent(model, [look_that_sees(500)], "You look after pods.", Limits(tokens=20_000))

    async def run() -> None:
        for number in range(runs):
            before = model.used
            with pytest.raises((LimitReachedError, BrokenAnswerError)):
                await agent.run(f"question {number}")
            assert model.used - before <= agent.meter.tokens.total <= 20_000

    asyncio.run(run())


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def meter(**limits: Any) -> tuple[Meter, Clock]:
    clock = Clock()
    return Meter(Limits(**limits), clock), clock


TALK = [system("You look after pods."), user("why?")]
WELL = Reply("Well.", tokens=TokenCount(30, 5))


def test_the_last_step_is_kept_for_the_last_answer() -> None:
    counter, _ = meter(steps=2)
    counter.allow(TALK, [])
    counter.count(TALK, [], WELL)
    with pytest.raises(LimitReachedError, match="2 steps are used up"):
        counter.allow(TALK, [])
    counter.allow(TALK, [], final=True)
    counter.count(TALK, [], WELL)
    with pytest.raises(LimitReachedError, match="2 steps are used up"):
        counter.allow(TALK, [], final=True)


def test_a_fifth_of_the_time_is_kept_for_the_last_answer() -> None:
    counter, clock = meter(seconds=100)
    counter.allow(TALK, [])
    clock.now += 80
    with pytest.raises(LimitReachedError, match="100 seconds are over"):
        counter.allow(TALK, [])
    counter.allow(TALK, [], final=True)
    clock.now += 20
    with pytest.raises(LimitReachedError, match="100 seconds are over"):
        counter.allow(TALK, [], final=True)
    assert counter.seconds_left == 0


def test_what_the_endpoint_counted_once_is_not_guessed_again() -> None:
    counter, _ = meter()
    long = [*TALK, user("x" * 10_000)]
    assert counter.most(long, []) > 10_000
    counter.count(long, [], Reply("Well.", tokens=TokenCount(2500, 5)))
    assert counter.most([*long, WELL.message], []) < 3000
    assert counter.next().most(long, []) < 3000


def choice(lines: Sequence[str]) -> Tool:
    chosen = Annotated[str, WithJsonSchema({"type": "string", "enum": list(lines)})]
    arguments = create_model("Choice", __base__=Arguments, at=chosen)
    return replace(look_that_sees(1), arguments=arguments)


def test_a_tool_whose_schema_became_longer_counts_anew() -> None:
    counter, _ = meter()
    counter.count(TALK, [look_that_sees(1)], Reply("Well.", tokens=TokenCount(200, 5)))
    lines = [f"{n} " + "x" * 290 for n in range(12)]
    assert counter.most(TALK, [choice(lines)]) > 205 + 12 * 290
    assert counter.most(TALK, [look_that_sees(1)]) < 2000


def test_a_tool_that_the_last_request_did_not_offer_counts_again() -> None:
    counter, _ = meter()
    tool = choice(["x" * 1000])
    counter.count(TALK, [tool], Reply("Well.", tokens=TokenCount(500, 5)))
    counter.count(TALK, [], Reply("Well.", tokens=TokenCount(30, 5)))
    assert counter.most(TALK, [tool]) > 1000


@pytest.mark.parametrize("tools", ["native", "schema"])
def test_no_request_holds_more_than_was_counted_for_it(tools: Tools) -> None:
    offered = [choice([f"line {n} of what was seen" for n in range(12)]), *Cluster().tools]
    with FakeModel([say('{"tool": "answer", "text": "Well."}')]) as fake:
        model = model_at(fake.url, tools)
        asyncio.run(model.complete(TALK, offered))
        counter, _ = meter()
        most = counter.most(TALK, offered)
        # the last answer: what is not offered any more is still described
        counter.count(TALK, offered, Reply("Well."))
        asyncio.run(model.complete(TALK, offered[:1]))
        last = counter.most(TALK, offered[:1])
    sent = [
        sum(len(m["content"]) for m in r["messages"])
        + len(json.dumps(r.get("tools", "")))
        + len(json.dumps(r.get("response_format", "")))
        for r in fake.requests
    ]
    assert sent[0] <= most
    assert sent[1] <= last


@given(lines=st.lists(st.text(max_size=300), max_size=12), tokens=st.integers(12_000, 30_000))
def test_the_last_answer_has_room_for_lines_to_choose_from(lines: list[str], tokens: int) -> None:
    model = Greedy([], 0.9)
    agent = Agent(model, [look_that_sees(1000)], "You look after pods.", Limits(tokens=tokens))

    async def run() -> None:
        with pytest.raises(LimitReachedError):
            await agent.run("why is web down?")
        agent.tools = [choice(lines)]
        await agent.conclude("Choose:\n" + "\n".join(lines), must_call="look")
        assert model.used <= agent.meter.tokens.total <= tokens

    asyncio.run(run())


def test_a_request_that_nobody_worked_on_costs_a_step_and_no_tokens() -> None:
    counter, _ = meter()
    counter.count_failure(TALK, [], paid=False)
    assert (counter.steps, counter.tokens.total) == (1, 0)
    counter.count_failure(TALK, [], paid=True)
    assert counter.steps == 2
    assert counter.tokens.completion == 1024
