"""Autoscalers that want more replicas than they may make."""

import math
from datetime import timedelta
from decimal import Decimal
from typing import Any

from podiatrist.actions.compiler import Proposal
from podiatrist.actions.set_autoscaler import SetAutoscaler
from podiatrist.analyzers.common.result import Result
from podiatrist.api.diagnosis import Evidence, Finding
from podiatrist.cluster.objects import Autoscaler, Condition
from podiatrist.cluster.quantity import quantity_or_zero
from podiatrist.cluster.snapshot import Snapshot

_PATIENCE = timedelta(minutes=5)
"""How long a peak may last: bounds are there to be reached at times."""

_TOLERANCE = Decimal("1.1")
"""The controller leaves a load alone that is off by less than a tenth."""

_MOST_GROWTH = 3
_MOST = 1000


def explain_limit(snapshot: Snapshot, autoscaler: Autoscaler, limited: Condition) -> Result | None:
    """Return that a load lasts which maxReplicas cannot carry; None for peaks, and at the minimum.

    A minimum that equals the maximum pins the number on purpose.
    """
    spec, status = autoscaler.spec, autoscaler.status
    since = limited.last_transition_time
    if limited.reason != "TooManyReplicas" or status.current_replicas < spec.max_replicas:
        return None
    if since is not None and snapshot.taken_at - since < _PATIENCE:
        return None
    if (1 if spec.min_replicas is None else spec.min_replicas) >= spec.max_replicas:
        return None
    load = _load(autoscaler)
    if load is not None and load <= _TOLERANCE:
        return None
    how_much = f"; the load is {int(load * 100)} % of its target" if load is not None else ""
    message = (
        f"{snapshot.target} is at its limit: it wants more than maxReplicas "
        f"({spec.max_replicas}) allows{how_much}. Raise maxReplicas, or find out where the load "
        "comes from"
    )
    finding = Finding(
        analyzer="autoscaling",
        reason="AutoscalerAtLimit",
        message=message,
        object=snapshot.target,
        evidence=[
            Evidence(
                source=f"kubectl -n {snapshot.namespace} describe hpa {autoscaler.metadata.name}",
                quote=limited.message or limited.reason,
            )
        ],
    )
    return Result(finding, tuple(_raise(snapshot, autoscaler, load)))


def _raise(snapshot: Snapshot, autoscaler: Autoscaler, load: Decimal | None) -> list[Proposal]:
    now = autoscaler.spec.max_replicas
    if any(not p.spec.node_name and not p.ended for p in snapshot.namespace_pods):
        return []  # pods wait for room already: more of them would only wait as well
    wanted = math.ceil(now * (load if load is not None else Decimal("1.5")))
    higher = min(max(wanted, now + 1), now * _MOST_GROWTH, _MOST)
    if higher <= now:
        return []
    return [
        Proposal(
            title=f"Raise maxReplicas to {higher}",
            rationale=f"From {now}, by what the load asks for. Nodes, quotas and what stands "
            "behind the workload must carry the new replicas.",
            actions=(SetAutoscaler(object=snapshot.target, max_replicas=higher),),
        )
    ]


def _load(autoscaler: Autoscaler) -> Decimal | None:
    """Return the highest measured load as a share of its target, None where nothing is measured."""
    shares = [
        share
        for wanted, seen in zip(
            autoscaler.spec.metrics, autoscaler.status.current_metrics, strict=False
        )
        if (share := _share(wanted, seen)) is not None
    ]
    return max(shares, default=None)


def _share(wanted: dict[str, Any], seen: dict[str, Any]) -> Decimal | None:
    if wanted.get("type") != seen.get("type"):
        return None
    kind = str(wanted.get("type") or "")
    key = kind[:1].lower() + kind[1:]
    target = _inner(wanted, key, "target")
    current = _inner(seen, key, "current")
    for field in ("averageUtilization", "averageValue", "value"):
        goal, value = _amount(target.get(field)), _amount(current.get(field))
        if goal > 0 and value > 0:
            return min(value / goal, Decimal(1000))
    return None


def _inner(metric: dict[str, Any], *path: str) -> dict[str, Any]:
    node: Any = metric
    for key in path:
        node = node.get(key) if isinstance(node, dict) else None
    return node if isinstance(node, dict) else {}


def _amount(value: Any) -> Decimal:
    return quantity_or_zero(value) if isinstance(value, str | int | float) else Decimal(0)
