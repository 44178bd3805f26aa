"""A cluster in memory behind our client, for what does not need a real one."""

import copy
import json
from typing import Any, TypeVar

import jsonpatch

from podiatrist.actions.patches import would_apply
from podiatrist.cluster.client import Client
from podiatrist.cluster.errors import NotFoundError, RefusedError
from podiatrist.cluster.kinds import Kind, Object
from podiatrist.cluster.objects import Struct
from podiatrist.cluster.objects.base import decode_page

T = TypeVar("T", bound=Struct)


class MemoryCluster(Client):
    """Keeps objects by kind; patches are real JSON patches, and each one sent is remembered."""

    def __init__(self, **objects: list[Object]) -> None:
        self.objects = objects
        self.sent: list[str] = []
        self.refuses: set[str] = set()
        """Names of objects that nobody may patch."""
        self.forbids_all_namespaces = False

    def _all(self, kind: Kind, namespace: str | None) -> list[Object]:
        if namespace is None and kind.namespaced and self.forbids_all_namespaces:
            raise RefusedError("forbidden")
        found = self.objects.get(kind.plural, [])
        return [o for o in found if namespace in (None, o["metadata"].get("namespace"))]

    async def get(self, kind: Kind, namespace: str | None, name: str) -> Object:
        where = namespace if kind.namespaced else None
        for raw in self._all(kind, where):
            if raw["metadata"]["name"] == name:
                return copy.deepcopy(raw)
        raise NotFoundError(f"{kind.plural} {name!r} not found")

    async def list_all(
        self,
        kind: Kind,
        namespace: str | None = None,
        *,
        fields: str | None = None,
        labels: str | None = None,
    ) -> list[Object]:
        return copy.deepcopy(self._all(kind, namespace))

    async def list_typed(
        self,
        kind: Kind,
        struct: type[T],
        namespace: str | None = None,
        *,
        fields: str | None = None,
        labels: str | None = None,
    ) -> list[T]:
        body = json.dumps({"items": self._all(kind, namespace)}).encode()
        return decode_page(body, kind=struct)[0]

    async def list_names(self, kind: Kind, namespace: str | None = None) -> frozenset[str]:
        return frozenset(o["metadata"]["name"] for o in self._all(kind, namespace))

    async def json_patch(
        self,
        kind: Kind,
        namespace: str | None,
        name: str,
        patch: list[Object],
        *,
        dry_run: bool = False,
        field_manager: str | None = None,
    ) -> Object:
        if name in self.refuses:
            raise RefusedError(f"you may not patch {name}")
        raw = await self.get(kind, namespace, name)
        # As the API server has it, a missing value is null in a test.
        if not would_apply(raw, json.dumps(patch)):
            raise RefusedError("the server rejected our request: test failed")
        changes = [operation for operation in patch if operation["op"] != "test"]
        new: Object = jsonpatch.apply_patch(raw, changes)
        if not dry_run:
            self.sent.append(name)
            kept = self.objects[kind.plural]
            place = next(i for i, o in enumerate(kept) if o["metadata"]["name"] == name)
            kept[place] = new
        return new

    async def try_patch(
        self, kind: Kind, namespace: str | None, name: str, patch: list[Object]
    ) -> tuple[Object, list[str]]:
        return await self.json_patch(kind, namespace, name, patch, dry_run=True), []


def node(name: str = "node1", *roles: str, **labels: str) -> Object:
    marks: dict[str, Any] = {f"node-role.kubernetes.io/{role}": "" for role in roles}
    return {"metadata": {"name": name, "uid": f"uid-{name}", "labels": {**marks, **labels}}}


def deployment(
    name: str = "web", namespace: str = "shop", *containers: str, **selector: str
) -> Object:
    made = [{"name": c, "image": "nginx:1"} for c in containers or ("app",)]
    return {
        "metadata": {"name": name, "namespace": namespace, "uid": f"uid-{namespace}-{name}"},
        "spec": {"replicas": 1, "template": {"spec": {"nodeSelector": selector,
                                                      "containers": made}}},
    }  # fmt: skip
