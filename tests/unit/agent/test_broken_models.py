"""A model can fail in many ways; each has its end, and none takes for ever."""

import asyncio
import time
from collections.abc import Callable

import pytest

from podiatrist.agent.asking import ask
from podiatrist.agent.limits import LimitReachedError, Limits, Meter
from podiatrist.agent.messages import user
from podiatrist.agent.model import (
    BrokenAnswerError,
    MisconfiguredModelError,
    PromptTooLongError,
    UnreachableModelError,
)
from podiatrist.agent.models.retry import Patience
from tests.fakemodel import (
    Answer,
    FakeModel,
    Play,
    broken_json,
    call,
    calls,
    cut_stream,
    drip,
    empty,
    hang,
    no_choices,
    nothing_listens,
    refusal,
    say,
    stall,
    status,
    too_long,
    unpriced,
    web_page,
)
from tests.unit.agent.fake_talk import HASTY, KEY, SHORT, Talk, Tools, model_at, talk

SAID = ["system", "user", "assistant", "tool"]
WELL = say("All is well.")

DEAD: list[tuple[str, Play, type[Exception], str]] = [
    ("hangs", hang, UnreachableModelError, "no answer within 1 s; PODIATRIST_MODEL_TIMEOUT"),
    ("overloaded", status(503, "busy"), UnreachableModelError, "says 503: busy (asked 3 times)"),
    ("broken inside", status(500), BrokenAnswerError, "says 500"),
    ("bad gateway", status(502), BrokenAnswerError, "says 502"),
    ("limits the rate", status(429, "slow down"), UnreachableModelError, "says 429: slow down"),
    (
        "wants us back tomorrow",
        status(429, headers={"Retry-After": "86400"}),
        UnreachableModelError,
        "says 429",
    ),
    (
        "wants us back at nonsense",
        status(503, headers={"Retry-After": "soon"}),
        UnreachableModelError,
        "says 503",
    ),
    (
        "has no credit",
        status(429, code="insufficient_quota"),
        MisconfiguredModelError,
        "no credit left",
    ),
    (
        "refuses the key",
        status(401, f"Incorrect API key provided: {KEY}"),
        MisconfiguredModelError,
        "does not take the key (401); look at PODIATRIST_MODEL_KEY",
    ),
    ("forbids", status(403), MisconfiguredModelError, "PODIATRIST_MODEL_KEY"),
    ("knows no such model", status(404), MisconfiguredModelError, "knows no model 'fake'"),
    (
        "redirects",
        status(307, headers={"Location": "http://127.0.0.1:1/"}),
        MisconfiguredModelError,
        "points elsewhere (307)",
    ),
    (
        "refuses and quotes the key",
        status(400, f"what is {KEY}?\nreally"),
        MisconfiguredModelError,
        "what is [key]? really",
    ),
    ("is a web page", web_page, BrokenAnswerError, "look at PODIATRIST_MODEL_URL"),
    ("breaks its JSON off", broken_json, BrokenAnswerError, ""),
    ("has no choices", no_choices, BrokenAnswerError, "empty"),
    ("says nothing", empty(), BrokenAnswerError, "its answer is empty"),
    (
        "thinks until its tokens are gone",
        Answer(finish="length"),
        BrokenAnswerError,
        "cut off before its first word",
    ),
    ("breaks off", cut_stream("I th"), BrokenAnswerError, "no chat completion"),
    ("cuts the connection", cut_stream("I th", rudely=True), BrokenAnswerError, ""),
    ("stalls", stall("I th"), UnreachableModelError, "no answer within 1 s"),
    ("drips for ever", drip("x", 0.05), UnreachableModelError, "no answer within"),
    ("finds every prompt too long", too_long(), PromptTooLongError, "too long for fake"),
]


@pytest.mark.parametrize("tools", ["native", "schema", "auto"])
@pytest.mark.parametrize(
    ("play", "error", "told"),
    [case[1:] for case in DEAD],
    ids=[case[0] for case in DEAD],
)
def test_a_dead_endpoint_ends_the_run_with_a_reason(
    play: Play, error: type[Exception], told: str, tools: Tools
) -> None:
    began = time.monotonic()
    waits = "no answer within" in told
    with FakeModel([play]) as fake:
        done = talk(fake.url, tools=tools, patience=HASTY if waits else SHORT)
    assert type(done.error) is error
    assert told in str(done.error)
    assert KEY not in repr(done.error)
    assert time.monotonic() - began < 15


def test_nobody_listens() -> None:
    url = nothing_listens()
    done = talk(url)
    assert isinstance(done.error, UnreachableModelError)
    assert str(done.error).startswith(f"cannot connect to {url}")
    assert done.agent.meter.tokens.total == 0


@pytest.mark.parametrize(
    "play",
    [
        status(503),
        status(500),
        status(429, headers={"Retry-After": "1"}),
        empty(),
        broken_json,
        no_choices,
        web_page,
        cut_stream("I th"),
        cut_stream("I th", rudely=True),
        stall("I th"),
    ],
)
def test_what_fails_once_is_asked_again(play: Play) -> None:
    with FakeModel([play, WELL]) as fake:
        done = talk(fake.url)
    assert done.answer == "All is well."
    assert done.screen.shown.endswith("All is well.")


def test_after_a_stream_broke_off_the_answer_comes_in_one_piece() -> None:
    with FakeModel([cut_stream("I th"), WELL, WELL]) as fake:
        done = talk(fake.url)
        talk(fake.url)
    assert [r.get("stream", False) for r in fake.requests] == [True, False, True]
    assert "(the answer broke off; asking again)" in done.screen.shown


def test_an_endpoint_that_floods_is_cut_off() -> None:
    with FakeModel([drip("x" * 100_000, 0)]) as fake:
        done = talk(fake.url)
    assert done.answer is not None
    assert done.screen.replies[0].finish == "length"
    assert len(done.answer) < 1024 * 64 + 100_001


def test_what_broke_off_is_paid_for() -> None:
    with FakeModel([cut_stream("I th"), WELL]) as broken, FakeModel([WELL]) as sound:
        paid = talk(broken.url).agent.meter
        once = talk(sound.url).agent.meter
    assert paid.steps == 2
    assert paid.tokens.total > once.tokens.total + 1024


@pytest.mark.parametrize("number", [408, 500, 502, 504])
def test_a_failure_that_may_come_late_is_paid_for_each_time(number: int) -> None:
    with FakeModel([status(number)]) as fake:
        done = talk(fake.url)
    assert len(fake.requests) == done.agent.meter.steps == 3
    assert done.agent.meter.tokens.completion == 3 * 1024


@pytest.mark.parametrize("number", [429, 503])
def test_a_request_that_was_not_taken_is_not_paid_for(number: int) -> None:
    with FakeModel([status(number)]) as fake:
        done = talk(fake.url)
    assert len(fake.requests) == 3
    assert (done.agent.meter.steps, done.agent.meter.tokens.total) == (1, 0)


def test_before_it_asks_again_it_waits_as_long_as_the_endpoint_wants() -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    async def story(url: str) -> None:
        model = model_at(url, patience=Patience(longest_wait=5))
        meter = Meter(Limits(), time.monotonic)
        await ask(model, [user("why?")], [], meter, sleep=sleep)

    with FakeModel([status(502, headers={"Retry-After": "3"}), WELL]) as fake:
        asyncio.run(story(fake.url))
    assert slept == [3]


def test_failing_requests_never_pass_the_limit() -> None:
    with FakeModel([status(500)]) as fake:
        done = talk(fake.url, limits=Limits(tokens=12_000, answer=2000))
    assert isinstance(done.error, LimitReachedError)
    assert done.agent.meter.tokens.total <= 12_000


def test_an_endpoint_that_does_not_count_is_charged_the_most() -> None:
    with FakeModel([unpriced(WELL)]) as fake:
        done = talk(fake.url)
    assert done.answer == "All is well."
    assert done.agent.meter.tokens.completion == 1024
    assert done.agent.meter.tokens.prompt > 100


@pytest.mark.parametrize(
    "usage",
    [{"prompt_tokens": -5, "completion_tokens": 1}, {"total": "many"}, {"prompt_tokens": 1}],
)
def test_nonsense_for_usage_is_none(usage: dict[str, object]) -> None:
    with FakeModel([Answer("All is well.", usage=usage)]) as fake:
        assert talk(fake.url).agent.meter.tokens.completion == 1024


@pytest.mark.parametrize("watched", [True, False])
def test_a_refusal_is_an_answer(watched: bool) -> None:
    with FakeModel([refusal("I must not.")]) as fake:
        assert talk(fake.url, watched=watched).answer == "I must not."


def test_a_filter_before_the_model_is_a_refusal() -> None:
    with FakeModel([status(400, "filtered", code="content_filter")]) as fake:
        done = talk(fake.url)
    assert done.screen.replies[0].finish == "refusal"


def test_an_answer_that_was_cut_off_says_so() -> None:
    with FakeModel([say("It is bec", finish="length")]) as fake:
        done = talk(fake.url)
    assert done.answer == "It is bec"
    assert done.screen.replies[0].finish == "length"


def test_of_500_calls_at_once_8_are_made() -> None:
    many = calls(*(("kubectl", f'{{"command": "get pod web-{n}"}}') for n in range(500)))
    with FakeModel([many, WELL]) as fake:
        done = talk(fake.url)
    assert len(done.cluster.asked) == 8
    assert done.answer == "All is well."
    assert len(fake.requests[1]["messages"][2]["tool_calls"]) == 8


@pytest.mark.parametrize("ids", [["", "", ""], ["a", "a", "a"]])
def test_ids_are_ours_whatever_the_model_writes(ids: list[str]) -> None:
    three = calls(*(("kubectl", f'{{"command": "get pod {n}"}}') for n in "abc"), ids=ids)
    with FakeModel([three, WELL]) as fake:
        done = talk(fake.url)
    echoed = fake.requests[1]["messages"]
    assert done.cluster.asked == ["get pod a", "get pod b", "get pod c"]
    assert [c["id"] for c in echoed[2]["tool_calls"]] == ["call-0-1", "call-0-2", "call-0-3"]
    assert [m["tool_call_id"] for m in echoed[3:]] == ["call-0-1", "call-0-2", "call-0-3"]


@pytest.mark.parametrize(
    ("wanted", "told"),
    [
        (("shell", '{"command": "ls"}'), "there is no tool 'shell'; the tools are: kubectl"),
        (("", "{}"), "there is no tool ''"),
        (("kubectl", "get pods"), "wrong arguments for kubectl: Invalid JSON"),
        (("kubectl", '{"command": "get po'), "wrong arguments for kubectl: Invalid JSON"),
        (("kubectl", '{"command": 5}'), "command: Input should be a valid string"),
        (("kubectl", '["get pods"]'), "wrong arguments for kubectl"),
        (("kubectl", ""), "command: Field required"),
        (("kubectl", '{"command": "get pods", "sudo": true}'), "sudo: Extra inputs"),
        (("kubectl", '{"command": "delete pod web"}'), "only reading"),
    ],
)
def test_a_wrong_call_is_told_what_is_wrong(wanted: tuple[str, str], told: str) -> None:
    with FakeModel([calls(wanted), WELL]) as fake:
        done = talk(fake.url)
    assert done.answer == "All is well."
    assert done.observations[0].startswith("refused: ")
    assert told in done.observations[0]


def test_what_the_endpoint_gets_back_is_always_json_and_a_name() -> None:
    with FakeModel([calls(("get pods!", "not json")), WELL]) as fake:
        talk(fake.url)
    function = fake.requests[1]["messages"][2]["tool_calls"][0]["function"]
    assert function == {"name": "get_pods_", "arguments": '{"malformed": "not json"}'}


def repeats() -> Callable[[dict[str, object]], Play]:
    return lambda _: call("kubectl", command="get pods")


def swings() -> Callable[[dict[str, object]], Play]:
    turn = iter(range(1000))
    return lambda _: call("kubectl", command=("get pods", "get nodes")[next(turn) % 2])


@pytest.mark.parametrize(("script", "new"), [(repeats(), 1), (swings(), 2)])
def test_whoever_repeats_itself_for_ever_is_stopped(
    script: Callable[[dict[str, object]], Play], new: int
) -> None:
    with FakeModel(script) as fake:
        done = talk(fake.url)
    assert len(done.cluster.asked) == new
    assert "you asked exactly this before" in done.observations[-1]
    assert isinstance(done.error, LimitReachedError)
    assert str(done.error) == "5 refused calls in a row"
    assert len(fake.requests) == new + 5


def test_whoever_always_finds_something_new_is_stopped_by_the_steps() -> None:
    turn = iter(range(1000))
    with FakeModel(lambda _: call("kubectl", command=f"get pod {next(turn)}")) as fake:
        done = talk(fake.url, limits=Limits(steps=6))
    assert isinstance(done.error, LimitReachedError)
    assert len(fake.requests) == 5  # the sixth is kept for the last answer


def test_a_hanging_model_ends_with_the_time_of_the_run() -> None:
    patient = Patience(seconds=60)
    with FakeModel([hang]) as fake:
        done = talk(fake.url, limits=Limits(seconds=0.5), patience=patient)
    assert isinstance(done.error, LimitReachedError)
    assert "seconds are over" in str(done.error)


def test_a_prompt_that_is_too_long_is_shortened() -> None:
    long = call("kubectl", command="get " + "pods " * 1000)
    with FakeModel([long, too_long(), WELL]) as fake:
        done = talk(fake.url)
    assert done.answer == "All is well."
    assert [m["role"] for m in fake.requests[1]["messages"]] == SAID
    assert len(str(fake.requests[2]["messages"])) < len(str(fake.requests[1]["messages"])) / 2
    assert fake.requests[2]["messages"][1]["content"] == "why is web down?"
    assert [m.role for m in done.messages] == [*SAID, "assistant"]


def test_a_window_that_was_learned_is_known_from_then_on() -> None:
    def script(asked: dict[str, object]) -> Play:
        if len(str(asked["messages"])) > 6000:
            return too_long()
        turn = next(turns)
        return call("kubectl", command=f"get {turn} " + "pods " * 500) if turn < 4 else WELL

    turns = iter(range(1000))
    with FakeModel(script) as fake:
        done = talk(fake.url)
        assert done.answer == "All is well."
        refused = len(fake.requests) - 5
        turns = iter(range(1000))
        asyncio.run(done.agent.run("and now?"))
    assert refused == 1
    assert len(fake.requests) == 5 + refused + 5


def test_the_key_is_sent_and_shown_nowhere(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    with FakeModel([status(401, KEY)]) as fake:
        done: Talk = talk(fake.url)
    assert fake.keys == [f"Bearer {KEY}"]
    assert KEY not in caplog.text
    assert KEY not in repr(vars(done.agent.model))
    assert "why is web down?" not in caplog.text
