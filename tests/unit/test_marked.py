"""Patches of a fix: sent once, whatever happened to the object or to the answer meanwhile."""

import asyncio
import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

import pytest

from podiatrist.actions.marker import marker_on
from podiatrist.actions.patches import MISSING, Change, patch_of, would_apply
from podiatrist.api import names
from podiatrist.api.diagnosis import AppliedPatch, ObjectRef
from podiatrist.cluster.errors import NotFoundError, RefusedError, UnreachableError
from podiatrist.cluster.kinds import Kind
from podiatrist.lifecycle.context import Context
from podiatrist.lifecycle.execution.marked import Run, ensure_fixed, ensure_undone
from podiatrist.lifecycle.execution.outcome import Outcome
from tests.unit.builders import copy_of
from tests.unit.test_marker import apply

Object = dict[str, Any]
WEB = ObjectRef(api_version="apps/v1", kind="Deployment", namespace="shop", name="web")
CHANGE = Change(("spec", "replicas"), 1, 3)
PATCH = AppliedPatch(object=WEB, patch=patch_of([CHANGE], "uid-web"))
BACK = AppliedPatch(object=WEB, patch=patch_of([CHANGE.reversed()], "uid-web"))
RUN = Run("web-7f3a9c/9f3c2a7b/1a2b3c4d", "podiatrist/web-7f3a9c/9f3c2a7b")


class Cluster:
    """An API server with one Deployment; `before` happens between look and patch, `after` after."""

    def __init__(
        self,
        generation: int = 4,
        before: Callable[["Cluster"], None] | None = None,
        after: Callable[["Cluster"], None] | None = None,
    ) -> None:
        metadata: Object = {"name": "web", "uid": "uid-web", "resourceVersion": "1"}
        if generation:
            metadata["generation"] = generation
        self.raw: Object | None = {"metadata": metadata, "spec": {"replicas": 1}}
        self.before, self.after = before, after
        self.went_through: list[str] = []

    @property
    def live(self) -> Object:
        assert self.raw is not None
        return self.raw

    async def get(self, *_: object) -> Object:
        if self.raw is None:
            raise NotFoundError("deployments web not found")
        return copy_of(self.raw)

    async def json_patch(
        self, kind: Kind, namespace: str, name: str, patch: list[Object], *, field_manager: str
    ) -> Object:
        if self.before:
            self.before(self)
        if not would_apply(await self.get(), json.dumps(patch)):
            raise RefusedError("the server rejected our request: a test failed")
        self.raw = apply(self.live, patch)
        self.moved(spec=True)
        self.went_through.append(field_manager)
        if self.after:
            self.after(self)
        return self.live

    def moved(self, *, spec: bool) -> None:
        """Count a change as the API server does."""
        metadata = self.live["metadata"]
        metadata["resourceVersion"] = str(int(metadata["resourceVersion"]) + 1)
        if spec and "generation" in metadata:
            metadata["generation"] += 1

    def edited(self, replicas: int, *, unmarked: bool = False) -> None:
        """Change the spec as a human would; `unmarked` also takes the annotation away."""
        self.live["spec"]["replicas"] = replicas
        if unmarked:
            self.live["metadata"]["annotations"].pop(names.FIX)
        self.moved(spec=True)


def fix(cluster: Cluster, generation: int = 4) -> tuple[Outcome, str]:
    context = cast(Context, SimpleNamespace(client=cluster))
    return asyncio.run(ensure_fixed(context, PATCH, RUN, generation))


def undo(cluster: Cluster) -> tuple[Outcome, str]:
    context = cast(Context, SimpleNamespace(client=cluster))
    return asyncio.run(ensure_undone(context, BACK, RUN))


def test_a_fix_is_sent_once_under_its_own_name() -> None:
    cluster = Cluster()
    assert fix(cluster)[0] is Outcome.DONE
    assert fix(cluster)[0] is Outcome.DONE
    assert cluster.went_through == [RUN.field_manager]
    assert marker_on(cluster.live) == RUN.marker


def test_a_lost_answer_is_found_out_by_the_mark() -> None:
    def lost(_: Cluster) -> None:
        raise UnreachableError("connection reset")

    cluster = Cluster(after=lost)
    with pytest.raises(UnreachableError):
        fix(cluster)
    cluster.after = None
    assert fix(cluster)[0] is Outcome.DONE
    assert len(cluster.went_through) == 1


def test_what_a_human_took_back_after_the_crash_is_not_done_again() -> None:
    """The old values are there again, as if nothing had been sent."""
    cluster = Cluster()
    fix(cluster)
    cluster.edited(1)
    assert fix(cluster)[0] is Outcome.DONE
    cluster.live["metadata"]["annotations"].pop(names.FIX)
    assert fix(cluster)[0] is Outcome.FOREIGN_CHANGE
    assert cluster.live["spec"]["replicas"] == 1
    assert len(cluster.went_through) == 1


@pytest.mark.parametrize("generation", [4, 0])
def test_an_edit_between_look_and_patch_stops_it(generation: int) -> None:
    cluster = Cluster(generation, before=lambda c: c.edited(2))
    assert fix(cluster, generation)[0] is Outcome.FOREIGN_CHANGE
    assert cluster.live["spec"]["replicas"] == 2


def test_an_edit_elsewhere_in_the_spec_stops_it_too() -> None:
    """The approval was for the whole spec, not for the fields that the fix touches."""

    def edit(cluster: Cluster) -> None:
        cluster.live["spec"]["paused"] = True
        cluster.moved(spec=True)

    cluster = Cluster(before=edit)
    assert fix(cluster)[0] is Outcome.FOREIGN_CHANGE
    assert cluster.went_through == []


def test_a_status_that_moves_between_look_and_patch_holds_nothing_up() -> None:
    moves = iter(range(2))

    def move(cluster: Cluster) -> None:
        if next(moves, None) is not None:
            cluster.moved(spec=False)

    for generation in (4, 0):
        cluster = Cluster(generation, before=move)
        assert fix(cluster, generation)[0] is Outcome.DONE
        assert len(cluster.went_through) == 1


@pytest.mark.parametrize("generation", [4, 0])
def test_what_the_api_server_refuses_is_told(generation: int) -> None:
    def refuse(_: Cluster) -> None:
        raise RefusedError("denied by policy no-scaling")

    outcome, why = fix(Cluster(generation, before=refuse), generation)
    assert outcome is Outcome.REFUSED
    assert "denied by policy no-scaling" in why


def test_an_executor_that_was_quicker_is_as_good() -> None:
    def quicker(cluster: Cluster) -> None:
        cluster.before = None
        fix_of_other = ensure_fixed(cast(Context, SimpleNamespace(client=cluster)), PATCH, RUN, 4)
        with pytest.raises(StopIteration):
            fix_of_other.send(None)

    cluster = Cluster(before=quicker)
    assert fix(cluster)[0] is Outcome.DONE
    assert len(cluster.went_through) == 1


def test_undoing_takes_the_mark_away_and_is_done_once() -> None:
    cluster = Cluster()
    fix(cluster)
    assert undo(cluster)[0] is Outcome.DONE
    assert undo(cluster)[0] is Outcome.DONE
    assert (cluster.live["spec"]["replicas"], marker_on(cluster.live)) == (1, None)
    assert len(cluster.went_through) == 2


@pytest.mark.parametrize("unmarked", [True, False])
def test_undoing_overwrites_nobody(unmarked: bool) -> None:
    cluster = Cluster()
    fix(cluster)
    cluster.edited(7, unmarked=unmarked)
    outcome, why = undo(cluster)
    assert outcome is Outcome.FOREIGN_CHANGE
    assert "somebody else changed" in why
    assert cluster.live["spec"]["replicas"] == 7


def test_what_is_gone_is_neither_fixed_nor_undone() -> None:
    cluster = Cluster()
    cluster.raw = None
    assert fix(cluster)[0] is Outcome.FOREIGN_CHANGE
    assert undo(cluster)[0] is Outcome.FOREIGN_CHANGE


def test_only_the_closed_list_is_ever_patched() -> None:
    secret = ObjectRef(api_version="v1", kind="Secret", namespace="shop", name="x")
    patch = AppliedPatch(object=secret, patch=patch_of([Change(("data",), MISSING, {})], "u"))
    context = cast(Context, SimpleNamespace(client=Cluster()))
    for attempt in (ensure_fixed(context, patch, RUN, 0), ensure_undone(context, patch, RUN)):
        with pytest.raises(RefusedError, match="never patched"):
            asyncio.run(attempt)
