"""What can happen next: somebody does something, or a role takes a step, undisturbed or not.

Moves draw nothing from the cluster, so a seed always gives the same orders of moves, whatever the
cluster makes of them.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from hypothesis import strategies as st

from tests.interleavings.deeds import DECISIONS, EDITS, EVENTS, alice_approves
from tests.interleavings.wire import Blow, Interruption
from tests.interleavings.world import World, do

Deed = Callable[[World], Awaitable[str]]

_LAST_REQUEST, _LAST_WRITE = 14, 3
"""Hardly a step has more; a number beyond its last interrupts nothing."""


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
    """Alice approves, the executor goes about it, and its `which` step from then on goes wrong."""

    which: int
    interruption: Interruption
    intruder: Deed

    async def play(self, world: World) -> None:
        await PersonDoes(alice_approves).play(world)
        for _ in range(1, self.which):
            await world.step(world.executor)
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

_deeds = st.sampled_from((*EDITS, *DECISIONS, *EVENTS, alice_approves))
_blows = st.one_of(
    st.builds(Interruption, st.just(Blow.INTRUDER), st.integers(1, _LAST_REQUEST)),
    st.builds(
        Interruption,
        st.sampled_from((Blow.CRASH_BEFORE, Blow.CRASH_AFTER, Blow.LOST_ANSWER)),
        st.integers(1, _LAST_WRITE),
    ),
)
_perhaps = st.none() | _blows


def _work() -> st.SearchStrategy[Move]:
    return st.builds(BothWork, st.integers(1, 3))


def _disturbed() -> st.SearchStrategy[Move]:
    return st.builds(FixIsDisturbed, st.integers(1, 5), _blows, _deeds)


moves: st.SearchStrategy[Move] = st.one_of(
    _work(),
    _work(),
    _disturbed(),
    _disturbed(),
    st.builds(PersonDoes, st.just(alice_approves)),
    st.builds(RoleSteps, st.just("executor"), _perhaps, _deeds),
    st.builds(RoleSteps, st.just("operator"), _perhaps, _deeds),
    st.builds(SecondExecutorSteps, st.integers(0, 3), _perhaps, _deeds),
    st.builds(PersonDoes, st.sampled_from(EDITS)),
    st.builds(PersonDoes, st.sampled_from(DECISIONS)),
    st.builds(PersonDoes, st.sampled_from(EVENTS)),
)
"""What leads to a fix comes twice, or few examples would get that far; each time a strategy of its
own, since hypothesis counts the same one once."""
