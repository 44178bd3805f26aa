"""What happens next, from what is written and nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podiatrist.api.conditions import Reason, derive_state
from podiatrist.api.diagnosis import Diagnosis
from podiatrist.lifecycle import executor_steps, operator_steps
from podiatrist.lifecycle.next_step import (
    CONSULTANT_STEPS,
    EXECUTOR_STEPS,
    OPERATOR_STEPS,
    Step,
    next_steps,
)
from tests.unit.stories import diagnosis, option

FOUND = "Diagnosed=True:CauseFound"
APPROVED = "Approved=True:DigestMatched"
REFUSED = "Approved=False:UnknownDigest"
BEGUN = "Executed=Unknown:Started"
DONE = "Executed=True:PatchesApplied"
TRIED = [option("1a2b", previewed=True), option("3c4d", previewed=False)]
FRESH = [option("1a2b", previewed=True), option("3c4d")]

STORIES: list[tuple[str, Diagnosis, tuple[Step, ...]]] = [
    ("just made", diagnosis(), (Step.INVESTIGATE,)),
    ("to be looked at anew", diagnosis("Diagnosed=Unknown:TargetChanged"), (Step.INVESTIGATE,)),
    ("target unknown", diagnosis("Diagnosed=False:TargetNotFound"), (Step.NOTHING,)),
    ("nothing to offer", diagnosis(FOUND), (Step.RECHECK,)),
    ("options not tried", diagnosis(FOUND, options=FRESH), (Step.PREVIEW, Step.RECHECK)),
    ("waits for a human", diagnosis(FOUND, options=TRIED), (Step.RECHECK,)),
    (
        "a human approved",
        diagnosis(FOUND, options=TRIED, approve="1a2b"),
        (Step.JUDGE_APPROVAL, Step.RECHECK),
    ),
    (
        "approved before the dry run",
        diagnosis(FOUND, options=FRESH, approve="3c4d"),
        (Step.PREVIEW, Step.RECHECK),
    ),
    (
        "a refused digest is not read again",
        diagnosis(FOUND, REFUSED, options=TRIED, approve="ffff", read="ffff"),
        (Step.RECHECK,),
    ),
    (
        "not even when an option of that digest turns up",
        diagnosis(FOUND, REFUSED, options=TRIED, approve="1a2b", read="1a2b"),
        (Step.RECHECK,),
    ),
    (
        "another digest after a refused one",
        diagnosis(FOUND, REFUSED, options=TRIED, approve="1a2b", read="ffff"),
        (Step.JUDGE_APPROVAL, Step.RECHECK),
    ),
    (
        "a refused approval was taken back",
        diagnosis(FOUND, REFUSED, options=TRIED, read="ffff"),
        (Step.JUDGE_APPROVAL, Step.RECHECK),
    ),
    (
        "an endless value is read once",
        diagnosis(FOUND, REFUSED, options=TRIED, approve="f" * 999, read="f" * 999),
        (Step.RECHECK,),
    ),
    (
        "an empty value is a value",
        diagnosis(FOUND, options=TRIED, approve=""),
        (Step.JUDGE_APPROVAL, Step.RECHECK),
    ),
    ("accepted", diagnosis(FOUND, APPROVED, options=TRIED, approve="1a2b"), (Step.EXECUTE,)),
    (
        "the approval was removed too late",
        diagnosis(FOUND, APPROVED, options=TRIED),
        (Step.EXECUTE,),
    ),
    ("stopped midway", diagnosis(FOUND, APPROVED, BEGUN), (Step.EXECUTE,)),
    (
        "stopped midway, then retried and rejected",
        diagnosis(FOUND, APPROVED, BEGUN, retry="1", reject=""),
        (Step.EXECUTE,),
    ),
    ("carried out", diagnosis(FOUND, APPROVED, DONE), (Step.VERIFY,)),
    ("soaking", diagnosis(FOUND, APPROVED, DONE, "Verified=Unknown:Soaking"), (Step.VERIFY,)),
    (
        "did not help",
        diagnosis(FOUND, APPROVED, DONE, "Verified=False:FixDidNotHelp"),
        (Step.ROLL_BACK,),
    ),
    (
        "did not help, and a retry is asked for",
        diagnosis(FOUND, APPROVED, DONE, "Verified=False:FixDidNotHelp", retry="1"),
        (Step.ROLL_BACK,),
    ),
    ("undone", diagnosis(FOUND, APPROVED, DONE, "Verified=False:RolledBack"), (Step.NOTHING,)),
    (
        "could not be undone",
        diagnosis(FOUND, APPROVED, DONE, "Verified=False:RollbackRefused"),
        (Step.NOTHING,),
    ),
    ("worked", diagnosis(FOUND, APPROVED, DONE, "Verified=True:ChecksPassed"), (Step.NOTHING,)),
    ("was refused", diagnosis(FOUND, APPROVED, "Executed=False:PatchRefused"), (Step.NOTHING,)),
    ("went away", diagnosis(FOUND, "Verified=True:WentAway"), (Step.NOTHING,)),
    ("going away", diagnosis(FOUND, "Verified=Unknown:SymptomGone"), (Step.RECHECK,)),
    ("to be rejected", diagnosis(FOUND, options=TRIED, reject=""), (Step.REJECT,)),
    (
        "approved and rejected at once",
        diagnosis(FOUND, options=TRIED, approve="1a2b", reject=""),
        (Step.REJECT,),
    ),
    ("rejected", diagnosis(FOUND, "Approved=False:Rejected", reject=""), (Step.NOTHING,)),
    ("expired", diagnosis(FOUND, "Approved=False:Expired"), (Step.RECHECK,)),
    (
        "retry of a story that is over",
        diagnosis(FOUND, DONE, "Verified=True:ChecksPassed", retry="1"),
        (Step.INVESTIGATE,),
    ),
    ("retry of a failure", diagnosis("Diagnosed=False:x", retry="1"), (Step.INVESTIGATE,)),
    (
        "a retry is handled once",
        diagnosis("Diagnosed=False:x", retry="1", handled_retry="1"),
        (Step.NOTHING,),
    ),
    (
        "a second retry needs another value",
        diagnosis("Diagnosed=False:x", retry="2", handled_retry="1"),
        (Step.INVESTIGATE,),
    ),
    (
        "an endless retry is handled once",
        diagnosis("Diagnosed=False:x", retry="r" * 999, handled_retry="r" * 999),
        (Step.NOTHING,),
    ),
    (
        "an odd retry is handled once",
        diagnosis("Diagnosed=False:x", retry="\x00\u202e", handled_retry="\x00\u202e"),
        (Step.NOTHING,),
    ),
    ("paused", diagnosis(pause=""), (Step.NOTHING,)),
    ("paused while it is carried out", diagnosis(APPROVED, BEGUN, pause=""), (Step.NOTHING,)),
]


def besides_consulting(story: Diagnosis) -> tuple[Step, ...]:
    return tuple(step for step in next_steps(story) if step is not Step.CONSULT)


@pytest.mark.parametrize(("story", "steps"), [s[1:] for s in STORIES], ids=[s[0] for s in STORIES])
def test_the_next_steps_of(story: Diagnosis, steps: tuple[Step, ...]) -> None:
    assert besides_consulting(story) == steps


SETTLED = "Consulted=False:NoModel"
UNDER_WAY = "Consulted=Unknown:Consulting"


@pytest.mark.parametrize(
    ("story", "asks"),
    [
        (diagnosis(), False),
        (diagnosis("Diagnosed=Unknown:TargetChanged"), False),
        (diagnosis("Diagnosed=False:TargetNotFound"), False),
        (diagnosis(FOUND), True),
        (diagnosis(FOUND, UNDER_WAY), True),
        (diagnosis(FOUND, SETTLED), False),
        (diagnosis(FOUND, "Consulted=True:ModelAnswered"), False),
        (diagnosis(FOUND, options=FRESH), True),
        (diagnosis(FOUND, options=TRIED), True),
        (diagnosis(FOUND, options=TRIED, approve="1a2b"), True),
        (diagnosis(FOUND, options=TRIED, reject=""), False),
        (diagnosis(FOUND, UNDER_WAY, APPROVED, options=TRIED, approve="1a2b"), False),
        (diagnosis(FOUND, APPROVED, BEGUN), False),
        (diagnosis(FOUND, APPROVED, DONE, "Verified=False:RolledBack"), False),
        (diagnosis(FOUND, "Verified=True:WentAway"), False),
        (diagnosis(FOUND, "Verified=Unknown:SymptomGone"), True),
        (diagnosis(FOUND, SETTLED, retry="1"), False),
        (diagnosis(FOUND, pause=""), False),
    ],
    ids=lambda value: "" if isinstance(value, bool) else None,
)
def test_a_model_is_asked_beside_the_rest_until_that_is_settled(
    story: Diagnosis, asks: bool
) -> None:
    assert (Step.CONSULT in next_steps(story)) is asks
    if asks:
        assert besides_consulting(story)  # a slow model holds nothing up


@pytest.mark.parametrize(
    ("story", "state"),
    [
        (diagnosis(FOUND, UNDER_WAY), "Investigating"),
        (diagnosis(FOUND), "NeedsHuman"),
        (diagnosis(FOUND, SETTLED), "NeedsHuman"),
        (diagnosis(FOUND, UNDER_WAY, options=TRIED), "AwaitingApproval"),
        (diagnosis(FOUND, UNDER_WAY, options=[TRIED[1]]), "NeedsHuman"),
        (diagnosis(FOUND, UNDER_WAY, APPROVED, options=TRIED), "Executing"),
        (diagnosis(FOUND, UNDER_WAY, "Verified=True:WentAway"), "Resolved"),
    ],
)
def test_while_a_model_is_asked_what_the_rules_offer_can_be_approved(
    story: Diagnosis, state: str
) -> None:
    assert derive_state(story.status) == state


FACTS = st.lists(
    st.builds(
        "{}={}:{}".format,
        st.sampled_from(
            ["Diagnosed", "Consulted", "Previewed", "Approved", "Executed", "Verified"]
        ),
        st.sampled_from(["True", "False", "Unknown"]),
        st.sampled_from(Reason),
    ),
    max_size=5,
    unique_by=lambda fact: fact.split("=", maxsplit=1)[0],
)
MARKS = st.dictionaries(
    st.sampled_from(["approve", "reject", "retry", "pause"]), st.sampled_from(["", "1a2b", "x"])
)


@given(FACTS, MARKS, st.sampled_from([[], TRIED, FRESH]))
def test_each_process_has_one_step_at_most_and_writes_need_an_approval(
    facts: list[str], marks: dict[str, str], options: list[object]
) -> None:
    story = diagnosis(*facts, **marks)  # type: ignore[arg-type] # all of them are strings
    story.status.options = options  # type: ignore[assignment] # sampled from typed lists
    steps = set(next_steps(story))
    assert steps
    assert steps == {Step.NOTHING} or Step.NOTHING not in steps
    assert len(steps & OPERATOR_STEPS) <= 1
    assert len(steps & EXECUTOR_STEPS) <= 1
    if Step.CONSULT in steps:
        assert not steps & {Step.INVESTIGATE, Step.EXECUTE, Step.VERIFY, Step.ROLL_BACK}
    if "pause" in marks:
        assert steps == {Step.NOTHING}
    if Step.EXECUTE in steps:
        assert any(f.startswith(("Approved=True", "Executed=Unknown")) for f in facts)
    if Step.ROLL_BACK in steps:
        assert any(f.startswith("Executed=True") for f in facts)


def test_every_step_has_somebody_to_do_it() -> None:
    assert set(operator_steps.STEPS) == OPERATOR_STEPS
    assert set(executor_steps.STEPS) == EXECUTOR_STEPS
    roles = (OPERATOR_STEPS, CONSULTANT_STEPS, EXECUTOR_STEPS)
    assert frozenset().union(*roles) == set(Step) - {Step.NOTHING}
    assert sum(map(len, roles)) == len(Step) - 1
