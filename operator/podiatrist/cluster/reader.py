"""Reads a Snapshot: one bounded pass over what belongs to a target.

What is read grows with the trouble: a target whose pods are all fine costs three requests. Only
when a pod is not running are nodes, volumes and the other pods of the cluster read as well.
Secrets are never read.
"""

import asyncio
from datetime import UTC, datetime
from typing import Any

from podiatrist.cluster.client import Client, Object
from podiatrist.cluster.errors import NotFoundError
from podiatrist.cluster.kinds import (
    CRON_JOB,
    DEPLOYMENT,
    EVENT,
    JOB,
    NODE,
    POD,
    PV,
    PVC,
    REPLICA_SET,
    STORAGE_CLASS,
    Kind,
    find_target_kind,
)
from podiatrist.cluster.snapshot import Snapshot


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


def _controlled_by(objects: list[Object], uids: set[str]) -> list[Object]:
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


async def read_snapshot(
    client: Client, kind: Kind, namespace: str, name: str, now: datetime | None = None
) -> Snapshot:
    """Read everything that belongs to a target. Raises NotFoundError when it does not exist."""
    target = await client.get(kind, namespace, name)
    owners = {_uid(target)}
    found: dict[Kind, list[Object]] = {}
    labels = selector_text((target.get("spec") or {}).get("selector"))
    if kind is DEPLOYMENT:
        replica_sets = await client.list_all(REPLICA_SET, namespace, labels=labels)
        found[REPLICA_SET] = _controlled_by(replica_sets, owners)
        owners = {_uid(r) for r in found[REPLICA_SET]}
    elif kind is CRON_JOB:
        owners = {_uid(j) for j in _controlled_by(await client.list_all(JOB, namespace), owners)}
    if kind is POD:
        found[POD] = [target]
    else:
        found[POD] = _controlled_by(await client.list_all(POD, namespace, labels=labels), owners)
    found[EVENT] = await client.list_all(EVENT, namespace, fields="type!=Normal")
    cluster_pods: list[Object] = []
    if not all(_at_rest(pod) for pod in found[POD]):
        cluster_pods, *rest = await asyncio.gather(
            client.list_all(POD, fields="status.phase!=Succeeded,status.phase!=Failed"),
            client.list_all(NODE),
            client.list_all(PVC, namespace),
            client.list_all(PV),
            client.list_all(STORAGE_CLASS),
        )
        found |= dict(zip((NODE, PVC, PV, STORAGE_CLASS), rest, strict=True))
    return Snapshot.of(kind, target, now or datetime.now(UTC), dict(found), cluster_pods)


def _at_rest(pod: Object) -> bool:
    """Whether a pod is Ready or has ended well: nothing around it needs to be read."""
    status = pod.get("status") or {}
    ready = any(
        c.get("type") == "Ready" and c.get("status") == "True"
        for c in status.get("conditions") or []
    )
    return ready or status.get("phase") == "Succeeded"


async def top_owner(client: Client, kind: Kind, raw: Object) -> tuple[Kind, Object]:
    """Follow controller references up to the workload that a human made.

    Stops below an owner that is gone or of a kind we do not know (an operator's own resource).
    Raises ClusterError.
    """
    for _ in range(4):  # Pod, ReplicaSet or Job, Deployment or CronJob: longer chains do not exist
        metadata = raw.get("metadata") or {}
        refs = metadata.get("ownerReferences") or []
        ref = next((r for r in refs if r.get("controller")), None)
        above = find_target_kind(ref.get("apiVersion", ""), ref.get("kind", "")) if ref else None
        if ref is None or above is None:
            break
        try:
            owner = await client.get(above, metadata.get("namespace"), ref.get("name", ""))
        except NotFoundError:
            break
        if _uid(owner) != ref.get("uid"):
            break
        kind, raw = above, owner
    return kind, raw
