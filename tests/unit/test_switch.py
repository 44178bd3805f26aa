"""The kill switch: what is not clearly on is off."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from podiatrist.cluster.connect import connect
from podiatrist.lifecycle.approval.switch import held
from podiatrist.lifecycle.context import Context
from tests.fakeapi.server import FakeApi


class World:
    """A cluster with a namespace shop, and the executor's view of it."""

    def __init__(self, api: FakeApi, client: Any) -> None:
        self.api = api
        self.context = cast(Context, SimpleNamespace(client=client))
        self.label()

    def label(self, **labels: str) -> None:
        metadata = {"name": "shop", "labels": {f"podiatrist.dev/{k}": v for k, v in labels.items()}}
        self.api.store.put("namespaces", {"metadata": metadata})

    def config_map(self, **fields: Any) -> None:
        metadata = {"name": "executor", "namespace": "podiatrist"}
        self.api.store.put("configmaps", {"metadata": metadata, **fields})

    async def held(self, namespace: str | None = "shop") -> str | None:
        return await held(self.context, namespace)


@asynccontextmanager
async def world(folder: Path) -> AsyncIterator[World]:
    async with (
        FakeApi().serve() as api,
        connect(api.kubeconfig(folder), "test") as client,
    ):
        yield World(api, client)


def test_nobody_touched_a_switch(tmp_path: Path) -> None:
    async def story() -> None:
        async with world(tmp_path) as w:
            assert await w.held() is None
            assert await w.held(None) is None
            assert await w.held("gone") is None

    asyncio.run(story())


@pytest.mark.parametrize("value", ["off", "false", "", "of", "0", "oN!", "on off", "OFF\n"])
def test_any_value_but_on_switches_the_cluster_off(tmp_path: Path, value: str) -> None:
    async def story() -> None:
        async with world(tmp_path) as w:
            w.config_map(data={"execution": value})
            for namespace in ("shop", None):
                why = await w.held(namespace)
                assert why is not None
                assert "whole cluster" in why
                assert "kubectl -n podiatrist delete configmap executor" in why

    asyncio.run(story())


def test_a_value_that_is_no_text_switches_off_too(tmp_path: Path) -> None:
    async def story() -> None:
        async with world(tmp_path) as w:
            w.config_map(binaryData={"execution": "//79"})
            assert await w.held() is not None

    asyncio.run(story())


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"data": None},
        {"data": {}},
        {"data": {"other": "off"}},
        {"data": {"execution": "on"}},
        {"data": {"execution": " ON\n"}},
    ],
)
def test_a_config_map_that_says_on_or_nothing_holds_nobody(
    tmp_path: Path, fields: dict[str, Any]
) -> None:
    async def story() -> None:
        async with world(tmp_path) as w:
            w.config_map(**fields)
            assert await w.held() is None

    asyncio.run(story())


@pytest.mark.parametrize("value", ["off", "false", "", "no"])
def test_a_label_switches_its_namespace_off_and_no_other(tmp_path: Path, value: str) -> None:
    async def story() -> None:
        async with world(tmp_path) as w:
            w.label(execution=value)
            why = await w.held()
            assert why is not None
            assert "kubectl label namespace shop podiatrist.dev/execution-" in why
            assert await w.held("elsewhere") is None

    asyncio.run(story())


def test_switched_on_again_it_goes_on_at_once(tmp_path: Path) -> None:
    async def story() -> None:
        async with world(tmp_path) as w:
            w.label(execution="off")
            assert await w.held() is not None
            w.label(execution="on")
            assert await w.held() is None
            w.config_map(data={"execution": "off"})
            assert await w.held() is not None
            w.api.store.delete("configmaps", "podiatrist", "executor")
            assert await w.held() is None

    asyncio.run(story())


@pytest.mark.parametrize("path", ["/configmaps/executor", "/namespaces/shop"])
@pytest.mark.parametrize("status", [401, 403, 410, 429, 500, 503])
def test_a_switch_that_cannot_be_read_is_off(tmp_path: Path, path: str, status: int) -> None:
    async def story() -> None:
        async with world(tmp_path) as w:
            w.api.refuse(status, path=path)
            why = await w.held()
            assert why is not None
            assert "cannot be read" in why
            assert await w.held() is None

    asyncio.run(story())
