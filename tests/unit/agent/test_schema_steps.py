import asyncio
import json
from typing import Any, Literal

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field

from podiatrist.agent.messages import Call, Message, observation, system, user
from podiatrist.agent.models.schema_steps import rendered
from podiatrist.agent.models.step_schema import described, step_schema
from podiatrist.agent.models.step_text import AnswerText, Step, calls_in, parse_step
from podiatrist.agent.schemas import inlined, shape
from podiatrist.agent.tool import Arguments, Tool
from tests.fakemodel import FakeModel, Play, calls, refusal, say, without
from tests.unit.agent.fake_talk import Cluster, Tools, model_at, talk


def step(**fields: Any) -> str:
    return json.dumps({"thought": "Let me see.", **fields})


async def no_answer(_: Arguments) -> str:
    return ""


LOOKS = say(step(tool="kubectl", arguments={"command": "get pods -n shop"}))
ANSWERS = say(step(tool="answer", text='It is "web": **down**\n- no image'))


@pytest.mark.parametrize("watched", [True, False], ids=["streams", "in one piece"])
def test_it_looks_and_answers_in_steps(watched: bool) -> None:
    with FakeModel([LOOKS, ANSWERS]) as fake:
        done = talk(fake.url, tools="schema", watched=watched)
    assert done.cluster.asked == ["get pods -n shop"]
    assert done.answer == 'It is "web": **down**\n- no image'
    assert done.screen.shown == (done.answer if watched else "")


def test_the_model_reads_its_own_steps_and_what_came_of_them() -> None:
    with FakeModel([LOOKS, ANSWERS]) as fake:
        talk(fake.url, tools="schema")
    roles = [m["role"] for m in fake.requests[1]["messages"]]
    contents = [m["content"] for m in fake.requests[1]["messages"]]
    assert roles == ["system", "user", "assistant", "user"]
    assert contents[0].startswith("You look after pods.\n\nEach of your messages is one step")
    assert json.loads(contents[2]) == json.loads(LOOKS.text)
    assert contents[3] == "output of get pods -n shop"


def test_an_answer_is_held_to_the_tools_there_are() -> None:
    with FakeModel([ANSWERS]) as fake:
        done = talk(fake.url, tools="schema")
        asyncio.run(done.agent.conclude("report now", must_call="report"))
    first, last = (r["response_format"]["json_schema"]["schema"] for r in fake.requests)
    assert [s["properties"]["tool"]["const"] for s in first["anyOf"]] == [
        "kubectl",
        "report",
        "answer",
    ]
    assert last["properties"]["tool"]["const"] == "report"


def test_the_prompt_keeps_its_tools_when_the_last_answer_may_use_only_one() -> None:
    with FakeModel([ANSWERS]) as fake:
        done = talk(fake.url, tools="schema")
        asyncio.run(done.agent.conclude("report now", must_call="report"))
        asyncio.run(done.agent.conclude("in words"))
    prompts = {r["messages"][0]["content"] for r in fake.requests}
    assert len(prompts) == 1


def test_what_one_conversation_may_ask_for_is_not_told_to_another() -> None:
    with FakeModel([ANSWERS]) as fake:
        model = model_at(fake.url, tools="schema")
        for name in ("payroll", "web"):
            tool = Tool(f"look_at_{name}", "Looks.", Arguments, no_answer)
            asyncio.run(model.complete([system("same"), user(name)], [tool]))
        # and the first one goes on as it began
        asyncio.run(model.complete([system("same"), user("payroll")], []))
    prompts = [r["messages"][0]["content"] for r in fake.requests]
    assert "payroll" in prompts[0]
    assert "payroll" not in prompts[1]
    assert prompts[2] == prompts[0]


def test_without_schemas_it_asks_for_json_and_then_for_text() -> None:
    def script(asked: dict[str, Any]) -> Play:
        wanted = asked.get("response_format", {}).get("type")
        if wanted == "json_schema" or (wanted == "json_object" and "json_object" in refused):
            return without("response_format", ANSWERS, f"response_format {wanted} is unknown")
        return ANSWERS

    refused: set[str] = set()
    with FakeModel(script) as fake:
        assert talk(fake.url, tools="schema").error is None
    assert [r["response_format"]["type"] for r in fake.requests] == ["json_schema", "json_object"]
    refused.add("json_object")
    with FakeModel(script) as fake:
        assert talk(fake.url, tools="schema").error is None
    assert "response_format" not in fake.requests[2]


def test_two_that_are_refused_a_schema_at_once_both_ask_for_json() -> None:
    def script(asked: dict[str, Any]) -> Play:
        return slowly if asked["response_format"]["type"] == "json_schema" else ANSWERS

    async def slowly(_: web.Request, asked: dict[str, Any]) -> web.StreamResponse:
        await asyncio.sleep(0.2)
        return web.json_response({"error": {"message": "no json_schema"}}, status=400)

    async def story(url: str) -> None:
        model = model_at(url, "schema")
        await asyncio.gather(*(model.complete([user("why?")], []) for _ in range(2)))

    with FakeModel(script) as fake:
        asyncio.run(story(fake.url))
    formats = [r["response_format"]["type"] for r in fake.requests]
    assert formats == ["json_schema"] * 2 + ["json_object"] * 2


@pytest.mark.parametrize("tools", ["native", "auto", "schema"])
def test_json_of_any_depth_is_no_harm(tools: Tools) -> None:
    deep = "[" * 50_000
    with FakeModel([calls(("kubectl", deep)), say(deep), ANSWERS]) as fake:
        done = talk(fake.url, tools=tools)
    assert done.error is None
    assert done.observations[0].startswith("refused: wrong arguments")


def test_a_refusal_is_no_step() -> None:
    with FakeModel([refusal("I must not.")]) as fake:
        assert talk(fake.url, tools="schema").answer == "I must not."


def test_an_answer_cut_off_in_its_json_is_kept_as_far_as_it_goes() -> None:
    half = ANSWERS.text[: ANSWERS.text.index("down")]
    with FakeModel([say(half, finish="length")]) as fake:
        done = talk(fake.url, tools="schema")
    assert done.answer == 'It is "web": **'
    assert done.screen.shown == done.answer


def test_a_call_cut_off_in_its_json_is_refused() -> None:
    half = LOOKS.text[: LOOKS.text.index(" -n")]
    with FakeModel([say(half, finish="length"), ANSWERS]) as fake:
        done = talk(fake.url, tools="schema")
    assert done.cluster.asked == []
    assert "wrong arguments for kubectl: Invalid JSON" in done.observations[0]
    assert done.answer is not None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"tool": "kubectl", "arguments": {"a": 1}}', Step("kubectl", '{"a": 1}')),
        ('{"thought": "t", "tool": "answer", "text": "x"}', Step("answer", "x", "t")),
        ('Sure!\n```json\n{"tool": "answer", "text": "x"}\n```\nBye.', Step("answer", "x")),
        ('<think>{"tool": "no"}</think> {"tool": "answer", "text": "x"}', Step("answer", "x")),
        ('{"tool": "kubectl", "command": "get pods"}', Step("kubectl", '{"command": "get pods"}')),
        ('{"name": "kubectl", "arguments": "{}"}', Step("kubectl", "{}")),
        ('{"tool": "answer", "arguments": {"a": 1}}', Step("answer", '{"a": 1}')),
        ('{"tool": 7}', Step("answer", '{"tool": 7}')),
        ("All is well.", Step("answer", "All is well.")),
        ("use {braces} here", Step("answer", "use {braces} here")),
        ("<think>hm", Step("answer", "")),
        ("", Step("answer", "")),
        ("[" * 100_000, Step("answer", "[" * 100_000)),
        ('{"a":' * 100_000, Step("answer", '{"a":' * 100_000)),
        ('{"tool": "answer", "text": "\\ud83d"}', Step("answer", "?")),
    ],
    ids=lambda value: str(value)[:30],
)
def test_steps_are_found_in_whatever_was_written(text: str, expected: Step) -> None:
    assert parse_step(text) == expected


def test_the_bare_arguments_of_the_only_tool_are_a_call_of_it() -> None:
    assert parse_step('{"cause": "image"}', "report") == Step("report", '{"cause": "image"}')
    assert parse_step('{"cause": "image"}') == Step("answer", '{"cause": "image"}')


@given(st.text())
def test_any_text_is_some_step(text: str) -> None:
    assert isinstance(parse_step(text), Step)
    assert calls_in(text, ["kubectl"]) == []


@given(text=st.text(), cuts=st.lists(st.integers(0, 200)), ascii_only=st.booleans())
def test_the_text_of_an_answer_comes_out_while_its_json_comes_in(
    text: str, cuts: list[int], ascii_only: bool
) -> None:
    written = json.dumps(
        {"thought": 'I write "tool": "answer", "text": "no"', "tool": "answer", "text": text},
        ensure_ascii=ascii_only,
    )
    answer = AnswerText()
    shown = ""
    ends = sorted({min(c, len(written)) for c in cuts} | {len(written)})
    begin = 0
    for end in ends:
        shown += answer.add(written[begin:end])
        begin = end
        shown.encode()
    assert shown == text


def test_no_half_character_is_shown() -> None:
    answer = AnswerText()
    assert answer.add('{"tool": "answer", "text": "a\\') == "a"
    assert answer.add("n\\ud83d\\ud") == "\n"
    assert answer.add('e0b"}') == "😋"


class Leaf(BaseModel):
    """A leaf."""

    kind: Literal["leaf"]
    name: str = Field(description="Its name.")
    title: str = "none"


class Tree(BaseModel):
    leaves: list[Leaf]
    other: "Tree | None" = None
    size: Literal["big", "small"] = "big"
    weight: float = 1.0


def test_a_schema_has_no_references_left_even_if_it_refers_to_itself() -> None:
    flat = inlined(Tree.model_json_schema())
    assert "$ref" not in json.dumps(flat)
    assert "$defs" not in flat
    assert flat["properties"]["leaves"]["items"]["properties"]["title"] == {"type": "string"}


def test_a_schema_in_words_is_short() -> None:
    assert shape(Tree.model_json_schema()) == (
        '{"leaves": [{"kind": "leaf", "name": text (Its name.), "title"?: text}, ...], '
        '"other"?: any or null, "size"?: "big" or "small", "weight"?: number}'
    )


def test_the_tools_are_described_once_and_the_same_way() -> None:
    tools = Cluster().tools
    assert described(tools) == described(Cluster().tools)
    assert '"tool": "kubectl", "arguments": {"command": text}' in described(tools)
    assert "Runs kubectl, read-only." in described(tools)


def test_a_tool_that_must_be_called_leaves_no_other_step() -> None:
    only = step_schema(Cluster().tools[1:], must_call=True)
    assert only["properties"]["tool"] == {"const": "report"}
    assert step_schema([], must_call=True)["properties"]["tool"] == {"const": "answer"}


def test_native_calls_of_earlier_are_steps_one_by_one() -> None:
    one, two = Call("1", "kubectl", '{"command": "get a"}'), Call("2", "kubectl", "oops")
    talk = [
        system("Prompt."),
        user("first"),
        user("second"),
        Message("assistant", "both", (one, two)),
        observation(one, "A"),
        observation(two, "B"),
        user("and?"),
        Message("assistant", "Done."),
    ]
    lines = [f"{m['role']}: {m['content']}" for m in rendered(talk, "Tools.")]
    assert lines == [
        "system: Prompt.\n\nTools.",
        "user: first\n\nsecond",
        'assistant: {"thought": "both", "tool": "kubectl", "arguments": {"command": "get a"}}',
        "user: A",
        'assistant: {"thought": "I use kubectl.", "tool": "kubectl", "arguments": "oops"}',
        "user: B\n\nand?",
        'assistant: {"thought": "I know enough.", "tool": "answer", "text": "Done."}',
    ]
