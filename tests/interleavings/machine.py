"""The state machine: a sick Deployment, any moves in any order, and an end that must be good."""

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from podiatrist.api import names
from podiatrist.api.conditions import condition
from tests.interleavings.deeds import alice_approves, lets_go_on, takes_the_no_back, withdraws
from tests.interleavings.moves import Move, moves
from tests.interleavings.world import Ground, World, do

log = logging.getLogger(__name__)


class Interleaving(RuleBasedStateMachine):
    """One order of what people and both roles do.

    One rule for all moves: of several, hypothesis leaves some out of whole examples ("swarm
    testing"), and most of a hundred examples would never get as far as a fix.
    """

    ground: ClassVar[Ground]
    runner: ClassVar[asyncio.Runner]

    def __init__(self) -> None:
        super().__init__()
        self._world: World | None = None
        self._red = False

    @initialize(curable=st.booleans())
    def somebody_makes_a_sick_deployment(self, curable: bool) -> None:
        self._world = World(self.ground, curable=curable)
        self._run(self._begin(self._world))

    @rule(move=moves)
    def next(self, move: Move) -> None:
        self._run(move.play(self._there))

    @invariant()
    def nothing_is_wrong(self) -> None:
        self._run(self._there.look_for_contradictions())
        self._check()

    def teardown(self) -> None:
        if self._world is None:
            return
        try:
            if not self._red:
                self._run(self._end(self._world))
                self._check()
        finally:
            self.runner.run(self._world.end())
            log.info("%s", "\n".join(["an example:", *self._world.story]))

    @staticmethod
    async def _begin(world: World) -> None:
        await world.begin()
        await world.step(world.operator)
        await world.step(world.executor)

    @staticmethod
    async def _end(world: World) -> None:
        """Nothing is stuck: everything comes to rest, and a fresh yes is heard. Then judge."""
        world.tell("and in the end:")
        await world.switch(None)
        for deed in (lets_go_on, takes_the_no_back):
            await deed(world)
        await world.settle()
        await withdraws(world)
        await world.settle()
        world.tell(f"  {await do(world, alice_approves)}")
        await world.settle()
        for diagnosis in await world.living():
            world.count(f"ended as {diagnosis.status.state}")
            asked = diagnosis.annotation(names.APPROVE)
            if asked is not None and condition(diagnosis.status, "Approved") is None:
                world.problems.append(f"nobody heard the yes to {diagnosis.metadata.name}")
        await world.look_for_contradictions()
        await world.judge()

    @property
    def _there(self) -> World:
        assert self._world is not None
        return self._world

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            self.runner.run(work)
        except Exception as error:
            self._red = True
            error.add_note("\n".join(["The story:", *self._there.story]))
            raise

    def _check(self) -> None:
        if self._there.problems:
            self._red = True
            raise AssertionError(
                "\n".join([*self._there.problems, "The story:", *self._there.story])
            )
