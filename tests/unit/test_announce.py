"""What people are told of a fix: once for each run, of both objects, and never at any price."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from podiatrist.api.diagnosis import Approval, Diagnosis, Execution, ObservedTarget, Target
from podiatrist.cluster.connect import connect
from podiatrist.cluster.events import one_line
from podiatrist.lifecycle.context import Context
from podiatrist.lifecycle.telling import announce as announcing
from podiatrist.lifecycle.telling.announce import Announcement, announce
from tests.fakeapi.server import FakeApi
from tests.unit.stories import NOW, diagnosis, option

Object = dict[str, Any]


@asynccontextmanager
async def world(folder: Path) -> AsyncIterator[tuple[FakeApi, Context]]:
    """A server that keeps Events, and a step's view of it."""
    async with (
        FakeApi().serve() as api,
        connect(api.kubeconfig(folder), "test") as client,
    ):
        context = SimpleNamespace(client=client, clock=lambda: NOW + timedelta(milliseconds=250))
        yield api, cast(Context, context)


def events(api: FakeApi) -> list[Object]:
    return [json.loads(o.body) for o in api.store.collection("events").objects.values()]


def approved(run: str = "r1", by: str | None = "alice") -> Diagnosis:
    """Return a Diagnosis whose only option alice approved, and that is being carried out."""
    made = diagnosis("Approved=True:DigestMatched", options=[option("9f3c2a7b")])
    made.metadata.uid = "uid-diagnosis"
    made.status.approval = Approval(by=by, digest="9f3c2a7b", at=NOW)
    made.status.execution = Execution(run=run, started_at=NOW, patches=[], inverse=[])
    made.status.observed_target = ObservedTarget(uid="uid-web", spec_hash="h")
    return made


def test_diagnosis_and_target_both_tell_of_a_fix(tmp_path: Path) -> None:
    async def story() -> None:
        async with world(tmp_path) as (api, context):
            await announce(context, approved(), Announcement.FIX_APPLIED, "1 patch applied")

            on_target, on_diagnosis = sorted(events(api), key=lambda e: e["involvedObject"]["kind"])
            assert on_target["involvedObject"] == {
                "apiVersion": "apps/v1",
                "kind": "Deployment",
                "namespace": "shop",
                "name": "web",
                "uid": "uid-web",
            }
            assert on_diagnosis["involvedObject"]["uid"] == "uid-diagnosis"
            for event in (on_diagnosis, on_target):
                assert event["message"] == (
                    "option 9f3c2a7b of Diagnosis web-7f3a9c, approved by alice: 1 patch applied"
                )
                assert (event["type"], event["reason"], event["action"]) == (
                    "Normal", "FixApplied", "Execute",
                )  # fmt: skip
                assert event["eventTime"] == "2026-11-03T12:00:00.250000Z"
                assert event["reportingComponent"] == "podiatrist.dev/executor"
                assert event["reportingInstance"]
                assert event["metadata"]["namespace"] == "shop"

    asyncio.run(story())


def test_a_repetition_after_a_crash_is_no_second_event(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def story() -> None:
        async with world(tmp_path) as (api, context):
            for _ in range(2):
                await announce(context, approved(), Announcement.FIX_APPLIED, "1 patch applied")
            assert len(events(api)) == 2
            assert "was not announced" not in caplog.text
            await announce(context, approved(), Announcement.FIX_VERIFIED, "it runs")
            assert len(events(api)) == 4
            await announce(context, approved("r2"), Announcement.FIX_APPLIED, "1 patch applied")
            assert len(events(api)) == 6

    asyncio.run(story())


def test_an_approval_that_is_refused_again_later_is_told_again(tmp_path: Path) -> None:
    async def story() -> None:
        async with world(tmp_path) as (api, context):
            first, again = approved(), approved()
            assert again.status.approval is not None
            stored = Diagnosis.model_validate(first.model_dump(mode="json", by_alias=True))
            again.status.approval.at = NOW + timedelta(minutes=5)
            for story in (first, stored, again):
                await announce(context, story, Announcement.FIX_REFUSED, "it is stale")
            assert len(events(api)) == 4

    asyncio.run(story())


def test_of_a_node_is_told_where_the_api_server_wants_it(tmp_path: Path) -> None:
    async def story() -> None:
        async with world(tmp_path) as (api, context):
            made = approved()
            made.metadata.namespace = "podiatrist"
            made.spec.target = Target(api_version="v1", kind="Node", name="n1")
            await announce(context, made, Announcement.FIX_APPLIED, "uncordoned")
            where = {e["involvedObject"]["kind"]: e["metadata"]["namespace"] for e in events(api)}
            assert where == {"Diagnosis": "podiatrist", "Node": "default"}
            node = next(e for e in events(api) if e["involvedObject"]["kind"] == "Node")
            assert "namespace" not in node["involvedObject"]

    asyncio.run(story())


@pytest.mark.parametrize("reason", list(Announcement))
def test_what_is_bad_news_is_a_warning(tmp_path: Path, reason: Announcement) -> None:
    async def story() -> None:
        async with world(tmp_path) as (api, context):
            await announce(context, approved(), reason, "so it is")
            good = reason in ("FixApproved", "FixApplied", "FixVerified")
            assert {e["type"] for e in events(api)} == {"Normal" if good else "Warning"}
            assert all(e["action"] for e in events(api))

    asyncio.run(story())


def test_a_message_is_cut_to_what_the_api_server_takes_and_holds_no_secret(tmp_path: Path) -> None:
    async def story() -> None:
        async with world(tmp_path) as (api, context):
            told = "password=hunter2hunter2\nrefused\x1b[31m: " + "ü" * 2000
            await announce(context, approved(by=None), Announcement.FIX_FAILED, told)
            for event in events(api):
                assert "hunter2" not in event["message"]
                assert "\n" not in event["message"]
                assert "\x1b" not in event["message"]
                assert "approved by an unknown user" in event["message"]
                assert len(event["message"].encode()) <= 1024
                assert event["message"].endswith("ü…")

    asyncio.run(story())


def test_a_cut_never_splits_a_letter() -> None:
    for limit in range(4, 12):
        cut = one_line("aüüüüüüüü", limit)
        assert len(cut.encode()) <= limit
        assert cut.endswith("…")


@pytest.mark.parametrize("status", [403, 404, 422, 503])
def test_who_may_not_announce_goes_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, status: int
) -> None:
    async def story() -> None:
        async with world(tmp_path) as (api, context):
            api.refuse(status, path="/events")
            with caplog.at_level(logging.WARNING):
                await announce(context, approved(), Announcement.FIX_APPLIED, "1 patch applied")
            assert len(events(api)) == 1, "the other one is written all the same"
            assert "was not announced" in caplog.text

    asyncio.run(story())


def test_an_api_server_that_does_not_answer_holds_nobody_up(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    class Silent:
        async def create(self, *_: object) -> None:
            await asyncio.Event().wait()

    monkeypatch.setattr(announcing, "_PATIENCE", 0.05)
    context = cast(Context, SimpleNamespace(client=Silent(), clock=lambda: NOW))

    async def story() -> None:
        async with asyncio.timeout(5):
            await announce(context, approved(), Announcement.FIX_APPLIED, "1 patch applied")

    asyncio.run(story())
    assert "not announced in time" in caplog.text
