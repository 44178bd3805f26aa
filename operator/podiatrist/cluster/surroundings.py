"""What stands around targets, read once for all that ask within a few seconds.

Fifty sick workloads of one namespace share its Services, and all of them the nodes. What is
shared is at most `LIFE` old; a target itself, its pods and its events are never shared.
"""

import asyncio
import difflib
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any, TypeVar

from podiatrist.cluster.client import Client
from podiatrist.cluster.errors import NotFoundError, RefusedError
from podiatrist.cluster.kinds import (
    CONFIG_MAP,
    DAEMON_SET,
    DEPLOYMENT,
    ENDPOINT_SLICE,
    HPA,
    INGRESS,
    INGRESS_CLASS,
    LIMIT_RANGE,
    NETWORK_POLICY,
    NODE,
    PDB,
    POD,
    PRIORITY_CLASS,
    PV,
    PVC,
    RESOURCE_QUOTA,
    SERVICE,
    SERVICE_ACCOUNT,
    STATEFUL_SET,
    STORAGE_CLASS,
    VOLUME_ATTACHMENT,
    Kind,
    Object,
)
from podiatrist.cluster.objects import Pod, PodSpec, parse
from podiatrist.cluster.references import config_maps_named

log = logging.getLogger(__name__)

LIFE = 5.0
"""Seconds for which a reading is shared."""

_LIFE_OF_PODS = 15.0
"""Seconds for which the reading of all pods of the cluster is shared: it is the largest."""

_LONG_AGO = datetime.min.replace(tzinfo=UTC)

_MOST_CONFIG_MAPS = 16

T = TypeVar("T")

_OF_NAMESPACE = (
    PVC,
    SERVICE,
    ENDPOINT_SLICE,
    INGRESS,
    NETWORK_POLICY,
    HPA,
    PDB,
    RESOURCE_QUOTA,
    LIMIT_RANGE,
    DEPLOYMENT,
    STATEFUL_SET,
    DAEMON_SET,
)
_OF_CLUSTER = (NODE, PV, STORAGE_CLASS, VOLUME_ATTACHMENT, INGRESS_CLASS)
_NAMES_OF_NAMESPACE = (SERVICE_ACCOUNT, CONFIG_MAP)
_NAMES_OF_CLUSTER = (PRIORITY_CLASS,)


@dataclass(frozen=True)
class Around:
    """What was read around one target."""

    objects: dict[Kind, list[Object]] = field(default_factory=dict)
    names: dict[Kind, frozenset[str]] = field(default_factory=dict)
    namespace_pods: list[Pod] = field(default_factory=list)
    cluster_pods: list[Pod] = field(default_factory=list)


@dataclass(frozen=True, eq=False)
class _Reading:
    """One reading: until when it is shared (loop time), when it was begun, and what it gives."""

    end: float
    begun: datetime
    task: asyncio.Task[Any]


class Surroundings:
    """Shared readings; who asks while one is under way waits for it."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._readings: dict[Any, _Reading] = {}

    async def objects(self, kind: Kind, namespace: str | None = None) -> list[Object] | None:
        """Return all objects of a kind; None where we may not, or the cluster has no such kind."""
        read = partial(self._client.list_all, kind, namespace)
        return await self._shared((kind, namespace), LIFE, read)

    async def names(self, kind: Kind, namespace: str | None = None) -> frozenset[str] | None:
        """Return the names of all objects of a kind; None as for `objects`."""
        read = partial(self._client.list_names, kind, namespace)
        return await self._shared(("names", kind, namespace), LIFE, read)

    async def pods(
        self, namespace: str | None = None, *, not_older_than: datetime | None = None
    ) -> list[Pod]:
        """Return all pods of a namespace; for None, all of the cluster that have not ended.

        A reading from before `not_older_than` is not good enough: it cannot know the pods that
        were there at that time.
        """
        fields = None if namespace else "status.phase!=Succeeded,status.phase!=Failed"
        life = LIFE if namespace else _LIFE_OF_PODS
        read = partial(self._client.list_typed, POD, Pod, namespace, fields=fields)
        return await self._shared(("pods", namespace), life, read, not_older_than) or []

    async def config_map(self, namespace: str, name: str) -> Object | None:
        """Return a ConfigMap as name and keys, None where there is none."""

        async def read() -> Object:
            raw = await self._client.get(CONFIG_MAP, namespace, name)
            keys = sorted({**(raw.get("data") or {}), **(raw.get("binaryData") or {})})
            metadata = raw.get("metadata") or {}
            kept = {k: metadata.get(k) for k in ("name", "namespace", "uid")}
            return {"metadata": kept, "keys": keys}

        return await self._shared((CONFIG_MAP, namespace, name), LIFE, read)

    async def _shared(
        self,
        key: Any,
        life: float,
        read: Callable[[], Awaitable[T]],
        not_older_than: datetime | None = None,
    ) -> T | None:
        now = asyncio.get_running_loop().time()
        self._forget_old(now)
        known = self._readings.get(key)
        if known is None or (not_older_than is not None and known.begun <= not_older_than):
            task = asyncio.ensure_future(_or_none(read, key))
            self._readings[key] = known = _Reading(now + life, datetime.now(UTC), task)
        try:
            # One who gives up must not take the reading away from the others.
            return await asyncio.shield(known.task)
        except Exception:
            if self._readings.get(key) is known:
                del self._readings[key]  # a failure is not shared any further
            raise

    def _forget_old(self, now: float) -> None:
        old = [
            key for key, known in self._readings.items() if known.end < now and known.task.done()
        ]
        for key in old:
            del self._readings[key]


async def _or_none(read: Callable[[], Awaitable[T]], key: Any) -> T | None:
    try:
        return await read()
    except (NotFoundError, RefusedError) as error:
        # A cluster without that kind, or an installation that may not read it: rules that need
        # it stay silent, all others go on.
        log.debug("could not read %s: %s", key, error)
        return None


async def read_around(
    surroundings: Surroundings,
    kind: Kind,
    namespace: str | None,
    pods: list[Pod],
    target: Object,
) -> Around:
    """Read what stands around a target. Raises UnreachableError."""
    kinds: list[tuple[Kind, str | None]] = [(k, None) for k in _OF_CLUSTER]
    named: list[tuple[Kind, str | None]] = [(k, None) for k in _NAMES_OF_CLUSTER]
    if namespace and kind.namespaced:
        kinds += [(k, namespace) for k in _OF_NAMESPACE]
        named += [(k, namespace) for k in _NAMES_OF_NAMESPACE]
    elif kind is NODE:
        kinds.append((PDB, None))
    lists = await asyncio.gather(*(surroundings.objects(k, n) for k, n in kinds))
    names = await asyncio.gather(*(surroundings.names(k, n) for k, n in named))
    own_namespace = namespace if kind.namespaced else None
    newest = max((p.metadata.creation_timestamp or _LONG_AGO for p in pods), default=None)
    namespace_pods = (
        await surroundings.pods(own_namespace, not_older_than=newest) if own_namespace else []
    )
    cluster_pods = await surroundings.pods(not_older_than=newest)
    objects = {k: found for (k, _), found in zip(kinds, lists, strict=True) if found is not None}
    if own_namespace:
        specs = _specs(kind, target, pods)
        known = dict(zip(named, names, strict=True)).get((CONFIG_MAP, namespace)) or frozenset()
        wanted = _with_similar(sorted(config_maps_named(specs)), known)[:_MOST_CONFIG_MAPS]
        maps = await asyncio.gather(*(surroundings.config_map(own_namespace, n) for n in wanted))
        objects[CONFIG_MAP] = [found for found in maps if found is not None]
    return Around(
        objects=objects,
        names={k: f for (k, _), f in zip(named, names, strict=True) if f is not None},
        namespace_pods=namespace_pods,
        cluster_pods=cluster_pods,
    )


def _with_similar(wanted: list[str], known: frozenset[str]) -> list[str]:
    """Add to names that are not there those that may have been meant: their keys count too."""
    missing = [name for name in wanted if known and name not in known]
    similar = [
        close for n in missing for close in difflib.get_close_matches(n, sorted(known), 2, 0.5)
    ]
    return list(dict.fromkeys([*(n for n in wanted if n not in missing), *similar]))


def _specs(kind: Kind, target: Object, pods: list[Pod]) -> list[PodSpec]:
    node: Any = target
    for key in (*(kind.template or ()), "spec"):
        node = node.get(key) if isinstance(node, dict) else None
    own = parse(PodSpec, node) if kind.template is not None and isinstance(node, dict) else None
    return ([own] if own else []) + [p.spec for p in pods[:8]]
