from hypothesis import given
from hypothesis import strategies as st

from podiatrist.agent.memory import fit, size
from podiatrist.agent.messages import Call, Message, observation, system, unanswered, user

PROMPT = system("You look after pods.")


def looks(number: int, *seen: str) -> list[Message]:
    calls = tuple(Call(f"call-{number}-{n}", "kubectl", "{}") for n in range(len(seen)))
    asked = Message("assistant", f"look {number}", calls)
    return [asked, *(observation(c, text) for c, text in zip(calls, seen, strict=True))]


def total(messages: list[Message]) -> int:
    return sum(map(size, messages))


def contents(messages: list[Message]) -> list[str]:
    return [m.content[:20] for m in messages]


OLD, NEW = "old " * 1000, "new " * 1000
TALK = [PROMPT, user("why?"), *looks(1, OLD), *looks(2, "short"), *looks(3, NEW)]


def test_what_fits_stays_as_it_is() -> None:
    assert fit(TALK, total(TALK)) == TALK


def test_the_oldest_observation_is_shortened_first_and_says_so() -> None:
    fitted = fit(TALK, total(TALK) - 1000)
    assert len(fitted) == len(TALK)
    assert fitted[3].content.startswith("old old")
    assert fitted[3].content.endswith("old old ")
    assert "characters left out to save room" in fitted[3].content
    assert fitted[4:] == TALK[4:]
    assert total(fitted) <= total(TALK) - 1000


def test_the_newest_observation_is_shortened_before_a_turn_is_dropped() -> None:
    fitted = fit(TALK, 2500)
    assert len(fitted) == len(TALK)
    assert "left out" in fitted[-1].content


def test_then_the_oldest_answers_go_with_their_observations() -> None:
    fitted = fit(TALK, 1800)
    assert contents(fitted)[:4] == ["You look after pods.", "why?", "look 2", "short"]


def test_the_task_is_dropped_after_the_answers_and_the_last_one_never() -> None:
    talk = [PROMPT, user("first " * 10), *looks(1, "x"), user("second")]
    assert contents(fit(talk, 200)) == ["You look after pods.", "first first first fi", "second"]
    assert contents(fit(talk, 1)) == ["You look after pods.", "second"]


TEXT = st.text(max_size=4000) | st.integers(0, 9000).map(lambda n: "ä" * n)
TURN = TEXT.map(lambda t: [user(t)]) | st.tuples(
    st.integers(0, 99), st.lists(TEXT, max_size=4)
).map(lambda t: looks(t[0], *t[1]))


@given(turns=st.lists(TURN, max_size=8), last=TEXT, most=st.integers(1, 30_000))
def test_whatever_goes_prompt_task_and_pairs_stay(
    turns: list[list[Message]], last: str, most: int
) -> None:
    talk = [PROMPT, *(m for turn in turns for m in turn), user(last)]
    fitted = fit(talk, most)
    assert fitted[0] == PROMPT
    assert fitted[-1] == user(last)
    assert total(fitted) <= max(most, size(PROMPT) + size(user(last)))
    assert not unanswered(fitted)
    asked = {c.id for m in fitted for c in m.calls}
    assert all(m.call_id in asked for m in fitted if m.role == "tool")
    assert total(fitted) <= total(talk)
