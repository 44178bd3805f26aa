"""Reads a Snapshot: one bounded pass over what belongs to a target.

What is read grows with the trouble: a target whose pods are all fine costs three requests. Only
when something is not as it should be is what stands around it read as well, and that is shared
between targets for a few seconds. Secrets are never read.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from podiatrist.cluster.client import Client
from podiatrist.cluster.events import CLUSTER_SCOPED, EXECUTOR, OPERATOR
from podiatrist.cluster.failed_logs import read_failed_logs
from podiatrist.cluster.kinds import (
    CONTROLLER_REVISION,
    CRON_JOB,
    DAEMON_SET,
    DEPLOYMENT,
    EVENT,
    JOB,
    NODE,
    POD,
    PVC,
    REPLICA_SET,
    STATEFUL_SET,
    WORKLOADS,
    Kind,
    Object,
)
from podiatrist.cluster.objects import Event, LabelSelector, Pod, parse
from podiatrist.cluster.snapshot import Snapshot
from podiatrist.cluster.surroundings import Surroundings, read_around


def selector_text(selector: Any) -> str | None:
    """Return a label selector as a query parameter; None where it selects nothing usable."""
    if not isinstance(selector, dict):
        return None
    parts = [f"{k}={v}" for k, v in (selector.get("matchLabels") or {}).items()]
    for term in selector.get("matchExpressions") or []:
        key, values = term.get("key", ""), ",".join(term.get("values") or [])
        parts += {
            "In": [f"{key} in ({values})"],
            "NotIn": [f"{key} notin ({values})"],
            "Exists": [key],
            "DoesNotExist": [f"!{key}"],
        }.get(term.get("operator", ""), [])
    return ",".join(parts) or None


@dataclass
class Reader:
    """Reads snapshots with one identity; what stands around targets is shared for a while."""

    client: Client
    surroundings: Surroundings = field(init=False)

    def __post_init__(self) -> None:
        self.surroundings = Surroundings(self.client)

    async def read(
        self,
        kind: Kind,
        namespace: str | None,
        name: str,
        now: datetime | None = None,
        *,
        whole: bool = False,
        fresh: bool = False,
    ) -> Snapshot:
        """Read everything that belongs to a target. Raises NotFoundError when it is not there.

        `whole`: all of what stands around it, also where it is fine, and its past revisions.
        `fresh`: nothing of it is shared with others, which may be seconds old.
        """
        if fresh:
            return await Reader(self.client).read(kind, namespace, name, now, whole=whole)
        target = await self.client.get(kind, namespace, name)
        taken_at = now or datetime.now(UTC)
        if kind in WORKLOADS:
            return await self._workload(kind, namespace or "", target, taken_at, whole=whole)
        around = await read_around(self.surroundings, kind, namespace, [], target)
        events = await self._events(namespace or CLUSTER_SCOPED)
        return Snapshot(
            kind=kind,
            target_raw=target,
            taken_at=taken_at,
            pods=_pods_of(kind, target, around.namespace_pods, around.cluster_pods),
            events=events,
            around=around.objects,
            names=around.names,
            namespace_pods=around.namespace_pods,
            cluster_pods=around.cluster_pods,
        )

    async def _workload(
        self, kind: Kind, namespace: str, target: Object, taken_at: datetime, *, whole: bool
    ) -> Snapshot:
        owned: dict[Kind, list[Object]] = {}
        owners = {_uid(target)}
        labels = selector_text((target.get("spec") or {}).get("selector"))
        if kind is DEPLOYMENT:
            replica_sets = await self.client.list_all(REPLICA_SET, namespace, labels=labels)
            owned[REPLICA_SET] = _controlled_by(replica_sets, owners)
            owners = {_uid(r) for r in owned[REPLICA_SET]}
        elif kind is CRON_JOB:
            owned[JOB] = _controlled_by(await self.client.list_all(JOB, namespace), owners)
            owners = {_uid(j) for j in owned[JOB]}
        elif whole and kind in (STATEFUL_SET, DAEMON_SET):
            revisions = await self.client.list_all(CONTROLLER_REVISION, namespace)
            owned[CONTROLLER_REVISION] = _controlled_by(revisions, owners)
        if kind is POD:
            pods = [pod] if (pod := parse(Pod, target)) else []
        else:
            listed = await self.client.list_typed(POD, Pod, namespace, labels=labels)
            pods = [p for p in listed if (c := p.metadata.controller) and c.uid in owners]
        events = await self._events(namespace)
        bare = Snapshot(kind, target, taken_at, pods, events, owned, namespace_pods=pods)
        fine = pods and all(_at_rest(pod) for pod in pods) and not _behind(target)
        if fine and not whole:
            return bare
        around = await read_around(self.surroundings, kind, namespace, pods, target)
        # Whether somebody misses a workload without pods is told by the logs of the others.
        asleep = not pods and (target.get("spec") or {}).get("replicas") == 0
        heard = around.namespace_pods if asleep else pods
        return Snapshot(
            kind=kind,
            target_raw=target,
            taken_at=taken_at,
            pods=pods,
            events=events,
            around=around.objects | owned,
            names=around.names,
            namespace_pods=around.namespace_pods,
            cluster_pods=around.cluster_pods,
            logs=await read_failed_logs(self.client, heard, of_many=asleep),
        )

    async def _events(self, namespace: str) -> list[Event]:
        # What we announced ourselves is no sign of a fault.
        ours = ",".join(f"reportingComponent!={reporter}" for reporter in (OPERATOR, EXECUTOR))
        fields = f"type!=Normal,{ours}"
        return await self.client.list_typed(EVENT, Event, namespace, fields=fields)


def _controlled_by(objects: Iterable[Object], uids: set[str]) -> list[Object]:
    """Return the objects whose controller has one of these UIDs."""
    return [
        o
        for o in objects
        if any(
            r.get("controller") and r.get("uid") in uids
            for r in (o.get("metadata") or {}).get("ownerReferences") or []
        )
    ]


def _uid(raw: Object) -> str:
    return str((raw.get("metadata") or {}).get("uid") or "")


def _at_rest(pod: Pod) -> bool:
    """Whether a pod is well and always was, or ended well: nothing around it needs to be read."""
    ready = pod.condition("Ready")
    if pod.metadata.deletion_timestamp is not None:
        return False
    if pod.status.phase == "Succeeded":
        return True
    return (
        ready is not None
        and ready.status == "True"
        and not any(s.restart_count for s in pod.all_statuses)
    )


def _behind(target: Object) -> bool:
    """Whether a workload has fewer ready pods than it wants, or says that it is in trouble."""
    spec, status = target.get("spec") or {}, target.get("status") or {}
    wanted = spec.get("replicas", status.get("desiredNumberScheduled"))
    ready = status.get("readyReplicas", status.get("numberReady"))
    if isinstance(wanted, int) and isinstance(ready or 0, int) and (ready or 0) < wanted:
        return True
    return any(
        c.get("type") in ("Progressing", "ReplicaFailure", "Failed")
        and (c.get("status") == "False") == (c.get("type") == "Progressing")
        for c in status.get("conditions") or []
        if isinstance(c, dict)
    )


def _pods_of(
    kind: Kind, target: Object, namespace_pods: list[Pod], cluster_pods: list[Pod]
) -> list[Pod]:
    """Return the pods that a Service, a budget or a policy selects, or that run on a node."""
    metadata, spec = target.get("metadata") or {}, target.get("spec") or {}
    if kind is NODE:
        return [p for p in cluster_pods if p.spec.node_name == metadata.get("name")]
    if kind is PVC:
        return []  # its selector is about volumes
    selector = spec.get("selector") or spec.get("podSelector")
    if not isinstance(selector, dict):
        return []
    if not {"matchLabels", "matchExpressions"} & set(selector):
        selector = {"matchLabels": selector}  # a Service's is a plain map
    parsed = parse(LabelSelector, selector)
    return [p for p in namespace_pods if parsed and parsed.matches(p.metadata.labels)]
