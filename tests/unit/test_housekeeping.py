"""What is kept and what goes; how many new Diagnoses are too many."""

from datetime import timedelta

from podiatrist.api.diagnosis import Diagnosis, State
from podiatrist.notice.housekeeping import Keeping, ended_at, history
from podiatrist.notice.limits import Gate, Limits
from tests.unit.stories import NOW, diagnosis

DAY = 24 * 3600.0


def told(
    number: int, *, days_ago: float = 0, owner: str = "web", state: State = State.RESOLVED
) -> Diagnosis:
    made = diagnosis("Diagnosed=True:CauseFound")
    made.metadata.name = f"{owner}-{number}"
    made.metadata.creation_timestamp = NOW - timedelta(days=days_ago)
    made.spec.target.uid = f"uid-{owner}"
    made.status.state = state
    for condition in made.status.conditions:
        condition.last_transition_time = NOW - timedelta(days=days_ago)
    return made


def gone(known: list[Diagnosis], keeping: Keeping) -> list[str]:
    return sorted(d.metadata.name for d in history(known, keeping, NOW))


def test_what_ended_long_ago_goes() -> None:
    known = [told(1, days_ago=8), told(2, days_ago=6)]
    assert gone(known, Keeping(seconds=7 * DAY)) == ["web-1"]


def test_what_is_open_stays_however_old() -> None:
    known = [
        told(1, days_ago=99, state=state) for state in (State.AWAITING_APPROVAL, State.EXECUTING)
    ]
    assert gone(known, Keeping(seconds=DAY)) == []
    assert ended_at(known[0]) is None


def test_the_last_word_on_what_was_not_healed_stays() -> None:
    # Without it the same story would be told anew, though nobody changed the workload.
    known = [told(1, days_ago=50, state=State.REJECTED), told(2, days_ago=40, state=State.REJECTED)]
    assert gone(known, Keeping(seconds=DAY)) == ["web-1"]


def test_the_oldest_of_too_many_go() -> None:
    known = [told(number, days_ago=number) for number in range(5)]
    assert gone(known, Keeping(per_owner=3)) == ["web-3", "web-4"]


def test_a_namespace_has_a_cap_of_its_own() -> None:
    known = [told(1, days_ago=n, owner=f"w{n}") for n in range(6)]
    assert gone(known, Keeping(per_namespace=4)) == ["w4-1", "w5-1"]


def test_an_owner_that_flaps_is_held_back_and_counted() -> None:
    gate = Gate(Limits(per_owner=2, per_namespace=100))
    known = [told(1), told(2)]
    assert gate.opens("shop", known[:1], known, NOW)
    assert not gate.opens("shop", known, known, NOW)
    assert not gate.opens("shop", known, known, NOW)
    assert (gate.held_back["shop"], gate.held_back["*"]) == (2, 2)


def test_a_namespace_that_burns_is_held_back() -> None:
    gate = Gate(Limits(per_owner=2, per_namespace=3))
    known = [told(1, owner=f"w{n}") for n in range(3)]
    assert not gate.opens("shop", [], known, NOW)


def test_an_hour_later_the_gate_is_open_again() -> None:
    gate = Gate(Limits(per_owner=1, per_namespace=1))
    known = [told(1, days_ago=1 / 20)]
    assert gate.opens("shop", known, known, NOW)
