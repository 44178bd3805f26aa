"""What can happen next: somebody does something, or a role takes a step, undisturbed or not.

Moves draw nothing from the cluster, so a seed always gives the same orders of moves, whatever the
cluster makes of them.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from hypothesis import strategies as st

from tests.interleavings.deeds import (
    DECISIONS,
    EDITS,
    EVENTS,
    alice_approves,
    drops_the_rule,
    makes_the_target_anew,
    pauses,
    rejects,
    removes_the_mark,
    scales_up,
    sets_a_variable,
    sets_another_rule,
    switches_off,
    waits_an_hour,
    withdraws,
)
from tests.interleavings.moments import Moment, lead_to
from tests.interleavings.wire import Blow, Interruption
from tests.interleavings.world import World, do

Deed = Callable[[World], Awaitable[str]]

_LAST_REQUEST, _LAST_WRITE = 12, 3
"""Hardly a step has more; a number beyond its last interrupts nothing."""

_INTRUDERS = (
    withdraws,
    rejects,
    pauses,
    switches_off,
    waits_an_hour,
    alice_approves,
    scales_up,
    sets_a_variable,
    drops_the_rule,
    sets_another_rule,
    removes_the_mark,
    makes_the_target_anew,
)
"""What people do in the wrong moment."""


@dataclass(frozen=True)
class PersonDoes:
    """Somebody does something."""

    deed: Deed

    async def play(self, world: World) -> None:
        world.tell(f"{self.deed.__name__}: {await do(world, self.deed)}")


@dataclass(frozen=True)
class BothWork:
    """Nobody disturbs the two for a while."""

    rounds: int

    async def play(self, world: World) -> None:
        for _ in range(self.rounds):
            await world.step(world.executor)
            await world.step(world.operator)


@dataclass(frozen=True)
class RoleSteps:
    """A role takes a step; `intruder` acts where the interruption is one."""

    role: str
    interruption: Interruption | None
    intruder: Deed

    async def play(self, world: World) -> None:
        role = world.executor if self.role == "executor" else world.operator
        await world.step(role, self.interruption, self.intruder)


@dataclass(frozen=True)
class FixIsDisturbed:
    """Somebody sees a fix through up to a moment, and then it goes wrong."""

    moment: Moment
    interruption: Interruption
    intruder: Deed

    async def play(self, world: World) -> None:
        if not await lead_to(world, self.moment):
            world.count(f"missed {self.moment}")
        else:
            world.count(f"disturbed {self.moment}: {self.interruption.blow}")
            await world.step(world.executor, self.interruption, self.intruder)


@dataclass(frozen=True)
class SecondExecutorSteps:
    """Another executor wakes up, and goes by what the first one read `age` steps ago; 0: by now."""

    age: int
    interruption: Interruption | None
    intruder: Deed

    async def play(self, world: World) -> None:
        if not self.age or not world.readings:
            await world.step(world.second_executor, self.interruption, self.intruder)
            return
        reading = world.readings[max(0, len(world.readings) - self.age)]
        await world.step_from(
            world.second_executor, reading.model_copy(deep=True), self.interruption, self.intruder
        )


Move = PersonDoes | BothWork | RoleSteps | FixIsDisturbed | SecondExecutorSteps

_intruders = st.sampled_from(_INTRUDERS)
_crashes = st.sampled_from((Blow.CRASH_BEFORE, Blow.CRASH_AFTER, Blow.LOST_ANSWER))
_blows = st.one_of(
    st.builds(Interruption, st.just(Blow.INTRUDER), st.just(0)),
    st.builds(Interruption, st.just(Blow.INTRUDER), st.integers(1, _LAST_REQUEST)),
    st.builds(Interruption, _crashes, st.just(1)),  # most steps have one
    st.builds(Interruption, _crashes, st.integers(1, _LAST_WRITE)),
)
_moments = st.sampled_from((Moment.PATCH, *Moment))  # what matters most comes twice
_perhaps = st.none() | _blows


def _disturbed() -> st.SearchStrategy[Move]:
    return st.builds(FixIsDisturbed, _moments, _blows, _intruders)


moves: st.SearchStrategy[Move] = st.one_of(
    st.builds(BothWork, st.integers(1, 3)),  # first: the plainest move of all
    _disturbed(),
    _disturbed(),
    _disturbed(),
    st.builds(PersonDoes, st.just(alice_approves)),
    st.builds(RoleSteps, st.just("executor"), _perhaps, _intruders),
    st.builds(RoleSteps, st.just("operator"), _perhaps, _intruders),
    st.builds(SecondExecutorSteps, st.integers(0, 3), _perhaps, _intruders),
    st.builds(PersonDoes, st.sampled_from(EDITS)),
    st.builds(PersonDoes, st.sampled_from(DECISIONS)),
    st.builds(PersonDoes, st.sampled_from(EVENTS)),
)
"""What matters most comes three times: each a strategy of its own, since hypothesis counts the same
one once."""
