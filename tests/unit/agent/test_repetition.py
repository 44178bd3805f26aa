import pytest

from podiatrist.agent.repetition import Repetition
from podiatrist.agent.tool import Arguments, ToolError


class Kubectl(Arguments):
    command: str
    most: int = 10


def look(command: str, most: int = 10) -> Kubectl:
    return Kubectl(command=command, most=most)


@pytest.mark.parametrize(
    "again", ["get pods -n shop", " get  pods -n\nshop", "kubectl get pods -n shop"]
)
def test_the_same_call_is_refused_whatever_its_blanks(again: str) -> None:
    repetition = Repetition()
    repetition.check("kubectl", look("get pods -n shop"))
    with pytest.raises(ToolError, match="exactly this before"):
        repetition.check("kubectl", look(again))


def test_another_argument_or_tool_is_another_call() -> None:
    repetition = Repetition()
    repetition.check("kubectl", look("get pods"))
    repetition.check("kubectl", look("get pods", 20))
    repetition.check("kubectl", look("get pods -A"))
    repetition.check("oc", look("get pods"))


def test_swinging_between_two_calls_is_refused_and_told_what_was_asked() -> None:
    repetition = Repetition()
    repetition.check("kubectl", look("get pods"))
    repetition.check("kubectl", look("get nodes"))
    for command in ("get pods", "get nodes", "get pods"):
        with pytest.raises(ToolError, match="Asked so far: get pods 10; get nodes 10"):
            repetition.check("kubectl", look(command))


def test_the_hint_stays_short() -> None:
    repetition = Repetition()
    for number in range(50):
        repetition.check("kubectl", look(f"get pod {'x' * 500}{number}"))
    with pytest.raises(ToolError) as refused:
        repetition.check("kubectl", look(f"get pod {'x' * 500}0"))
    assert len(str(refused.value)) < 700


def test_after_a_change_everything_may_be_asked_again() -> None:
    repetition = Repetition()
    repetition.check("kubectl", look("get pods"))
    repetition.forget()
    repetition.check("kubectl", look("get pods"))
