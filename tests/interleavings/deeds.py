"""What people do, at any time: each returns what came of it. None of it is ever an error here."""

import contextlib
from datetime import timedelta

from podiatrist.actions.base import Action
from podiatrist.actions.drop_node_rule import DropNodeRule
from podiatrist.actions.label_node import LabelNode
from podiatrist.api import names
from podiatrist.cluster.client import Client
from podiatrist.cluster.errors import NotFoundError, RefusedError
from podiatrist.cluster.kinds import DEPLOYMENT
from tests.e2e.kube import requiring
from tests.interleavings.world import LABEL, World

_MOST_DIAGNOSES = 4


async def _template(world: World, container: dict[str, object]) -> str:
    named = {"name": "app", **container}
    before = world.spec["template"]["spec"]["containers"][0]
    await world.edit({"spec": {"template": {"spec": {"containers": [{**before, **named}]}}}})
    return "done"


async def scales_up(world: World) -> str:
    """An edit beside what the fix changes."""
    await world.edit({"spec": {"replicas": 2}})
    return "done"


async def scales_down(world: World) -> str:
    """Back to what it was."""
    await world.edit({"spec": {"replicas": 1}})
    return "done"


async def sets_a_variable(world: World) -> str:
    """An edit of the template."""
    return await _template(world, {"env": [{"name": "COLOUR", "value": "blue"}]})


async def takes_the_variable_back(world: World) -> str:
    """Back to what it was."""
    return await _template(world, {"env": []})


async def drops_the_rule(world: World) -> str:
    """What our fix would do: the workload gets well without us, or twice."""
    await world.edit({"spec": {"template": {"spec": {"affinity": None}}}})
    return "done"


async def sets_the_rule(world: World) -> str:
    """It was that way when it was diagnosed: sick again, or our fix is reverted by hand."""
    await world.edit({"spec": {"template": {"spec": {"affinity": requiring(LABEL)}}}})
    return "done"


async def sets_another_rule(world: World) -> str:
    """The same field as our fix, another value."""
    await world.edit({"spec": {"template": {"spec": {"affinity": requiring(f"{LABEL}-2")}}}})
    return "done"


async def annotates_the_target(world: World) -> str:
    """A change that is none of the spec."""
    await world.edit({"metadata": {"annotations": {"example.com/team": "shop"}}})
    return "done"


async def removes_the_mark(world: World) -> str:
    """What tells us of our own run is gone."""
    await world.edit({"metadata": {"annotations": {names.FIX: None}}})
    return "done"


EDITS = (
    scales_up,
    scales_down,
    sets_a_variable,
    takes_the_variable_back,
    drops_the_rule,
    sets_the_rule,
    sets_another_rule,
    annotates_the_target,
    removes_the_mark,
)


async def _approve(world: World, client: Client, digest: str | None, who: str) -> str:
    found = await world.newest()
    if found is None or digest is None:
        return "there is nothing to approve"
    await world.annotate(client, found.metadata.name, names.APPROVE, digest)
    if found.annotation(names.APPROVE) != digest:
        world.approved_at[found.metadata.name] = world.clock.now()
    world.count(f"approvals of {who}")
    return f"{digest} of {found.metadata.name}"


async def _digest(world: World, action: type[Action] = DropNodeRule) -> str | None:
    """Return the first option of one action; others are offered, too (a rollout back, say)."""
    found = await world.newest()
    return next(
        (
            option.digest
            for option in (found.status.options if found else [])
            if [record.type for record in option.actions] == [action.__name__]
        ),
        None,
    )


async def alice_approves(world: World) -> str:
    """The first option that is offered now."""
    return await _approve(world, world.people.alice, await _digest(world), "alice")


async def bob_approves(world: World) -> str:
    """A second approver."""
    return await _approve(world, world.people.bob, await _digest(world), "bob")


async def alice_approves_what_was(world: World) -> str:
    """An option of the target as it was: on a list that is printed on her desk."""
    found = await world.newest()
    old = found.status.superseded[-1] if found and found.status.superseded else None
    return await _approve(world, world.people.alice, old, "alice, of the past")


async def alice_approves_what_she_may_not_do(world: World) -> str:
    """To label the node would help as well; she has no right to; admission must refuse it."""
    digest = await _digest(world, LabelNode)
    try:
        said = await _approve(world, world.people.alice, digest, "alice, of a node")
    except RefusedError:
        return "refused, as it must be"
    if digest is not None and said.startswith(digest):
        world.problems.append(f"admission let alice change a node: {said}")
    return said


async def alice_approves_rubbish(world: World) -> str:
    """A digest of nothing; admission must refuse it."""
    try:
        said = await _approve(world, world.people.alice, "deadbeef", "rubbish")
    except RefusedError:
        return "refused, as it must be"
    if said.startswith("deadbeef"):
        world.problems.append(f"admission took rubbish: {said}")
    return said


async def mallory_approves(world: World) -> str:
    """One who may edit everything here, and not approve; admission must refuse it."""
    found = await world.newest()
    digest = await _digest(world)
    if found is not None and found.annotation(names.APPROVE) == digest:
        return "it is approved already: that changes nothing"
    try:
        said = await _approve(world, world.people.mallory, digest, "mallory")
    except RefusedError:
        return "refused, as it must be"
    if digest is not None and said.startswith(digest):
        world.problems.append(f"admission let mallory approve: {said}")
    return said


async def _annotate_all(world: World, annotation: str, value: str | None) -> str:
    for diagnosis in await world.living():
        with contextlib.suppress(NotFoundError):
            await world.annotate(world.people.bob, diagnosis.metadata.name, annotation, value)
    return "done"


async def withdraws(world: World) -> str:
    """The yes is taken back."""
    return await _annotate_all(world, names.APPROVE, None)


async def rejects(world: World) -> str:
    """No."""
    return await _annotate_all(world, names.REJECT, "not on a Friday")


async def takes_the_no_back(world: World) -> str:
    """Not no."""
    return await _annotate_all(world, names.REJECT, None)


async def asks_to_retry(world: World) -> str:
    """Look again, whatever the state."""
    return await _annotate_all(world, names.RETRY, str(len(world.story)))


async def pauses(world: World) -> str:
    """Hands off."""
    return await _annotate_all(world, names.PAUSE, "true")


async def lets_go_on(world: World) -> str:
    """Hands on."""
    return await _annotate_all(world, names.PAUSE, None)


DECISIONS = (
    bob_approves,
    alice_approves_what_was,
    alice_approves_what_she_may_not_do,
    alice_approves_rubbish,
    mallory_approves,
    withdraws,
    rejects,
    takes_the_no_back,
    asks_to_retry,
    pauses,
    lets_go_on,
)


async def switches_off(world: World) -> str:
    """Throw the kill switch of the namespace."""
    await world.switch("off")
    return "done"


async def switches_on(world: World) -> str:
    """Take it back."""
    await world.switch(None)
    return "done"


async def makes_the_target_anew(world: World) -> str:
    """Delete it and create it under the same name; its Diagnosis goes with the old one."""
    if len(world.diagnoses) >= _MOST_DIAGNOSES:
        return "enough of that"
    gone = {"propagationPolicy": "Background"}
    await world.people.alice.delete(DEPLOYMENT, world.namespace, world.name, gone)
    await world.make_deployment()
    await world.ask()
    return "done"


async def asks_for_a_second_opinion(world: World) -> str:
    """Another Diagnosis of the same target, with the same options and digests."""
    if len(world.diagnoses) >= _MOST_DIAGNOSES:
        return "enough of that"
    await world.ask()
    return "done"


async def waits_a_minute(world: World) -> str:
    """Longer than a fix may take."""
    await world.clock.leap(timedelta(minutes=1))
    return "done"


async def waits_an_hour(world: World) -> str:
    """Longer than an approval lives."""
    await world.clock.leap(timedelta(hours=1))
    return "done"


EVENTS = (
    switches_off,
    switches_on,
    makes_the_target_anew,
    asks_for_a_second_opinion,
    waits_a_minute,
    waits_an_hour,
)
