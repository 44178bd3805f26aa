"""From a sick pod to the workload that a human made, remembered for a while."""

from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import NamedTuple

from podiatrist.cluster.client import Client
from podiatrist.cluster.errors import NotFoundError
from podiatrist.cluster.kinds import (
    JOB,
    POD,
    REPLICA_SET,
    WORKLOADS,
    Kind,
    find_kind,
    find_target_kind,
)
from podiatrist.cluster.objects import Metadata, OwnerReference, Pod, parse

_LIFE = timedelta(minutes=10)
_MOST = 10_000
_LONGEST_CHAIN = 4
"""Pod, ReplicaSet or Job, Deployment or CronJob: longer chains do not exist."""


class Target(NamedTuple):
    """The name of what a Diagnosis may be about; "" is the namespace of cluster-scoped kinds."""

    api_version: str
    kind: str
    namespace: str
    name: str

    @classmethod
    def of(cls, kind: Kind, namespace: str, name: str) -> "Target":
        """Return the name of an object."""
        return cls(kind.api_version, kind.kind, namespace if kind.namespaced else "", name)

    def __str__(self) -> str:
        """Return `Deployment shop/web`."""
        return f"{self.kind} {self.namespace}/{self.name}".replace(" /", " ")


class Owners:
    """Follows controller references upwards; pods of one ReplicaSet are followed once."""

    def __init__(self, client: Client, clock: Callable[[], datetime]) -> None:
        self._client = client
        self._clock = clock
        self._known: OrderedDict[str, tuple[datetime, Target]] = OrderedDict()

    async def top(self, pod: Pod) -> Target:
        """Return the workload at the top of a pod's owners: the pod itself where nobody owns it.

        Stops below an owner that is gone or of a kind we do not know (an operator's own
        resource). Raises ClusterError.
        """
        here = Target.of(POD, pod.metadata.namespace, pod.metadata.name)
        above = pod.metadata.controller
        if above is None:
            return here
        known = self._known.get(above.uid)
        if known is not None and self._clock() - known[0] < _LIFE:
            return known[1]
        top = await self._climb(here, above)
        self._known[above.uid] = (self._clock(), top)
        self._known.move_to_end(above.uid)
        while len(self._known) > _MOST:
            self._known.popitem(last=False)
        return top

    async def above(self, target: Target) -> Target:
        """Return the workload at the top of an object's owners: itself where nobody owns it.

        Raises NotFoundError where the object is gone, ClusterError where nobody can say.
        """
        kind = kind_of(target)
        if kind not in (REPLICA_SET, JOB):
            return target
        raw = await self._client.get(kind, target.namespace, target.name)
        metadata = parse(Metadata, raw.get("metadata") or {}) or Metadata()
        return await self._climb(target, metadata.controller)

    async def _climb(self, here: Target, above: OwnerReference | None) -> Target:
        for _ in range(_LONGEST_CHAIN):
            kind = find_target_kind(above.api_version, above.kind) if above else None
            if above is None or kind is None or kind not in WORKLOADS:
                break
            try:
                raw = await self._client.get(kind, here.namespace, above.name)
            except NotFoundError:
                break
            metadata = parse(Metadata, raw.get("metadata") or {}) or Metadata()
            if metadata.uid != above.uid:
                break
            here, above = Target.of(kind, here.namespace, above.name), metadata.controller
        return here


def kind_of(target: Target) -> Kind:
    """Return the kind of a target. Raises NotFoundError for one that we do not know."""
    kind = find_kind(target.api_version, target.kind)
    if kind is None:
        raise NotFoundError(f"{target.kind} ({target.api_version}) is of no kind that we know")
    return kind
