"""A fix that was taken back after it had succeeded is told, with who did it."""

import asyncio
import copy
import json
from datetime import timedelta
from typing import Any

import pytest

from podiatrist.actions.patches import MISSING, Change, patch_of
from podiatrist.api.diagnosis import (
    AppliedPatch,
    Approval,
    Diagnosis,
    Execution,
    ObjectRef,
    State,
)
from podiatrist.cluster.field_managers import FieldOwner
from podiatrist.cluster.snapshot import Snapshot
from podiatrist.lifecycle.reverted import Reverted, by_whom, causes, reverted, tell_taken_back
from tests.unit.builders import World, container, deployment
from tests.unit.stories import NOW, diagnosis, option
from tests.unit.test_field_managers import recorded

WEB = ObjectRef(api_version="apps/v1", kind="Deployment", namespace="shop", name="web")
ARGO = WEB.model_copy(update={"namespace": "gitops-rec", "name": "argo"})
IMAGE = ("spec", "template", "spec", "containers", "0", "image")
FIX = Change(IMAGE, "ngnix", "nginx")


def patch(*changes: Change, uid: str = "uid-web", ref: ObjectRef = WEB) -> AppliedPatch:
    return AppliedPatch(object=ref, patch=patch_of(list(changes), uid))


def web(image: str, **spec: Any) -> Any:
    made = deployment(containers=[container(image=image)])
    made["spec"] |= spec
    return made


def test_who_took_an_image_back_is_named_from_what_the_server_keeps() -> None:
    """Given a fix of ours that Argo CD applied over, as recorded: argocd-controller at its time."""
    fixed, back = recorded("argo-cd-fixed"), recorded("argo-cd-taken-back")
    sent = [patch(FIX, uid=fixed["metadata"]["uid"], ref=ARGO)]
    assert reverted(sent, {ARGO: fixed}) == []
    (field,) = reverted(sent, {ARGO: back})
    assert field.path == "/spec/template/spec/containers/0/image"
    assert by_whom([field]) == "by argocd-controller (Argo CD) at 18:41:59 UTC"


def test_only_the_old_value_is_a_fix_taken_back() -> None:
    """Given a third image, somebody went on from the fix; the fix was not taken back."""
    sent = [patch(FIX)]
    assert reverted(sent, {WEB: web("nginx")}) == []
    assert reverted(sent, {WEB: web("nginx:1.28")}) == []
    assert reverted(sent, {WEB: web("ngnix")}) == [
        Reverted(WEB, "/spec/template/spec/containers/0/image", None)
    ]


def test_an_object_made_anew_or_unknown_tells_nothing() -> None:
    anew = web("ngnix")
    anew["metadata"]["uid"] = "another"
    assert reverted([patch(FIX)], {WEB: anew}) == []
    assert reverted([patch(FIX)], {}) == []


def test_what_a_fix_had_added_or_removed_counts_too() -> None:
    added, removed = (
        Change(("spec", "minReadySeconds"), MISSING, 5),
        Change(("spec", "paused"), True, MISSING),
    )
    sent = [patch(added, removed)]
    assert [f.path for f in reverted(sent, {WEB: web("x", paused=True)})] == [
        "/spec/minReadySeconds",
        "/spec/paused",
    ]
    assert reverted(sent, {WEB: web("x", minReadySeconds=5)}) == []


def test_a_deletion_is_never_taken_back() -> None:
    gone = AppliedPatch(object=WEB, patch='{"preconditions":{"uid":"uid-web"}}', verb="delete")
    assert reverted([gone], {WEB: web("ngnix")}) == []


def test_the_last_one_on_record_is_told_and_else_that_nobody_is() -> None:
    early, late = FieldOwner("a", NOW), FieldOwner("b", NOW + timedelta(seconds=1), "scale")
    fields = [Reverted(WEB, "/x", owner) for owner in (late, early, None)]
    assert by_whom(fields) == "by b (through subresource scale) at 12:00:01 UTC"
    assert "nobody is on record" in by_whom(fields[2:])


class Known:
    """A store that holds some Diagnoses."""

    def __init__(self, *known: Diagnosis) -> None:
        self.known = known

    async def in_namespace(self, namespace: str) -> list[Diagnosis]:
        return [d for d in self.known if d.metadata.namespace == namespace]


def episode(name: str, state: State) -> Diagnosis:
    """Return a Diagnosis that set the image and came to its end."""
    made = diagnosis(options=[option("1a2b")])
    made.metadata.name = name
    made.spec.target.uid = "uid-web"
    made.status.state = state
    made.status.options[0].title = "Set image to nginx"
    made.status.approval = Approval(digest="1a2b", at=NOW)
    made.status.execution = Execution(started_at=NOW, patches=[patch(FIX)], inverse=[], applied=1)
    return made


def told(name: str, image: str, *known: Diagnosis, related: list[ObjectRef] | None = None) -> Any:
    fresh = diagnosis("Diagnosed=True:CauseFound")
    fresh.metadata.name = name
    fresh.status.summary, fresh.status.root_cause = "it is sick", "It is sick."
    fresh.status.related_to = related or []
    raw = web(image)
    raw["metadata"]["managedFields"] = [
        {
            "manager": "argocd-controller",
            "time": "2026-11-03T11:59:00Z",
            "fieldsV1": json.loads(
                '{"f:spec":{"f:template":{"f:spec":{"f:containers":'
                '{"k:{\\"name\\":\\"app\\"}":{"f:image":{}}}}}}}'
            ),
        }
    ]
    snapshot: Snapshot = World(raw).snapshot()
    context: Any = type("Context", (), {"store": Known(*known)})
    asyncio.run(tell_taken_back(context, fresh, snapshot))
    return fresh


def test_the_next_episode_says_that_the_fix_was_taken_back() -> None:
    first = episode("web-7f3a9c", State.SUCCEEDED)
    second = told("web-7f3a9c-2", "ngnix", first)
    assert second.status.root_cause == (
        "The fix of web-7f3a9c (Set image to nginx) was taken back by argocd-controller (Argo CD) "
        "at 11:59:00 UTC. It is sick."
    )
    assert second.status.summary.endswith("at 11:59:00 UTC: it is sick")
    assert second.status.related_to == [first.ref]


def test_an_earlier_episode_is_no_cause() -> None:
    """Given the cause in another object as well, both are related, and one is the cause."""
    first = episode("web-7f3a9c", State.SUCCEEDED)
    other = first.ref.model_copy(update={"name": "db-112233"})
    second = told("web-7f3a9c-2", "ngnix", first, related=[other])
    assert second.status.related_to == [other, first.ref]
    assert causes(second) == [other]


@pytest.mark.parametrize(
    ("name", "image", "state"),
    [
        ("web-7f3a9c", "ngnix", State.SUCCEEDED),  # the first episode of all
        ("web-7f3a9c-2", "nginx", State.SUCCEEDED),  # the fix is in place
        ("web-7f3a9c-2", "ngnix", State.ROLLED_BACK),  # we took it back ourselves
    ],
)
def test_otherwise_nothing_is_said(name: str, image: str, state: State) -> None:
    found = told(name, image, episode("web-7f3a9c", state))
    assert (found.status.root_cause, found.status.related_to) == ("It is sick.", [])


def test_the_episode_right_before_counts() -> None:
    """Given a success, then an episode that got well by itself: the latter tells nothing."""
    first, second = (
        episode("web-7f3a9c", State.SUCCEEDED),
        episode("web-7f3a9c-2", State.RESOLVED),
    )
    second.status.execution = None
    known = [copy.deepcopy(first), second]
    assert told("web-7f3a9c-3", "ngnix", *known).status.root_cause == "It is sick."
