"""A fix is taken back as it was recorded, or not at all: what others changed since stays."""

import asyncio
import copy
from datetime import UTC, datetime
from typing import Any, cast

import pytest

from podiatrist.actions.compiler import digest_of
from podiatrist.actions.patches import Change, Patch, patch_of
from podiatrist.api import names
from podiatrist.api.diagnosis import (
    AppliedPatch,
    Approval,
    Diagnosis,
    Execution,
    ObservedTarget,
    State,
)
from podiatrist.cluster.errors import RefusedError
from podiatrist.cluster.kinds import Kind, Object
from podiatrist.desk.errors import NotDoneError
from podiatrist.desk.take_back import WayBack, take_back, way_back
from podiatrist.lifecycle.context import Context
from podiatrist.lifecycle.execution.recorded import run_of
from tests.unit.chat.memory_cluster import MemoryCluster, deployment
from tests.unit.stories import NOW, WEB, diagnosis, option

IMAGE = ("spec", "template", "spec", "containers", "0", "image")
FIX = Change(IMAGE, "ngnix", "nginx:1")
UID = "uid-shop-web"


class Cluster(MemoryCluster):
    """Remembers as whom a patch was sent."""

    manager: str | None = None

    async def json_patch(
        self,
        kind: Kind,
        namespace: str | None,
        name: str,
        patch: Patch,
        *,
        dry_run: bool = False,
        field_manager: str | None = None,
    ) -> Object:
        if not dry_run:
            self.manager = field_manager
        return await super().json_patch(kind, namespace, name, patch, dry_run=dry_run)


def healed(state: State = State.SUCCEEDED) -> Diagnosis:
    """Return a Diagnosis whose option set the image of web to nginx:1."""
    raw = deployment()
    patches = [AppliedPatch(object=WEB, patch=patch_of([FIX], UID, raw))]
    inverse = [AppliedPatch(object=WEB, patch=patch_of([FIX.reversed()], UID, raw))]
    digest = digest_of(UID, "hash", patches, inverse, [])
    made = diagnosis(options=[option(digest, previewed=True)])
    made.status.state = state
    made.status.observed_target = ObservedTarget(uid=UID, spec_hash="hash")
    made.status.approval = Approval(by="alice", digest=digest, at=NOW)
    made.status.execution = Execution(
        run="r1", started_at=NOW, patches=patches, inverse=inverse, applied=1
    )
    return made


def fixed(told: Diagnosis, **annotations: str) -> Object:
    """Return web as the fix left it."""
    raw = deployment()
    raw |= {"apiVersion": "apps/v1", "kind": "Deployment"}
    raw["metadata"]["annotations"] = {names.FIX: run_of(told).marker, **annotations}
    return raw


def context(cluster: MemoryCluster) -> Context:
    made = type("World", (), {"client": cluster, "clock": lambda: datetime.now(UTC)})()
    return cast(Context, made)


def look(cluster: MemoryCluster, told: Diagnosis) -> WayBack:
    return asyncio.run(way_back(context(cluster), told))


def image(cluster: MemoryCluster) -> str:
    found: str = cluster.objects["deployments"][0]["spec"]["template"]["spec"]["containers"][0][
        "image"
    ]
    return found


def test_it_is_shown_and_then_undone_under_the_users_name() -> None:
    told = healed()
    cluster = Cluster(deployments=[fixed(told)])
    back = look(cluster, told)
    assert [line.strip() for line in back.diff if line[:1] in "+-"][2:] == [
        "-      - image: nginx:1", "+      - image: ngnix"
    ]  # fmt: skip
    assert cluster.sent == [], "looking changes nothing"
    asyncio.run(take_back(context(cluster), told, back, "podiatrist-cli"))
    assert image(cluster) == "ngnix"
    assert cluster.manager == "podiatrist-cli"
    assert names.FIX not in cluster.objects["deployments"][0]["metadata"]["annotations"]
    with pytest.raises(NotDoneError, match="nothing to undo: Deployment shop/web is as it was"):
        look(cluster, told)


def by_kubectl(raw: Any) -> None:
    raw["spec"]["template"]["spec"]["containers"][0]["image"] = "nginx:2"
    fields: Object = {"f:spec": {"f:template": {"f:spec": {"f:containers": {
        'k:{"name":"app"}': {"f:image": {}}}}}}}  # fmt: skip
    raw["metadata"]["managedFields"] = [
        {"manager": "kubectl-set", "time": "2026-11-03T12:30:00Z", "fieldsV1": fields}
    ]


def by_a_sidecar(raw: Any) -> None:
    sidecar = {"name": "proxy", "image": "nginx:1"}
    raw["spec"]["template"]["spec"]["containers"].insert(0, sidecar)


def by_a_later_fix(raw: Any) -> None:
    raw["metadata"]["annotations"][names.FIX] = "web-7f3a9c-2/aaaa1111/r2"


def made_anew(raw: Any) -> None:
    raw["metadata"]["uid"] = "another"


def unmarked(raw: Any) -> None:
    del raw["metadata"]["annotations"][names.FIX]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (by_kubectl, ("was changed since by kubectl-set at 12:30:00 UTC: "
                     "spec.template.spec.containers.0.image")),
        (by_a_sidecar, ("was changed since by somebody (nobody is on record): "
                       "spec.template.spec.containers.0.name")),
        (by_a_later_fix, "a later fix changed Deployment shop/web: web-7f3a9c-2"),
        (made_anew, "was deleted and made anew"),
        (unmarked, "somebody took podiatrist.dev/fix away"),
    ],
)  # fmt: skip
def test_what_somebody_changed_since_is_left_alone_and_they_are_named(
    change: Any, said: str
) -> None:
    told = healed()
    raw = fixed(told)
    change(raw)
    before = copy.deepcopy(raw)
    cluster = Cluster(deployments=[raw])
    with pytest.raises(NotDoneError) as why:
        look(cluster, told)
    assert said in str(why.value)
    assert cluster.objects["deployments"] == [before]


def test_a_change_between_look_and_yes_stops_it() -> None:
    told = healed()
    cluster = Cluster(deployments=[fixed(told)])
    back = look(cluster, told)
    by_kubectl(cluster.objects["deployments"][0])
    with pytest.raises(NotDoneError, match="somebody else changed Deployment shop/web since"):
        asyncio.run(take_back(context(cluster), told, back, "podiatrist-cli"))
    assert image(cluster) == "nginx:2"


def test_who_may_not_change_the_object_learns_it_before_the_question() -> None:
    told = healed()
    cluster = Cluster(deployments=[fixed(told)])
    cluster.refuses.add("web")
    with pytest.raises(RefusedError, match="would refuse to undo it: you may not patch web"):
        look(cluster, told)


@pytest.mark.parametrize(
    ("state", "said"),
    [
        (State.EXECUTING, "is being carried out"),
        (State.VERIFYING, "is being checked"),
        (State.ROLLED_BACK, "did not help and was undone already"),
    ],
)
def test_what_is_under_way_or_undone_is_left_to_the_executor(state: State, said: str) -> None:
    told = healed(state)
    with pytest.raises(NotDoneError, match=said):
        look(Cluster(deployments=[fixed(told)]), told)


def test_a_record_that_is_not_what_was_approved_is_not_believed() -> None:
    """A forged inverse would have the user do what nobody ever saw."""
    told = healed()
    assert told.status.execution is not None
    evil = Change(IMAGE, "nginx:1", "evil")
    told.status.execution.inverse[0].patch = patch_of([evil], UID)
    with pytest.raises(NotDoneError, match="not those of the approved digest"):
        look(Cluster(deployments=[fixed(told)]), told)
    with pytest.raises(NotDoneError, match="nothing to undo"):
        look(Cluster(deployments=[]), diagnosis())
