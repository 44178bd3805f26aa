"""The moments in the life of a fix at which something can go wrong, and how to get there."""

from enum import StrEnum

from podiatrist.api import names
from podiatrist.api.conditions import OVER, has
from podiatrist.api.diagnosis import Diagnosis
from podiatrist.lifecycle.next_step import Step
from tests.interleavings.deeds import (
    alice_approves,
    asks_for_a_second_opinion,
    asks_to_retry,
    lets_go_on,
    sets_the_rule,
    switches_on,
    takes_the_no_back,
    waits_a_minute,
    withdraws,
)
from tests.interleavings.world import World, do

_MOST_STEPS = 14


class Moment(StrEnum):
    """The executor is about to ..."""

    JUDGEMENT = "judge the approval"
    INTENT = "write down what it will do"
    PATCH = "do it"
    VERIFICATION = "look whether it helped"
    ROLLBACK = "undo it"


def moment_of(due: Step | None, diagnosis: Diagnosis) -> Moment | None:
    """Return at which moment a Diagnosis is, by what the executor would do next."""
    match due:
        case Step.JUDGE_APPROVAL:
            return Moment.JUDGEMENT
        case Step.EXECUTE:
            return Moment.PATCH if has(diagnosis, "Executed", "Unknown") else Moment.INTENT
        case Step.VERIFY:
            return Moment.VERIFICATION
        case Step.ROLL_BACK:
            return Moment.ROLLBACK
    return None


async def lead_to(world: World, moment: Moment) -> bool:
    """Let everybody do what leads to a moment; says whether that came."""
    for deed in (switches_on, lets_go_on, takes_the_no_back):
        await do(world, deed)
    for _ in range(_MOST_STEPS):
        found = await world.newest()
        if found is None:
            await do(world, asks_for_a_second_opinion)
            continue
        due = world.executor.due(found)
        now = moment_of(due, found)
        if now is moment:
            return True
        if now is Moment.VERIFICATION:
            await do(world, waits_a_minute)  # longer than a fix may take
        if due is not None:
            await world.step(world.executor)
            continue
        await _bring_on(world, found)
    return False


async def _bring_on(world: World, found: Diagnosis) -> None:
    """Do what a person does who wants a fix, where the executor has nothing to do."""
    if found.status.state in OVER:
        await do(world, sets_the_rule)
        world.tell(f"  asks to retry: {await do(world, asks_to_retry)}")
    elif "affinity" not in world.spec["template"]["spec"]:
        await do(world, sets_the_rule)
    await world.step(world.operator)
    if found.annotation(names.APPROVE) is not None:
        await do(world, withdraws)
    else:
        world.tell(f"  approves: {await do(world, alice_approves)}")
