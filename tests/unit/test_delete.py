"""Sending deletions: once, of the pod that was approved, and of nobody else's."""

import asyncio
import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

import pytest

from podiatrist.actions.compiler import digest_of
from podiatrist.actions.delete_pod import DeletePod
from podiatrist.actions.patches import deletion_of
from podiatrist.actions.set_image import SetImage
from podiatrist.api.diagnosis import (
    ActionRecord,
    AppliedPatch,
    Approval,
    Execution,
    ObjectRef,
    ObservedTarget,
)
from podiatrist.cluster.errors import ConflictError, NotFoundError, RefusedError
from podiatrist.cluster.kinds import Kind
from podiatrist.lifecycle.context import Context
from podiatrist.lifecycle.execution.delete import ensure_deleted, send_deletion
from podiatrist.lifecycle.execution.outcome import Outcome
from podiatrist.lifecycle.execution.recorded import not_what_was_approved
from tests.unit.builders import copy_of
from tests.unit.stories import NOW, diagnosis, option

DB = ObjectRef(api_version="apps/v1", kind="StatefulSet", namespace="shop", name="db")
DB_0 = ObjectRef(api_version="v1", kind="Pod", namespace="shop", name="db-0")
ACTION = DeletePod(object=DB_0, owner=DB)
DELETION = AppliedPatch(object=DB_0, patch=deletion_of("uid-0"), verb="delete")

Object = dict[str, Any]


class Cluster:
    """An API server with one StatefulSet and its pod; `before` happens between look and deed."""

    def __init__(self, before: Callable[["Cluster"], None] | None = None) -> None:
        owner = {"uid": "uid-db", "controller": True}
        self.objects: dict[tuple[str, str], Object] = {
            ("StatefulSet", "db"): {"metadata": {"name": "db", "uid": "uid-db", "generation": 2},
                                    "status": {"observedGeneration": 2}},
            ("Pod", "db-0"): {"metadata": {"name": "db-0", "uid": "uid-0",
                                           "resourceVersion": "7", "ownerReferences": [owner]}},
        }  # fmt: skip
        self.sent: list[tuple[str, bool]] = []
        self.before = before

    async def get(self, kind: Kind, namespace: str | None, name: str) -> Object:
        if (kind.kind, name) not in self.objects:
            raise NotFoundError(f"{name} not found")
        return copy_of(self.objects[kind.kind, name])

    async def delete(
        self,
        kind: Kind,
        namespace: str | None,
        name: str,
        options: Object,
        *,
        dry_run: bool,
        field_manager: str | None = None,
    ) -> Object:
        if self.before:
            self.before(self)
        found = (await self.get(kind, namespace, name))["metadata"]
        wanted = options["preconditions"]
        if found["uid"] != wanted["uid"]:
            raise ConflictError("the UID in the precondition does not match")
        if wanted.get("resourceVersion", found["resourceVersion"]) != found["resourceVersion"]:
            raise ConflictError("the ResourceVersion in the precondition does not match")
        self.sent.append((name, dry_run))
        if not dry_run:
            del self.objects[kind.kind, name]
        return {}

    @property
    def pod(self) -> Object:
        found: Object = self.objects["Pod", "db-0"]["metadata"]
        return found


def ensure(cluster: Cluster, action: Any = ACTION) -> tuple[Outcome, str]:
    context = cast(Context, SimpleNamespace(client=cluster))
    return asyncio.run(ensure_deleted(context, DELETION, action))


def test_a_pod_is_deleted_once() -> None:
    cluster = Cluster()
    assert ensure(cluster) == (Outcome.DONE, "Pod shop/db-0 deleted")
    assert ensure(cluster) == (Outcome.DONE, "Pod shop/db-0 is gone")
    assert cluster.sent == [("db-0", False)]


@pytest.mark.parametrize(
    "field", [{"uid": "made-anew"}, {"deletionTimestamp": "2026-11-03T12:00:00Z"}]
)
def test_after_a_crash_a_pod_that_is_another_or_on_its_way_is_done(field: Object) -> None:
    cluster = Cluster()
    cluster.pod.update(field)
    assert ensure(cluster)[0] is Outcome.DONE
    assert cluster.sent == []


def test_somebody_quicker_is_as_good() -> None:
    gone = Cluster(lambda c: c.objects.clear())
    assert ensure(gone) == (Outcome.DONE, "Pod shop/db-0 is gone")
    anew = Cluster(lambda c: c.pod.update({"uid": "made-anew"}))
    assert ensure(anew) == (Outcome.DONE, "Pod shop/db-0 is gone")
    assert anew.sent == []


def test_a_pod_whose_status_moved_is_deleted_as_it_is_by_now() -> None:
    moves = iter([("8"), ("9")])

    def move(cluster: Cluster) -> None:
        cluster.pod["resourceVersion"] = next(moves, "9")

    cluster = Cluster(move)
    assert ensure(cluster) == (Outcome.DONE, "Pod shop/db-0 deleted")
    assert cluster.sent == [("db-0", False)]


def test_a_pod_that_began_to_end_between_look_and_deed_is_not_deleted_again() -> None:
    """Its UID still fits while it ends: only its resourceVersion tells."""

    def end(cluster: Cluster) -> None:
        cluster.pod.update(resourceVersion="8", deletionTimestamp="2026-11-03T12:00:00Z")

    cluster = Cluster(end)
    assert ensure(cluster)[0] is Outcome.DONE
    assert cluster.sent == []


def test_a_pod_that_changed_hands_is_left_alone() -> None:
    cluster = Cluster()
    cluster.pod["ownerReferences"] = [{"uid": "uid-other", "controller": True}]
    outcome, why = ensure(cluster)
    assert outcome is Outcome.FOREIGN_CHANGE
    assert "is no pod of StatefulSet shop/db" in why
    assert cluster.sent == []


@pytest.mark.parametrize(
    "action",
    [
        SetImage(object=DB, container="app", image="x"),
        DeletePod(object=DB_0.model_copy(update={"name": "db-1"}), owner=DB),
    ],
)
def test_what_is_no_deletion_of_that_pod_is_refused(action: Any) -> None:
    cluster = Cluster()
    assert ensure(cluster, action)[0] is Outcome.REFUSED
    assert cluster.sent == []


def test_a_refusal_is_told() -> None:
    def refuse(_: Cluster) -> None:
        raise RefusedError("pods is forbidden")

    outcome, why = ensure(Cluster(refuse))
    assert outcome is Outcome.REFUSED
    assert "pods is forbidden" in why


def test_only_pods_are_ever_deleted() -> None:
    cluster = Cluster()
    deletion = AppliedPatch(object=DB, patch=deletion_of("uid-db"), verb="delete")
    context = cast(Context, SimpleNamespace(client=cluster))
    with pytest.raises(RefusedError, match="never deleted"):
        asyncio.run(send_deletion(context, deletion, dry_run=False))


def test_a_dry_run_deletes_nothing() -> None:
    cluster = Cluster()
    context = cast(Context, SimpleNamespace(client=cluster))
    asyncio.run(send_deletion(context, DELETION, dry_run=True))
    assert cluster.sent == [("db-0", True)]
    assert ("Pod", "db-0") in cluster.objects


def test_recorded_deletions_are_held_against_the_digest_and_the_reach() -> None:
    """A status can be forged: another pod, or another verb, is not what was approved."""
    told = diagnosis(options=[option()])
    told.spec.target.kind, told.spec.target.name = "StatefulSet", "db"
    chosen = told.status.options[0]
    chosen.actions = [ActionRecord(type="DeletePod", object=DB_0,
                                   parameters={"owner": DB.model_dump(by_alias=True)})]  # fmt: skip
    told.status.observed_target = ObservedTarget(uid="uid-db", spec_hash="h")
    chosen.digest = digest_of("uid-db", "h", [DELETION], [], chosen.checks)
    told.status.approval = Approval(digest=chosen.digest, at=NOW)
    told.status.execution = Execution(run="r1", started_at=NOW, patches=[DELETION], inverse=[])
    assert not_what_was_approved(told) is None
    patched = DELETION.model_copy(update={"verb": "patch"})
    told.status.execution = Execution(run="r1", started_at=NOW, patches=[patched], inverse=[])
    assert "not those of the approved digest" in (not_what_was_approved(told) or "")
    elsewhere = DB_0.model_copy(update={"namespace": "bank"})
    away = AppliedPatch(object=elsewhere, patch=deletion_of("uid-0"), verb="delete")
    chosen.actions[0].object = elsewhere
    chosen.digest = digest_of("uid-db", "h", [away], [], chosen.checks)
    told.status.approval = Approval(digest=chosen.digest, at=NOW)
    told.status.execution = Execution(run="r1", started_at=NOW, patches=[away], inverse=[])
    assert "out of reach" in (not_what_was_approved(told) or "")


def test_the_text_of_a_deletion_survives_the_status() -> None:
    odd = AppliedPatch(object=DB_0, patch=deletion_of('u"\u202e\x00'), verb="delete")
    assert json.loads(odd.patch)["preconditions"]["uid"] == 'u"\u202e\x00'
