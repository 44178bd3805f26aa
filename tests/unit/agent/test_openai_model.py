import asyncio
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pydantic import SecretStr, ValidationError

from podiatrist.agent.messages import TokenCount, user
from podiatrist.agent.model import (
    BrokenAnswerError,
    MisconfiguredModelError,
    Model,
    PromptTooLongError,
    UnreachableModelError,
)
from podiatrist.agent.models.answer import Answer
from podiatrist.agent.models.cost import cost
from podiatrist.agent.models.make_model import make_model
from podiatrist.agent.models.settings import ModelSettings
from podiatrist.agent.models.thinking import Spoken
from tests.fakemodel import FakeModel, Play, call, calls, hang, say, status, without
from tests.unit.agent.fake_talk import Cluster, Tools, model_at, talk

WELL = say("All is well, **really**.")
LOOKS = call("kubectl", command="get pods -n shop")


@pytest.mark.parametrize("watched", [True, False], ids=["streams", "in one piece"])
def test_it_looks_and_answers(watched: bool) -> None:
    with FakeModel([LOOKS, WELL]) as fake:
        done = talk(fake.url, watched=watched)
    assert done.answer == "All is well, **really**."
    assert done.cluster.asked == ["get pods -n shop"]
    assert done.screen.shown == ("All is well, **really**." if watched else "")
    assert done.agent.meter.steps == 2
    told = done.agent.meter.tokens
    assert 0 < told.completion < 50 < told.prompt  # as the endpoint counted


def test_the_endpoint_gets_role_content_and_calls_and_nothing_else() -> None:
    with FakeModel([LOOKS, WELL]) as fake:
        talk(fake.url)
    first, second = fake.requests
    assert first["messages"] == [
        {"role": "system", "content": "You look after pods."},
        {"role": "user", "content": "why is web down?"},
    ]
    function = {"name": "kubectl", "arguments": '{"command": "get pods -n shop"}'}
    assert second["messages"][2:] == [
        {
            "role": "assistant",
            "content": "",
            "tool_calls": [{"id": "call-0-1", "type": "function", "function": function}],
        },
        {
            "role": "tool",
            "content": "output of get pods -n shop",
            "tool_call_id": "call-0-1",
        },
    ]
    assert (first["model"], first["temperature"], first["max_tokens"]) == ("fake", 0, 1024)
    assert "tool_choice" not in first


def test_the_last_answer_has_to_call_the_one_tool_it_is_given() -> None:
    with FakeModel([call("report", cause="image")]) as fake:
        done = talk(fake.url)  # the endpoint repeats itself: the run ends at its limit
        asyncio.run(done.agent.conclude("report now", must_call="report"))
    last = fake.requests[-1]
    assert [t["function"]["name"] for t in last["tools"]] == ["report"]
    assert last["tool_choice"] == "required"


@pytest.mark.parametrize("parameter", ["temperature", "stream_options", "max_tokens"])
def test_an_unknown_parameter_is_left_out_from_then_on(parameter: str) -> None:
    with FakeModel([without(parameter, LOOKS), without(parameter, WELL)]) as fake:
        fake.script = lambda asked: without(
            parameter, WELL if len(asked["messages"]) > 2 else LOOKS
        )
        done = talk(fake.url)
    assert done.answer == "All is well, **really**."
    assert [parameter in r for r in fake.requests] == [True, False, False]
    if parameter == "max_tokens":
        assert fake.requests[-1]["max_completion_tokens"] == 1024


def test_an_endpoint_that_cannot_choose_tools_is_not_told_to() -> None:
    told = '"required" tool choice is not supported'
    report = call("report", cause="image")
    with FakeModel(lambda _: without("tool_choice", report, told)) as fake:
        done = talk(fake.url)
        reply = asyncio.run(done.agent.conclude("report now", must_call="report"))
    assert reply.calls[0].tool == "report"
    assert "tools" in fake.requests[-1]


@pytest.mark.parametrize(
    "told",
    [
        "fake does not support tools",
        "tools param requires --jinja flag",
        '"auto" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set',
        "Unrecognized request argument supplied: tools",
    ],
)
def test_without_tools_native_says_what_to_set_and_auto_goes_on(told: str) -> None:
    step = say('{"thought": "Done.", "tool": "answer", "text": "All is well."}')
    with FakeModel(lambda _: without("tools", step, told)) as fake:
        assert isinstance(talk(fake.url).error, MisconfiguredModelError)
        assert "PODIATRIST_MODEL_TOOLS" in str(talk(fake.url).error)
        done = talk(fake.url, tools="auto")
    assert done.answer == "All is well."
    assert done.screen.shown == "All is well."


@pytest.mark.parametrize(
    "text",
    [
        '{"name": "kubectl", "arguments": {"command": "get pods"}}',
        '```json\n{\n  "name": "kubectl",\n  "arguments": {"command": "get pods"}\n}\n```',
        '<tool_call>\n{"name": "kubectl", "arguments": {"command": "get pods"}}\n</tool_call>',
        '<think>hm</think>{"name": "kubectl", "parameters": {"command": "get pods"}}',
        '[{"function": {"name": "kubectl", "arguments": "{\\"command\\": \\"get pods\\"}"}}]',
        '{"tool": "kubectl", "command": "get pods"}',
    ],
)
def test_auto_sees_a_call_written_as_text_and_asks_for_steps_from_then_on(text: str) -> None:
    step = say('{"thought": "Done.", "tool": "answer", "text": "All is well."}')
    with FakeModel([say(text), step]) as fake:
        done = talk(fake.url, tools="auto")
    assert done.cluster.asked == ["get pods"]
    assert done.answer == "All is well."
    assert done.screen.shown == "All is well."  # the call was not shown as text
    assert ["tools" in r for r in fake.requests] == [True, False]
    assert fake.requests[1]["response_format"]["type"] == "json_schema"


@pytest.mark.parametrize(
    "text",
    [
        'Write {"name": "kubectl", "arguments": {"command": "get pods"}} to see them.',
        '{"name": "shell", "arguments": {"command": "ls"}}',
        '{"replicas": 3}',
        '{"name": "kubectl", "argum',
        "```\nkubectl get pods\n```",
        "[1, 2]",
    ],
)
def test_json_that_is_no_call_of_ours_is_an_answer(text: str) -> None:
    with FakeModel([say(text)]) as fake:
        done = talk(fake.url, tools="auto")
    assert done.answer == text
    assert done.screen.shown == text
    assert done.cluster.asked == []


def test_auto_asks_for_a_step_where_a_call_had_to_come_and_none_came() -> None:
    def script(asked: dict[str, object]) -> Play:
        if "tools" in asked:
            return say("I would rather talk.")
        return say('{"thought": "x", "tool": "report", "arguments": {"cause": "image"}}')

    with FakeModel(script) as fake:
        done = talk(fake.url, tools="auto")
        reply = asyncio.run(done.agent.conclude("report now", must_call="report"))
    assert [c.tool for c in reply.calls] == ["report"]


REPORTS = say('{"thought": "x", "tool": "report", "arguments": {"cause": "image"}}')


def misses(asked: dict[str, object]) -> Play:
    if "tools" not in asked:
        return REPORTS
    return say("I would rather talk.") if "tool_choice" in asked else LOOKS


async def has_to_report(model: Model, task: str) -> None:
    with pytest.raises(BrokenAnswerError, match="was told to call a tool and did not"):
        await model.complete([user(task)], Cluster().tools, must_call=True)
    reply = await model.complete([user(task)], Cluster().tools, must_call=True)
    assert [c.tool for c in reply.calls] == ["report"]


def test_a_call_that_did_not_come_once_says_little_and_twice_in_a_row_all() -> None:
    async def story(model: Model) -> None:
        for task in ("report now", "report again"):
            await has_to_report(model, task)  # the second time by a step
            await model.complete([user("go on")], Cluster().tools)
            assert "tools" in fake.requests[-1]
        await has_to_report(model, "report this")
        await has_to_report(model, "report that")
        await model.complete([user("go on")], Cluster().tools)
        assert "tools" not in fake.requests[-1]

    with FakeModel(misses) as fake:
        asyncio.run(story(model_at(fake.url, "auto")))


@pytest.mark.parametrize("watched", [True, False])
@pytest.mark.parametrize("tools", ["native", "auto"])
@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("<think>The image is wrong, I think.</think>\n\nIt is the image.", "It is the image."),
        ("\n<think>\nHm. </think> <b>It</b> is", "<b>It</b> is"),
        ("<think>Hm.</think>\n<think>Hm?</think>\nIt is", "It is"),
        ("Write <think> and </think> around it.", "Write <think> and </think> around it."),
        ("<thin air>", "<thin air>"),
        (" <thi", " <thi"),
    ],
)
def test_what_a_model_thinks_aloud_is_not_its_answer(
    text: str, shown: str, tools: Tools, watched: bool
) -> None:
    with FakeModel([say(text)]) as fake:
        done = talk(fake.url, tools=tools, watched=watched)
    assert done.answer == shown
    assert done.screen.shown == (shown if watched else "")


@given(
    thought=st.text(st.sampled_from("<think>/ x")).filter(lambda t: "</think>" not in t),
    said=st.text(st.sampled_from("<think>/ x"), min_size=1),
    cuts=st.lists(st.integers(0, 60)),
)
def test_thinking_is_left_out_however_its_pieces_are_cut(
    thought: str, said: str, cuts: list[int]
) -> None:
    assume(not said.lstrip().startswith("<think>"))
    whole = f"<think>{thought}</think>{said}"
    ends = [0, *sorted(c for c in cuts if c < len(whole)), len(whole)]
    spoken = Spoken()
    shown = "".join(spoken.add(whole[a:b]) for a, b in pairwise(ends)) + spoken.end()
    assert shown == whole.partition("</think>")[2].lstrip()


def test_an_answer_that_is_all_thinking_is_empty() -> None:
    with FakeModel([say("<think>Hm, the image", finish="length")]) as fake:
        done = talk(fake.url)
    assert "cut off before its first word" in str(done.error)
    assert "image" not in done.screen.shown


def test_a_complaint_about_a_message_is_no_refusal_of_tools() -> None:
    told = "messages with role 'tool' must be a response to a message with 'tool_calls'"
    with FakeModel([status(400, told, param="messages.[3].role")]) as fake:
        done = talk(fake.url, tools="auto")
    assert told in str(done.error)
    assert len(fake.requests) == 1


def test_what_a_model_says_beside_its_calls_is_shown() -> None:
    with FakeModel([replace(LOOKS, text="[1] I look. "), WELL]) as fake:
        done = talk(fake.url, tools="auto")
    assert done.screen.shown == "[1] I look. All is well, **really**."


def test_arguments_that_come_as_an_object_are_taken() -> None:
    odd = calls(("kubectl", ""))
    odd.calls[0]["function"]["arguments"] = {"command": "get pods"}
    with FakeModel([odd, WELL]) as fake:
        done = talk(fake.url, watched=False)
    assert done.cluster.asked == ["get pods"]


def test_calls_that_all_have_index_0_are_told_apart_by_their_ids() -> None:
    answer = Answer()
    for id_, arguments in [("a", '{"command": '), ("a", '"get a"}'), ("b", "{}"), (None, " ")]:
        function = {"name": "kubectl", "arguments": arguments}
        piece = {"index": 0, "id": id_, "function": function}
        answer.add({"choices": [{"delta": {"tool_calls": [piece]}}]})
    assert [c.arguments for c in answer.reply().calls] == ['{"command": "get a"}', "{} "]


def test_half_a_surrogate_pair_can_be_sent_on() -> None:
    answer = Answer()
    answer.add({"choices": [{"message": {"content": "fine \ud83d"}}]})
    assert answer.reply().text.encode() == b"fine ?"


def test_who_stops_the_run_stops_the_request() -> None:
    async def story(url: str) -> None:
        asking = asyncio.create_task(model_at(url).complete([], Cluster().tools))
        await asyncio.sleep(0.2)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking

    with FakeModel([hang]) as fake:
        asyncio.run(story(fake.url))


@pytest.mark.parametrize("tools", ["auto", "native", "schema"])
def test_one_model_answers_many_at_once(tools: Tools) -> None:
    async def story(url: str) -> list[str]:
        model = model_at(url, tools)
        asked = [model.complete([], []) for _ in range(10)]
        return [r.text for r in await asyncio.gather(*asked)]

    with FakeModel([WELL]) as fake:
        assert asyncio.run(story(fake.url)) == ["All is well, **really**."] * 10


def test_without_a_name_there_is_no_model() -> None:
    assert make_model(ModelSettings(model="")) is None
    assert make_model(ModelSettings(model="  ")) is None


def test_a_url_without_a_name_is_a_model_that_somebody_forgot_to_name() -> None:
    with pytest.raises(ValidationError, match="name the model in PODIATRIST_MODEL too"):
        ModelSettings(model_url="http://ollama.ai-tools:11434/v1")
    assert make_model(ModelSettings(model_url="https://api.openai.com/v1/")) is None


def test_a_price_may_be_left_empty_and_is_a_number_else() -> None:
    empty = ModelSettings.model_validate({"price_prompt": "", "price_completion": " "})
    assert (empty.price_prompt, empty.price_completion) == (None, None)
    with pytest.raises(ValidationError, match="valid number"):
        ModelSettings.model_validate({"price_prompt": "cheap"})


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "MODEL": "qwen",
        "MODEL_URL": "http://ollama.ai-tools:11434/v1/",
        "MODEL_KEY": "sk-1\n",
        "MODEL_TOOLS": "schema",
        "MODEL_TIMEOUT": "30",
        "PRICE_PROMPT": "0.5",
    }.items():
        monkeypatch.setenv(f"PODIATRIST_{name}", value)
    settings = ModelSettings()
    assert settings.model_url == "http://ollama.ai-tools:11434/v1"
    assert settings.model_key.get_secret_value() == "sk-1"
    assert (settings.model_timeout, settings.price_prompt) == (30, 0.5)


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"model_url": "api.openai.com/v1"}, "needs a URL such as https://api.openai.com/v1"),
        ({"model_url": "ftp://x/v1"}, "needs a URL"),
        ({"model_url": "https://u:secret-1@x/v1"}, "the key is PODIATRIST_MODEL_KEY"),
        ({"model_url": "http://x/v1/chat/completions"}, "leave /chat/completions off"),
        ({"model": "", "model_url": "http://x/v1"}, "name the model in PODIATRIST_MODEL"),
        ({"model_key": "secret-1 and more"}, "holds what no key holds"),
        ({"model_key": "secret-1\nX-Other: 1"}, "holds what no key holds"),
        ({"model_key": "secret-1ä"}, "holds what no key holds"),
        ({"model_tools": "magic"}, "'auto', 'native' or 'schema'"),
        ({"model_timeout": 0}, "greater than 0"),
        ({"price_prompt": -1}, "greater than or equal to 0"),
    ],
)
def test_a_wrong_setting_is_told_without_the_key(wrong: dict[str, object], told: str) -> None:
    given = {"model": "fake", "model_key": "secret-1", **wrong}
    with pytest.raises(ValidationError) as error:
        ModelSettings.model_validate(given)
    assert told in str(error.value)
    assert "secret-1" not in str(error.value)


def test_money_is_told_where_prices_are_configured() -> None:
    tokens = TokenCount(200_000, 10_000)
    free = ModelSettings(model="fake")
    paid = ModelSettings(model="fake", price_prompt=0.15, price_completion=0.6)
    assert cost(tokens, free) is None
    assert cost(tokens, paid) == "0.0360"
    assert cost(tokens, ModelSettings(model="fake", price_completion=1)) == "0.0100"
    assert cost(TokenCount(), paid) == "0.0000"


def test_a_key_does_not_show_in_the_settings() -> None:
    assert "sk-1" not in repr(ModelSettings(model="fake", model_key=SecretStr("sk-1")))


def test_a_busy_endpoint_that_says_when_is_asked_then() -> None:
    with FakeModel([status(429, headers={"Retry-After": "0.02"}), WELL]) as fake:
        assert talk(fake.url).answer == "All is well, **really**."
    assert len(fake.requests) == 2


@pytest.mark.parametrize(
    ("number", "told", "error"),
    [
        (
            400,
            "request (17030 tokens) exceeds the available context size (16384 tokens)",
            PromptTooLongError,
        ),
        (400, "This model's maximum context length is 8192 tokens.", PromptTooLongError),
        (400, "prompt is too long: 210000 tokens > 200000 maximum", PromptTooLongError),
        (413, "Payload Too Large", PromptTooLongError),
        (503, "Loading model", UnreachableModelError),
        (404, 'model "fake" not found, try pulling it first', MisconfiguredModelError),
        (400, "Invalid value for messages", MisconfiguredModelError),
    ],
)
def test_what_endpoints_say_is_understood(number: int, told: str, error: type[Exception]) -> None:
    with FakeModel([status(number, told)]) as fake:
        assert type(talk(fake.url).error) is error
