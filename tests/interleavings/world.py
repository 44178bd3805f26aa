"""One example: a sick Deployment, the Diagnoses made for it, the roles, and all that happened."""

import asyncio
import copy
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from podiatrist.api import names
from podiatrist.api.diagnosis import Diagnosis
from podiatrist.cluster.client import Client
from podiatrist.cluster.errors import ClusterError, NotFoundError
from podiatrist.cluster.kinds import DEPLOYMENT, DIAGNOSIS, NAMESPACE, Object
from podiatrist.cluster.store import parse_diagnosis, spec_hash
from podiatrist.lifecycle import executor_steps, operator_steps
from podiatrist.lifecycle.next_step import Step
from tests.e2e.kube import deployment, requiring
from tests.interleavings.clock import Clock
from tests.interleavings.judge import Court, at_rest, contradictions, mark_removed, mark_set
from tests.interleavings.role import TIMING, Role
from tests.interleavings.trail import Trail
from tests.interleavings.wire import Interruption, Sent

LABEL = "podiatrist.test/no-node-has-it"

_PATIENCE = 60.0
"""Seconds in which everything must come to rest; pods take a second or two, or ten on a busy
machine."""

_PUSH = 8.0
"""Seconds of waiting for pods after which the clock of the roles is put forward."""


@dataclass(frozen=True)
class People:
    """Who is connected: the cluster's admin, two who may approve, and one who may only edit."""

    admin: Client
    alice: Client
    bob: Client
    mallory: Client
    operator: Client
    executor: Client


@dataclass
class Ground:
    """What all examples share."""

    namespace: str
    people: People
    trail: Trail
    happened: Counter[str]
    examples: int = 0


class World:
    """The world of one example."""

    def __init__(self, ground: Ground, *, curable: bool) -> None:
        ground.examples += 1
        self.ground = ground
        self.people = ground.people
        self.namespace = ground.namespace
        ground.happened["examples"] += 1
        self.name = f"web{ground.examples}"
        self.curable = curable
        self.court = Court({"alice", "bob"}, self.name)
        self.story: list[str] = []
        self._began = time.monotonic()
        self.problems: list[str] = []
        self.diagnoses: list[str] = []
        self.spec: Object = {}
        self.switched_off = False
        self.clock = Clock()
        self.readings: list[Diagnosis] = []
        self.approved_at: dict[str, datetime] = {}
        self._before_fix: dict[str, Object] = {}
        self._writes = 0
        people = ground.people
        self.operator = Role(
            "operator", people.operator, operator_steps.STEPS, self.clock, self._witness
        )
        self.executor = Role(
            "executor", people.executor, executor_steps.STEPS, self.clock, self._witness
        )
        self.second_executor = Role(
            "second executor", people.executor, executor_steps.STEPS, self.clock, self._witness
        )

    def tell(self, what: str) -> None:
        """Add a line to the story."""
        self.story.append(f"{time.monotonic() - self._began:6.2f} {what}")

    def count(self, what: str) -> None:
        """Count something, over all examples."""
        self.ground.happened[what] += 1

    async def begin(self) -> None:
        """Make the Deployment that nothing runs, and have it diagnosed by hand."""
        self.ground.trail.read()
        await self.make_deployment()
        await self.ask()

    async def make_deployment(self) -> None:
        """Make the Deployment; where it is not curable its image is missing, too."""
        pull = {} if self.curable else {"imagePullPolicy": "Never", "image": "none.example/none:1"}
        raw = deployment(self.name, container=pull, affinity=requiring(LABEL))
        self.saw(await self.people.alice.create(DEPLOYMENT, self.namespace, raw))

    async def ask(self) -> None:
        """Make a Diagnosis by hand: an episode of its own."""
        name = f"{self.name}-{'abcdefgh'[len(self.diagnoses)]}"
        target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": self.name}
        body = {
            "apiVersion": names.API_VERSION,
            "kind": names.KIND,
            "metadata": {"name": name, "namespace": self.namespace},
            "spec": {"target": target},
        }
        await self.people.admin.create(DIAGNOSIS, self.namespace, body)
        self.diagnoses.append(name)

    def saw(self, raw: Object) -> None:
        """Remember the target's spec after a write: nobody but us changes it."""
        self.spec = raw["spec"]

    async def edit(self, body: Object) -> None:
        """Let a person change the target."""
        self.saw(await self.people.alice.merge_patch(DEPLOYMENT, self.namespace, self.name, body))

    async def annotate(self, client: Client, name: str, annotation: str, value: str | None) -> None:
        """Let a person annotate a Diagnosis. Raises RefusedError, NotFoundError."""
        body = {"metadata": {"annotations": {annotation: value}}}
        await client.merge_patch(DIAGNOSIS, self.namespace, name, body)

    async def switch(self, value: str | None) -> None:
        """Throw the namespace's kill switch, or take it back."""
        body = {"metadata": {"labels": {names.EXECUTION: value}}}
        await self.people.admin.merge_patch(NAMESPACE, None, self.namespace, body)
        self.switched_off = value is not None

    async def living(self) -> list[Diagnosis]:
        """Return the Diagnoses of this example that are there, the newest last."""
        raws = await self.people.admin.list_all(DIAGNOSIS, self.namespace)
        ours = {r["metadata"]["name"]: r for r in raws if r["metadata"]["name"] in self.diagnoses}
        found = []
        for name in self.diagnoses:
            if name in ours:
                parsed = parse_diagnosis(ours[name])
                if parsed is None:
                    self.problems.append(f"{name} cannot be read: {ours[name].get('status')}")
                else:
                    found.append(parsed)
        return found

    async def newest(self) -> Diagnosis | None:
        """Return the newest Diagnosis of this example, None where all are gone."""
        living = await self.living()
        return living[-1] if living else None

    async def step(
        self,
        role: Role,
        interruption: Interruption | None = None,
        intruder: Callable[["World"], Awaitable[str]] | None = None,
    ) -> None:
        """Let a role do one step for each Diagnosis."""
        if interruption is not None and intruder is not None and not interruption.at:
            self.tell(f"{intruder.__name__}, just before: {await do(self, intruder)}")
            self.count("intrusions")
        for name in list(self.diagnoses):
            reading = await role.read(self.namespace, name)
            if reading is None:
                continue
            if role is self.executor and role.due(reading) not in (None, Step.PREVIEW):
                self.readings.append(reading.model_copy(deep=True))
            await self.step_from(role, reading, interruption, intruder)

    async def step_from(
        self,
        role: Role,
        reading: Diagnosis,
        interruption: Interruption | None = None,
        intruder: Callable[["World"], Awaitable[str]] | None = None,
    ) -> None:
        """Let a role do the step that is due by a reading, be it an old one."""

        async def intrude() -> None:
            if intruder is not None:
                self.tell(f"    meanwhile {intruder.__name__}: {await do(self, intruder)}")
                self.count("intrusions")

        came_of_it = await role.step(
            reading,
            switched_off=self.switched_off,
            interruption=interruption,
            intruder=intrude,
        )
        armed = f" ({interruption.blow} {interruption.at})" if interruption else ""
        self.tell(f"  {role.name}, {reading.metadata.name}{armed}: {came_of_it}")
        self.count(f"{role.name}: {came_of_it.split(':')[0]}")
        if "killed" in came_of_it:
            self.count("crashes")

    def _witness(self, sent: Sent) -> None:
        """Hold a write on the target against what a fix may do to it, at the moment it is done."""
        if not sent.path.startswith(DEPLOYMENT.path(self.namespace)):
            return
        self._writes += 1
        before, after = self.spec, sent.answer["spec"]
        self.saw(sent.answer)
        mark, unmark = mark_set(sent.body), mark_removed(sent.body)
        self.tell(f"    -> {'fix' if mark else 'inverse'} {mark or unmark}")
        self.count("fixes" if mark else "inverses")
        found = (
            _what_is_wrong_with_a_fix(sent, before, after, mark, self.approved_at)
            if mark
            else _what_is_wrong_with_an_inverse(before, after, self._before_fix.get(unmark or ""))
        )
        if mark:
            self._before_fix[mark] = before
        self.problems += [f"{sent.method} {mark or unmark}: {problem}" for problem in found]

    async def look_for_contradictions(self) -> None:
        """Check what every Diagnosis says now."""
        for diagnosis in await self.living():
            self.problems += contradictions(diagnosis)

    async def settle(self) -> None:
        """Let both roles work until nothing changes any more. Adds a problem where that never is.

        Pods take their time; for what only time settles, the roles' clock is put forward.
        """
        began = pushed = time.monotonic()
        quiet = False
        while not quiet:
            before = [d.metadata.resource_version for d in await self.living()]
            await self.step(self.executor)
            await self.step(self.operator)
            seen = await self.living()
            same = before == [d.metadata.resource_version for d in seen]
            quiet = same and all(map(self._done, seen))
            now = time.monotonic()
            if same and not quiet:
                await asyncio.sleep(0.15)
            if now - pushed > _PUSH:
                pushed = now
                await self.clock.leap(timedelta(minutes=1))
            if now - began > _PATIENCE:
                self.problems += [
                    f"{d.metadata.name} is stuck: {d.status.state}, {d.status.conditions}"
                    for d in seen
                    if not self._done(d)
                ]
                return

    def _done(self, diagnosis: Diagnosis) -> bool:
        return at_rest(diagnosis) and self.executor.due(diagnosis) is None

    async def judge(self) -> None:
        """Hold the API server's own trail of this example against the rules."""
        end = time.monotonic() + 5
        while True:  # an answer may be here before its line is
            self.court.hear(self.ground.trail.read())
            written = sum(r.forward + r.inverse for r in self.court.runs.values())
            if written >= self._writes or time.monotonic() > end:
                break
            await asyncio.sleep(0.05)
        if written != self._writes:
            self.court.problems.append(f"{self._writes} writes were seen, {written} are on record")
        self.problems += self.court.problems

    async def end(self) -> None:
        """Take away what the example left."""
        if self.switched_off:
            await self.switch(None)
        gone: Any = {"propagationPolicy": "Background"}
        for kind, name in ((DEPLOYMENT, self.name), *((DIAGNOSIS, d) for d in self.diagnoses)):
            try:
                await self.people.admin.delete(kind, self.namespace, name, gone)
            except NotFoundError:
                continue


async def do(world: World, deed: Callable[[World], Awaitable[str]]) -> str:
    """Let a person do something; what the API server says to it is an answer too."""
    try:
        return await deed(world)
    except ClusterError as error:
        return f"{type(error).__name__}: {error}"


def without_rule(spec: Object) -> Object:
    """Return the spec as our fix leaves it."""
    made = copy.deepcopy(spec)
    made["template"]["spec"].pop("affinity", None)
    return made


def _what_is_wrong_with_a_fix(
    sent: Sent, before: Object, after: Object, mark: str, approved_at: Mapping[str, datetime]
) -> list[str]:
    reading = sent.reading
    if reading is None or reading.status.observed_target is None or not reading.status.execution:
        return ["it stands on no reading of an intent"]
    name, digest, run = mark.split("/")
    life = timedelta(seconds=TIMING.approval_life)
    wrong = {
        "the approval was gone when the step began": reading.annotation(names.APPROVE) != digest,
        "it was rejected before the step began": reading.annotation(names.REJECT) is not None,
        "it was paused before the step began": reading.annotation(names.PAUSE) is not None,
        "the approval was too old": sent.began is None
        or name not in approved_at
        or sent.began - approved_at[name] > life + timedelta(seconds=10),
        "it is not the run that was read": reading.status.execution.run != run,
        "the target is not the one approved": (
            spec_hash({"spec": before}) != reading.status.observed_target.spec_hash
        ),
        "it does more, or less, than to drop the rule": after != without_rule(before),
        "the kill switch was thrown before": sent.switched_off,
    }
    return [problem for problem, found in wrong.items() if found]


def _what_is_wrong_with_an_inverse(before: Object, after: Object, was: Object | None) -> list[str]:
    if was is None:
        return ["it undoes what was never done"]
    wanted = copy.deepcopy(before)
    wanted["template"]["spec"]["affinity"] = was["template"]["spec"]["affinity"]
    wrong = {
        "somebody's own rule was overwritten": "affinity" in before["template"]["spec"],
        "it does more, or less, than to put the rule back": after != wanted,
    }
    return [problem for problem, found in wrong.items() if found]
