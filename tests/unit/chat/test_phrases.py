import pytest

from podiatrist.chat.phrases import (
    asked_why,
    asks_for_commands,
    asks_for_options,
    chosen_option,
    names_option,
)


@pytest.mark.parametrize(
    "line",
    [
        "what kubectl commands did you use?",
        "What commands have you run so far?",
        "which commands did you execute",
        "what kubectl commands were used?",
    ],
)
def test_asking_for_the_commands_is_understood(line: str) -> None:
    assert asks_for_commands(line)


@pytest.mark.parametrize(
    "line",
    [
        "what commands should I use?",
        "what kubectl commands did you use? and delete them",
        "run the commands you used again",
    ],
)
def test_anything_more_than_asking_for_the_commands_goes_to_the_model(line: str) -> None:
    assert not asks_for_commands(line)


@pytest.mark.parametrize(
    ("line", "number"),
    [
        ("option 1 sounds good. go for it.", 1),
        ("ok, option 2", 2),
        ("let's take option 3 please", 3),
        ("use option 1, go ahead", 1),
        ("Option #2 is fine", 2),
    ],
)
def test_choosing_an_option_is_understood(line: str, number: int) -> None:
    assert chosen_option(line) == number


@pytest.mark.parametrize(
    "line",
    [
        "what would option 1 do?",
        "not option 1",
        "option 1 or option 2?",
        "option 1 sounds bad",
        "is option 1 good",
        "option 1 but in namespace test",
        "don't do option 1",
    ],
)
def test_doubts_about_an_option_are_no_choice(line: str) -> None:
    assert chosen_option(line) is None


def test_asking_for_options_is_understood() -> None:
    assert asks_for_options("suggest options how to fix it")
    assert asks_for_options("show me the options")
    assert not asks_for_options("suggest options for lunch")


def test_a_question_for_a_cause_is_taken_apart() -> None:
    assert asked_why("why is web down?") == ("web", "")
    assert asked_why("find out why the some-app pods are pending") is None  # the verb is elsewhere
    assert asked_why("why are the some-app pods pending in shop?") == ("the some-app pods", "shop")
    assert asked_why("how are you?") is None


def test_a_model_may_choose_only_the_option_that_was_spoken_of() -> None:
    assert names_option("carry out the second one", 2)
    assert not names_option("scale some-app to 3 replicas", 1)
    assert names_option("yes, do that", 1)
    assert not names_option("yes, do that", 2)
