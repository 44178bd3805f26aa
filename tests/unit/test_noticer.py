"""From what feeds see to looks: one for each owner, when it is due, and never a storm of them.

The diagnoser is a stand-in that writes down what it is asked to look at; the clock is the loop's.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from podiatrist.cluster.errors import NotFoundError, UnreachableError
from podiatrist.cluster.kinds import DEPLOYMENT, NODE, REPLICA_SET
from podiatrist.cluster.objects import Event, Pod, parse
from podiatrist.notice.diagnoser import Outcome
from podiatrist.notice.noticer import Noticer
from podiatrist.notice.owners import Target
from podiatrist.notice.symptoms import Grace
from podiatrist.notice.watchlist import Watchlist
from tests.unit.builders import NOW, deployment, not_found, pod_of, running, waiting
from tests.unit.jumping_loop import JumpingLoop, run_on

WEB = Target.of(DEPLOYMENT, "shop", "web")
N1 = Target.of(NODE, "", "n1")
WELL, SICK = Outcome(sick=False), Outcome(sick=True)


class World:
    """Owners and diagnoser in one: every pod is web's; looks are written down with their time."""

    def __init__(self, loop: JumpingLoop) -> None:
        self.loop = loop
        self.looks: list[tuple[float, Target]] = []
        self.answers: list[Outcome | Exception] = []
        self.climbs: list[Exception] = []
        watchlist = Watchlist(Grace())
        self.noticer = Noticer(self, self, watchlist, self.clock)  # type: ignore[arg-type]

    def clock(self) -> datetime:
        return NOW + timedelta(seconds=self.loop.time())

    async def top(self, pod: Pod) -> Target:
        if self.climbs:
            raise self.climbs.pop(0)
        return WEB

    async def above(self, target: Target) -> Target:
        return WEB if target.kind == "ReplicaSet" else target

    async def look(self, target: Target) -> Outcome:
        self.looks.append((self.loop.time(), target))
        answer = self.answers.pop(0) if self.answers else SICK
        if isinstance(answer, Exception):
            raise answer
        return answer

    @property
    def times(self) -> list[float]:
        return [at for at, _ in self.looks]


def play(story: Callable[[World], Awaitable[None]]) -> World:
    loop = JumpingLoop()
    world = World(loop)

    async def begin() -> None:
        running_noticer = asyncio.create_task(world.noticer.run())
        await story(world)
        running_noticer.cancel()
        await asyncio.gather(running_noticer, return_exceptions=True)

    run_on(loop, begin())
    return world


def pod(raw: Any) -> Pod:
    parsed = parse(Pod, raw)
    assert parsed is not None
    return parsed


def sick(number: int = 1) -> Pod:
    return pod(not_found(pod_of(deployment(), number), "docker.io/library/ngnix:latest"))


def test_fifty_sick_pods_of_one_owner_are_one_look() -> None:
    async def story(world: World) -> None:
        for number in range(50):
            world.noticer.pod_seen(sick(number))
        await asyncio.sleep(30)

    assert play(story).looks == [(15, WEB)]  # when the grace of a failed pull is over


def test_a_pod_that_got_well_in_time_is_not_looked_at() -> None:
    async def story(world: World) -> None:
        world.noticer.pod_seen(sick())
        await asyncio.sleep(10)
        world.noticer.pod_seen(pod(running(pod_of(deployment()))))
        await asyncio.sleep(300)

    assert play(story).looks == []


def test_a_pod_that_was_deleted_in_time_is_not_looked_at() -> None:
    async def story(world: World) -> None:
        world.noticer.pod_seen(sick())
        world.noticer.pod_seen(sick(), deleted=True)
        await asyncio.sleep(300)

    assert play(story).looks == []


def test_what_got_worse_is_looked_at_sooner() -> None:
    async def story(world: World) -> None:
        world.noticer.pod_seen(pod(waiting(pod_of(deployment()), "ContainerCreating")))  # 60 s
        await asyncio.sleep(5)
        world.noticer.pod_seen(pod(waiting(pod_of(deployment()), "CrashLoopBackOff")))
        await asyncio.sleep(1)

    assert play(story).times == [5]


def test_a_workload_that_stays_sick_is_looked_at_ever_more_seldom() -> None:
    async def story(world: World) -> None:
        world.noticer.suspect(WEB)
        await asyncio.sleep(3600)

    assert play(story).times == [0, 60, 180, 420, 900, 1500, 2100, 2700, 3300]


def test_pods_that_crash_on_and_on_bring_no_storm_of_looks() -> None:
    async def story(world: World) -> None:
        for _ in range(100):  # every second another crash, and a moment in which it runs
            for number in range(20):
                world.noticer.pod_seen(
                    pod(waiting(pod_of(deployment(), number), "CrashLoopBackOff"))
                )
            await asyncio.sleep(0.5)
            for number in range(20):
                world.noticer.pod_seen(pod(running(pod_of(deployment(), number))))
            await asyncio.sleep(0.5)

    times = play(story).times
    assert all(after - before >= 20 for before, after in pairwise(times))
    assert len(times) in (5, 6)


def test_a_workload_that_is_well_is_forgotten_and_looked_at_again_at_once() -> None:
    async def story(world: World) -> None:
        world.answers = [WELL]
        world.noticer.suspect(WEB)
        await asyncio.sleep(120)
        world.noticer.suspect(WEB)
        await asyncio.sleep(1)

    assert play(story).times == [0, 120]


def test_a_young_symptom_is_waited_for() -> None:
    async def story(world: World) -> None:
        world.answers = [Outcome(sick=True, wait=7)]
        world.noticer.suspect(WEB)
        await asyncio.sleep(10)

    assert play(story).times == [0, 7]


def test_whose_fault_it_is_gets_a_look() -> None:
    async def story(world: World) -> None:
        world.answers = [Outcome(sick=True, causes=(N1,))]
        world.noticer.suspect(WEB)
        await asyncio.sleep(1)

    assert play(story).looks == [(0, WEB), (0, N1)]


@pytest.mark.parametrize(
    ("error", "times"),
    [(UnreachableError("no"), [0, 10]), (NotFoundError("gone"), [0]), (ValueError("us"), [0])],
)
def test_a_look_that_fails_is_repeated_unless_the_target_is_gone(
    error: Exception, times: list[float]
) -> None:
    async def story(world: World) -> None:
        world.answers = [error]
        world.noticer.suspect(WEB)
        await asyncio.sleep(30)

    assert play(story).times == times


def test_an_owner_that_cannot_be_found_is_looked_for_again() -> None:
    async def story(world: World) -> None:
        world.climbs = [UnreachableError("no"), UnreachableError("no")]
        world.noticer.pod_seen(sick())
        await asyncio.sleep(60)

    assert play(story).times == [35]  # 15 of grace, twice 10 of patience


def event(reason: str, kind: str = "ReplicaSet", name: str = "web-h1") -> Event:
    about = {"apiVersion": "apps/v1", "kind": kind, "namespace": "shop", "name": name}
    parsed = parse(Event, {"reason": reason, "involvedObject": about})
    assert parsed is not None
    return parsed


def test_pods_that_are_never_made_are_the_deployments_trouble() -> None:
    async def story(world: World) -> None:
        for _ in range(50):
            world.noticer.event_seen(event("FailedCreate"))
        await asyncio.sleep(30)

    looks = play(story).looks
    assert looks == [(15, WEB)]
    assert Target.of(REPLICA_SET, "shop", "web-h1") not in [t for _, t in looks]


@pytest.mark.parametrize(
    "seen", [event("Unhealthy"), event("FailedCreate", "Widget"), event("FailedCreate", name="")]
)
def test_other_events_are_left_alone(seen: Event) -> None:
    async def story(world: World) -> None:
        world.noticer.event_seen(seen)
        await asyncio.sleep(300)

    assert play(story).looks == []
