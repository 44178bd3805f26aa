"""What is told of a Diagnosis: each state once, whoever asks, and only what is wanted."""

from datetime import timedelta
from typing import Any

import pytest

from podiatrist.api.conditions import condition
from podiatrist.api.diagnosis import Diagnosis, Severity, State
from podiatrist.notify.notification import FIELDS, Digest, Notification
from podiatrist.notify.what_to_tell import UNTRIED, YOUNG, Wanted, is_settled, since, what_to_tell
from tests.unit.notify.told import APPROVE, EVERYTHING, notification, seen
from tests.unit.stories import NOW, option

CAUSE, TRIED = "Diagnosed=True:CauseFound", "Previewed=True:DryRunPassed"
EXECUTED = "Executed=True:PatchesApplied"
SOON = NOW + timedelta(seconds=30)


def awaiting(**more: Any) -> Diagnosis:
    return seen(CAUSE, TRIED, options=[option(previewed=True)], **more)


def tell(made: Diagnosis, before: State | None = None, wanted: Wanted = EVERYTHING) -> Notification:
    told = what_to_tell(before, made, wanted, SOON)
    assert told is not None
    return told


def test_what_awaits_approval_is_told_with_the_command_that_approves() -> None:
    told = tell(awaiting(), State.INVESTIGATING)
    assert (told.state, told.severity, told.reason) == (
        "AwaitingApproval",
        "Critical",
        "ImageNotFound",
    )
    assert told.at == NOW
    (offer,) = told.offers
    assert offer.approve == APPROVE
    assert told.look == "kubectl -n shop describe diagnosis web-7f3a9c"


def test_a_recheck_is_not_told() -> None:
    assert what_to_tell(State.AWAITING_APPROVAL, awaiting(), EVERYTHING, SOON) is None


@pytest.mark.parametrize(
    ("facts", "state", "outcome"),
    [
        ([CAUSE, EXECUTED, "Verified=True:ChecksPassed"], State.SUCCEEDED, "Verified"),
        ([CAUSE, EXECUTED, "Verified=False:RolledBack"], State.ROLLED_BACK, "Verified"),
        ([CAUSE, "Executed=False:PatchRefused"], State.FAILED, "Executed"),
        ([CAUSE, "Verified=True:WentAway"], State.RESOLVED, "Verified"),
        ([CAUSE, "Approved=False:Rejected"], State.REJECTED, "Approved"),
    ],
)
def test_an_end_is_told_with_what_its_condition_says(
    facts: list[str], state: State, outcome: str
) -> None:
    made = seen(*facts, options=[option(previewed=True)])
    for each in made.status.conditions:
        each.message = each.type
    told = tell(made, State.VERIFYING)
    assert (told.state, told.outcome, told.offers) == (state, outcome, ())


def test_an_option_that_was_refused_comes_without_a_command() -> None:
    made = seen(CAUSE, TRIED, options=[option("aa", previewed=False), option("bb", previewed=True)])
    assert [o.digest for o in tell(made).offers] == ["bb"]


def test_an_option_that_nobody_tried_comes_with_the_command_that_looks_and_no_other() -> None:
    """Where no executor runs, it is told of all the same; admission would refuse an approval."""
    told = tell(seen(CAUSE, options=[option("aa")]))
    assert told.offers == ()
    assert told.look == "kubectl -n shop describe diagnosis web-7f3a9c"
    some = seen(CAUSE, TRIED, options=[option("aa"), option("bb", previewed=True)])
    assert [o.digest for o in tell(some).offers] == ["bb"]


def test_a_digest_that_is_none_is_not_put_into_a_command() -> None:
    made = seen(CAUSE, TRIED, options=[option("aa; rm -rf ~", previewed=True)])
    assert tell(made).offers == ()


def test_what_is_old_is_not_told_by_whoever_sees_it_first() -> None:
    late = NOW + YOUNG + timedelta(seconds=1)
    assert what_to_tell(None, awaiting(), EVERYTHING, late) is None
    assert what_to_tell(State.INVESTIGATING, awaiting(), EVERYTHING, late) is not None


@pytest.mark.parametrize(
    "wanted",
    [
        Wanted(frozenset({State.SUCCEEDED})),
        Wanted(frozenset(State), least=Severity.CRITICAL),
        Wanted(frozenset(State), namespaces=["team-*", "default"]),
    ],
    ids=["state", "severity", "namespace"],
)
def test_what_is_not_wanted_is_not_told(wanted: Wanted) -> None:
    made = awaiting(severity=Severity.WARNING)
    assert what_to_tell(None, made, wanted, SOON) is None


def test_what_is_wanted_is_told() -> None:
    wanted = Wanted(frozenset(State), Severity.WARNING, ["team-*", "shop"])
    assert tell(awaiting(severity=Severity.WARNING), wanted=wanted).namespace == "shop"
    assert tell(awaiting(namespace="team-a"), wanted=wanted).namespace == "team-a"


def test_the_id_is_the_same_after_a_restart_and_another_for_another_story() -> None:
    first = tell(awaiting())
    previewed_later = awaiting()
    preview = condition(previewed_later.status, "Previewed")
    assert preview is not None
    preview.last_transition_time = SOON
    untried = seen(CAUSE, options=[option()])
    again = [awaiting(), previewed_later, untried]
    assert {tell(d).id for d in again} == {first.id}

    healed = seen(CAUSE, "Verified=True:WentAway")
    others = [awaiting(uid="v"), awaiting(retry="2"), seen(CAUSE), healed]
    ids = {first.id, *(tell(d).id for d in others)}
    assert len(ids) == 5


def test_two_ends_of_one_diagnosis_are_two_events() -> None:
    first, second = (seen(CAUSE, "Verified=True:WentAway") for _ in range(2))
    second.status.conditions[1].last_transition_time = SOON
    assert tell(first).id != tell(second).id
    assert since(second) == SOON


def test_what_was_not_tried_yet_has_a_moment() -> None:
    untried, nothing = seen(CAUSE, options=[option()]), seen(CAUSE)
    assert not is_settled(untried, NOW)
    assert is_settled(untried, NOW + UNTRIED)
    assert is_settled(awaiting(), NOW)
    assert is_settled(nothing, NOW)


def test_a_diagnosis_without_conditions_dates_from_its_creation() -> None:
    assert since(seen()) == NOW


def test_a_template_may_name_all_fields() -> None:
    assert set(notification().fields("")) == set(FIELDS)


def test_a_digest_is_the_same_for_the_same_notifications() -> None:
    one, two, three = (notification(n) for n in range(3))
    assert Digest((one, two)).id == Digest((one, two)).id != Digest((one, three)).id
