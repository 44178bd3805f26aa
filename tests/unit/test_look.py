"""Which targets a Diagnosis may look at, and from which namespace."""

import asyncio
from typing import Any

import pytest

from podiatrist.api import names
from podiatrist.api.diagnosis import Target
from podiatrist.lifecycle.look import UnknownKindError, look, target_ref
from tests.unit.stories import NOW, diagnosis


class Context:
    """Reader and clock; reads are written down."""

    def __init__(self) -> None:
        self.reads: list[tuple[str, str | None, str]] = []
        self.reader = self

    def clock(self) -> Any:
        return NOW

    async def read(self, kind: Any, namespace: str | None, name: str, _: Any) -> Any:
        self.reads.append((kind.kind, namespace, name))


def look_at(api_version: str, kind: str, namespace: str) -> list[tuple[str, str | None, str]]:
    context: Any = Context()
    asked = diagnosis()
    asked.metadata.namespace = namespace
    asked.spec.target = Target(api_version=api_version, kind=kind, name="x")
    asyncio.run(look(context, asked))
    reads: list[tuple[str, str | None, str]] = context.reads
    return reads


def test_a_workload_is_looked_at_in_the_diagnosis_own_namespace() -> None:
    assert look_at("apps/v1", "Deployment", "shop") == [("Deployment", "shop", "x")]


def test_a_node_is_looked_at_from_our_namespace() -> None:
    assert look_at("v1", "Node", names.NAMESPACE) == [("Node", None, "x")]


def test_a_node_is_out_of_reach_for_the_approvers_of_another_namespace() -> None:
    with pytest.raises(UnknownKindError, match="make its Diagnosis in namespace podiatrist"):
        look_at("v1", "Node", "shop")


@pytest.mark.parametrize("kind", ["Secret", "Namespace", "Widget"])
def test_other_kinds_are_refused_with_the_list_of_those_that_can_be(kind: str) -> None:
    with pytest.raises(UnknownKindError, match=r"supported: Deployment \(apps/v1\)"):
        look_at("v1", kind, "shop")


def test_a_cluster_scoped_target_has_no_namespace() -> None:
    asked = diagnosis()
    asked.spec.target = Target(api_version="v1", kind="Node", name="n1")
    assert target_ref(asked).namespace is None
