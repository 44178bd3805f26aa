"""An approval is followed to its end, and every end is told apart."""

import asyncio
from collections.abc import Iterator
from typing import Any, cast

import pytest

from podiatrist.api.diagnosis import Approval, Diagnosis, State
from podiatrist.cluster.client import Client
from podiatrist.cluster.errors import NotFoundError, UnreachableError
from podiatrist.desk.errors import EndedBadlyError, NotDoneError
from podiatrist.desk.follow import End, Watch, end_of_approval, follow_approval, progress
from tests.unit.cli.scene import FOUND, story
from tests.unit.stories import NOW

YES = "Approved=True:DigestMatched"


def read(*facts: str, state: State) -> Diagnosis:
    """Return a Diagnosis whose approval the executor has read."""
    made = story(FOUND, *facts, state=state, approve="1a2b3c4d")
    made.status.approval = Approval(by="alice", digest="1a2b3c4d", at=NOW)
    return made


UNREAD = story(approve="1a2b3c4d")
EXECUTING = read(YES, "Executed=Unknown:Started", state=State.EXECUTING)
SUCCEEDED = read(YES, "Executed=True:PatchesApplied", state=State.SUCCEEDED)
ROLLED_BACK = read(YES, "Verified=False:RolledBack", state=State.ROLLED_BACK)
REFUSED = read("Approved=False:SwitchedOff", state=State.AWAITING_APPROVAL)
OVERTAKEN = read(state=State.INVESTIGATING)


@pytest.mark.parametrize(
    ("told", "end"),
    [
        (UNREAD, None),
        (EXECUTING, None),
        (read(YES, state=State.VERIFYING), None),
        (SUCCEEDED, End.WELL),
        (story(state=State.RESOLVED), End.WELL),
        (ROLLED_BACK, End.BADLY),
        (story(state=State.REJECTED), End.BADLY),
        (REFUSED, End.REFUSED),
        (OVERTAKEN, End.REFUSED),
        (read("Approved=False:Expired", state=State.EXPIRED), End.REFUSED),
    ],
)
def test_how_an_approval_ended(told: Diagnosis, end: End | None) -> None:
    assert end_of_approval(told, "1a2b3c4d") is end


class Script:
    """Answers one after the other, the last one for ever."""

    def __init__(self, *answers: Diagnosis | Exception) -> None:
        self.answers: Iterator[Diagnosis | Exception] = iter(answers)
        self.last: Diagnosis | Exception = answers[-1]

    async def get(self, *_: object) -> Any:
        answer = next(self.answers, self.last)
        if isinstance(answer, Exception):
            raise answer
        return answer.model_dump(mode="json", by_alias=True, exclude_none=True)


def followed(*answers: Diagnosis | Exception) -> tuple[list[str], Diagnosis]:
    said: list[str] = []
    now = 0.0

    async def sleep(seconds: float) -> None:
        nonlocal now
        now += seconds

    watch = Watch(30, said.append, sleep, lambda: now)
    client = cast(Client, Script(*answers))
    return said, asyncio.run(follow_approval(client, UNREAD, "1a2b3c4d", watch))


def test_it_tells_how_it_goes_and_an_api_server_that_is_away_for_a_while_is_no_end() -> None:
    said, ended = followed(UNREAD, UnreachableError("no answer"), EXECUTING, SUCCEEDED)
    assert said == ["Approved: the executor has not taken it up yet"] * 2 + ["Executing"]
    assert ended.status.state is State.SUCCEEDED


@pytest.mark.parametrize(
    ("answer", "error", "said"),
    [
        (REFUSED, NotDoneError, "the approval was not acted upon"),
        (OVERTAKEN, NotDoneError, "its target changed; it is diagnosed anew"),
        (ROLLED_BACK, EndedBadlyError, "RolledBack"),
        (UNREAD, EndedBadlyError, "not done after 30 s: Approved: the executor has not taken it"),
        (NotFoundError("gone"), EndedBadlyError, "web-7f3a9c is gone"),
    ],
)
def test_every_other_end_is_an_error(
    answer: Diagnosis | Exception, error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=said):
        followed(answer)


def test_progress_tells_the_last_news() -> None:
    told = read(YES, "Executed=Unknown:Started", state=State.EXECUTING)
    for condition in told.status.conditions:
        condition.message = f"{condition.type} it was"
    assert progress(told) == "Executing: Executed it was"
    told.status.state = None
    told.status.conditions = []
    assert progress(told) == "Waiting for the operator"
