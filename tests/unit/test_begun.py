"""Whether a run was begun: if it was not, a yes that was taken back since sends nothing at all."""

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import pytest

from podiatrist.actions.patches import Change, deletion_of, patch_of
from podiatrist.api import names
from podiatrist.api.diagnosis import AppliedPatch, Approval, Execution, ObjectRef
from podiatrist.cluster.errors import NotFoundError
from podiatrist.cluster.kinds import Kind
from podiatrist.lifecycle.context import Context
from podiatrist.lifecycle.execution.execute import begun, called_off
from podiatrist.lifecycle.execution.recorded import run_of
from tests.unit.stories import NOW, diagnosis

Object = dict[str, Any]
WEB = ObjectRef(api_version="apps/v1", kind="Deployment", namespace="shop", name="web")
POLICY = ObjectRef(
    api_version="policy/v1", kind="PodDisruptionBudget", namespace="shop", name="web"
)
WEB_1 = ObjectRef(api_version="v1", kind="Pod", namespace="shop", name="web-1")
SCALING = AppliedPatch(object=WEB, patch=patch_of([Change(("spec", "replicas"), 1, 3)], "w"))
BUDGET = AppliedPatch(object=POLICY, patch=patch_of([Change(("spec", "minAvailable"), 1, 0)], "b"))
DELETION = AppliedPatch(object=WEB_1, patch=deletion_of("p"), verb="delete")


class Cluster:
    """An API server with a Deployment, its budget and a pod, as they were approved."""

    def __init__(self) -> None:
        self.objects: dict[str, Object] = {
            "Deployment": {"metadata": {"uid": "w", "generation": 4}, "spec": {"replicas": 1}},
            "PodDisruptionBudget": {
                "metadata": {"uid": "b", "generation": 2},
                "spec": {"minAvailable": 1},
            },
            "Pod": {"metadata": {"uid": "p"}},
        }

    async def get(self, kind: Kind, namespace: str | None, name: str) -> Object:
        if kind.kind not in self.objects:
            raise NotFoundError(f"{name} not found")
        return self.objects[kind.kind]


def is_begun(cluster: Cluster, *patches: AppliedPatch, mark: str | None = None) -> bool:
    story = diagnosis()
    execution = Execution(
        run="r1", started_at=NOW, patches=list(patches), inverse=[], generations=[4, 2, 0]
    )
    story.status.execution = execution
    story.status.approval = Approval(digest="9f3c2a7b", at=NOW, by="alice")
    if mark is not None:
        marked = mark or run_of(story).marker
        cluster.objects["Deployment"]["metadata"]["annotations"] = {names.FIX: marked}
    context = cast(Context, SimpleNamespace(client=cluster))
    return asyncio.run(begun(context, story, execution))


def test_an_untouched_target_was_not_begun_with() -> None:
    assert not is_begun(Cluster(), SCALING)
    assert not is_begun(Cluster(), SCALING, mark="web-1/11111111/of-another-run")


def test_the_mark_of_the_run_says_so() -> None:
    assert is_begun(Cluster(), SCALING, mark="")


@pytest.mark.parametrize("replicas", [1, 3])
def test_of_a_target_that_somebody_edited_nobody_can_tell(replicas: int) -> None:
    cluster = Cluster()
    cluster.objects["Deployment"]["metadata"]["generation"] = 5
    cluster.objects["Deployment"]["spec"]["replicas"] = replicas
    assert is_begun(cluster, SCALING)


def test_an_edit_of_the_second_object_does_not_begin_a_run() -> None:
    """Else the first patch would go out though the approval was taken back."""
    cluster = Cluster()
    cluster.objects["PodDisruptionBudget"]["metadata"]["generation"] = 3
    assert not is_begun(cluster, SCALING, BUDGET)


def test_a_pod_that_went_by_itself_does_not_begin_a_run_that_starts_with_a_patch() -> None:
    """As above: deletions come last."""
    cluster = Cluster()
    del cluster.objects["Pod"]
    assert not is_begun(cluster, SCALING, DELETION)
    assert is_begun(cluster, DELETION)


def end_of(cluster: Cluster, *patches: AppliedPatch) -> str:
    """Return how it ends where the approval was taken back; "" where it goes on."""
    story = diagnosis()
    story.status.approval = Approval(digest="9f3c2a7b", at=NOW, by="alice")
    execution = Execution(
        run="r1", started_at=NOW, patches=list(patches), inverse=[], generations=[4, 0, 0]
    )
    story.status.execution = execution

    async def write_status(_: object) -> None:
        """Keep it."""

    store = SimpleNamespace(write_status=write_status)
    context = cast(Context, SimpleNamespace(client=cluster, store=store, clock=lambda: NOW))
    ended = asyncio.run(called_off(context, story, execution))
    why = [c for c in story.status.conditions if c.status == "False"]
    assert ended == bool(why)
    return f"{why[0].type}: {why[0].message}" if why else ""


def test_pods_that_are_left_are_left_alone_once_the_approval_was_taken_back() -> None:
    cluster = Cluster()
    assert end_of(cluster, DELETION) == "Approved: nothing was done: the approval was taken back"
    del cluster.objects["Pod"]
    told = "Executed: nothing more is done: the approval was taken back"
    assert end_of(cluster, DELETION, DELETION) == told


def test_what_a_patch_began_is_finished() -> None:
    cluster = Cluster()
    cluster.objects["Deployment"]["metadata"]["generation"] = 5
    assert end_of(cluster, SCALING, DELETION) == ""
