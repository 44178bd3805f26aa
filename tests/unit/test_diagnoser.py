"""One look: is it worth a Diagnosis, whose, and does one tell the story already?

Reader and store are stand-ins that hold one snapshot and what was created.
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest

from podiatrist.analyzers import analyze
from podiatrist.api import names
from podiatrist.api.diagnosis import Diagnosis, ObservedTarget, State
from podiatrist.cluster.kinds import DEPLOYMENT, NAMESPACE, NODE, Kind
from podiatrist.cluster.snapshot import Snapshot
from podiatrist.cluster.store import spec_hash
from podiatrist.notice.diagnoser import Diagnoser, Outcome
from podiatrist.notice.limits import Gate, Limits
from podiatrist.notice.owners import Target
from podiatrist.notice.symptoms import Grace
from podiatrist.notice.watchlist import Watchlist
from tests.unit.builders import (
    NOW,
    World,
    copy_of,
    deployment,
    node,
    not_found,
    pod_of,
    running,
    unscheduled,
    waiting,
)
from tests.unit.stories import diagnosis

WEB = deployment()
TARGET = Target.of(DEPLOYMENT, "shop", "web")
GRACE = Grace(unschedulable=0, image=0, start=0, crash=0, unexplained=90)


class Cluster:
    """Reader, store and client in one."""

    def __init__(
        self,
        world: World,
        known: Sequence[Diagnosis] = (),
        namespace: dict[str, str] | None = None,
    ) -> None:
        self.world = world
        self.known = list(known)
        self.annotations = namespace or {}
        self.live = world.target
        self.made: list[str] = []
        self.now = NOW

    async def read(self, *_: Any) -> Snapshot:
        return self.world.snapshot()

    async def in_namespace(self, _: str) -> list[Diagnosis]:
        return self.known

    async def get(self, kind: Kind, *_: Any) -> Any:
        return {"metadata": {"annotations": self.annotations}} if kind is NAMESPACE else self.live

    async def create(self, namespace: str, target: Any, name: str) -> bool:
        self.made.append(f"{namespace}/{name} {target.kind}/{target.name}")
        return True

    def look(self, watchlist: Watchlist, target: Target = TARGET) -> Outcome:
        def clock() -> datetime:
            return self.now

        any_cluster: Any = self
        gate = Gate(Limits())
        diagnoser = Diagnoser(any_cluster, any_cluster, any_cluster, watchlist, gate, clock)
        return asyncio.run(diagnoser.look(target))


def sick() -> World:
    return World(WEB, [not_found(pod_of(WEB), "docker.io/library/ngnix:latest")])


def test_a_sick_workload_gets_a_diagnosis() -> None:
    cluster = Cluster(sick())
    assert cluster.look(Watchlist(GRACE)) == Outcome(sick=True)
    name = names.diagnosis_name("web", "uid-web")
    assert cluster.made == [f"shop/{name} Deployment/web"]


def test_a_healthy_one_gets_none() -> None:
    cluster = Cluster(World(WEB, [running(pod_of(WEB))]))
    assert cluster.look(Watchlist(GRACE)) == Outcome(sick=False)
    assert cluster.made == []


def test_a_symptom_that_is_too_young_is_waited_for() -> None:
    cluster = Cluster(sick())
    outcome = cluster.look(Watchlist(Grace(image=15)))
    assert outcome == Outcome(sick=True, wait=15)
    assert cluster.made == []


def test_a_hard_symptom_that_no_rule_explains_is_told_when_it_lasts() -> None:
    world = World(WEB, [waiting(pod_of(WEB), "SomethingNew")])
    assert analyze(world.snapshot()) == []
    cluster, watchlist = Cluster(world), Watchlist(GRACE)
    assert cluster.look(watchlist) == Outcome(sick=True, wait=5)
    assert cluster.made == []
    cluster.now = NOW + timedelta(seconds=91)
    cluster.look(watchlist)
    assert len(cluster.made) == 1


@pytest.mark.parametrize("annotation", [names.IGNORE, names.PAUSE])
def test_what_a_human_wants_left_alone_is_left_alone(annotation: str) -> None:
    marked = copy_of(WEB)
    marked["metadata"]["annotations"] = {annotation: "true"}
    world = sick()
    world.target = marked
    for cluster in (Cluster(world), Cluster(sick(), namespace={annotation: "yes"})):
        cluster.look(Watchlist(GRACE))
        assert cluster.made == []


def told(state: State, name: str = "web-abc123") -> Diagnosis:
    made = diagnosis("Diagnosed=True:CauseFound")
    made.metadata.name = name
    made.metadata.creation_timestamp = NOW - timedelta(days=1)
    made.spec.target.uid = "uid-web"
    made.status.state = state
    return made


@pytest.mark.parametrize(
    ("state", "made"),
    [
        (State.AWAITING_APPROVAL, 0),
        (State.NEEDS_HUMAN, 0),
        (State.EXECUTING, 0),
        (State.SUCCEEDED, 1),
        (State.RESOLVED, 1),
    ],
)
def test_one_open_diagnosis_tells_the_story(state: State, made: int) -> None:
    cluster = Cluster(sick(), [told(state)])
    cluster.look(Watchlist(GRACE))
    assert len(cluster.made) == made


def test_a_later_episode_has_the_next_number() -> None:
    cluster = Cluster(sick(), [told(State.RESOLVED, "web-abc123-2"), told(State.RESOLVED)])
    cluster.look(Watchlist(GRACE))
    assert cluster.made[0].split()[0].endswith("-3")


def test_a_fix_taken_back_while_we_looked_is_no_new_episode() -> None:
    """The snapshot still shows the fix, the Diagnosis already says that it was undone."""
    undone = told(State.ROLLED_BACK)
    cluster = Cluster(sick(), [undone])
    cluster.live = copy_of(WEB)
    cluster.live["spec"]["template"]["spec"]["containers"][0]["image"] = "as-it-was"
    undone.status.observed_target = ObservedTarget(uid="uid-web", spec_hash=spec_hash(cluster.live))
    cluster.look(Watchlist(GRACE))
    assert cluster.made == []


def test_pods_that_only_a_cordon_keeps_waiting_are_the_nodes_story() -> None:
    waiting_pod = unscheduled(pod_of(WEB))
    world = World(WEB, [waiting_pod], nodes=[node("n1", cordoned=True)])
    cluster = Cluster(world)
    outcome = cluster.look(Watchlist(GRACE))
    assert outcome.causes == (Target.of(NODE, "", "n1"),)
    assert cluster.made == []
