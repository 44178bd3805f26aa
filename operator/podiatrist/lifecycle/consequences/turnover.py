"""What becomes of the target's pods when a plan runs: who leaves, who comes, who is missed.

Numbers are upper bounds as the controllers of Kubernetes 1.37 would reach them; they never ask a
PodDisruptionBudget. Source: pkg/controller/{deployment,statefulset,daemon}.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from podiatrist.actions.compiler import Plan
from podiatrist.api.diagnosis import ObjectRef
from podiatrist.cluster.kinds import (
    CONTROLLER_REVISION,
    CRON_JOB,
    DAEMON_SET,
    DEPLOYMENT,
    HPA,
    PDB,
    POD,
    REPLICA_SET,
    STATEFUL_SET,
    Kind,
)
from podiatrist.cluster.objects import CronJob, Metadata, Pod, ReplicaSet, Workload, parse
from podiatrist.cluster.snapshot import Object, Snapshot
from podiatrist.lifecycle.consequences.pod_state import is_ready, is_there, ready_of
from podiatrist.lifecycle.consequences.scaled import scaled
from podiatrist.lifecycle.consequences.turnover_by_others import of_autoscaler, of_budget

_REVISION = "controller-revision-hash"
"""Label of a pod: the revision that it was made of (by name for StatefulSets, by hash for
DaemonSets)."""

_MARKS = ("pod-template-hash", "$patch")
"""What controllers add to the templates that they keep as revisions."""

_HASH = "controller.kubernetes.io/hash"


@dataclass(frozen=True)
class Turnover:
    """The pods that leave for good or for a successor, and those that come.

    `ahead` is how many may leave before the first successor is made, `down` how many that are
    ready now may be missed at the same time. `later`: the new pods come some day, not now.
    """

    leaving: list[Pod] = field(default_factory=list)
    made: int = 0
    ahead: int = 0
    down: int = 0
    later: bool = False


def turnover(snapshot: Snapshot, plan: Plan, after: Mapping[ObjectRef, Object]) -> Turnover:
    """Return what becomes of the target's pods; `after` are the objects as the dry run answered."""
    raw = after.get(snapshot.target, snapshot.target_raw)
    if snapshot.kind is HPA:
        return _gone(of_autoscaler(snapshot, raw))
    if snapshot.kind is PDB:
        evicted, down = of_budget(snapshot, raw)
        return Turnover(evicted, made=0, ahead=down, down=down)
    by_kind: dict[Kind, Callable[[_Change], Turnover]] = {
        DEPLOYMENT: _of_deployment,
        STATEFUL_SET: _of_stateful_set,
        DAEMON_SET: _of_daemon_set,
        REPLICA_SET: _of_replica_set,
        CRON_JOB: _of_cron_job,
        POD: _of_pod,
    }
    judge = by_kind.get(snapshot.kind)
    if judge is None:
        return Turnover()
    return judge(_Change.of(snapshot, plan, raw))


def same_template(kind: Kind, one: Object, other: Object) -> bool:
    """Say whether two workloads make the same pods, but for the mark of their revision."""
    return bool(_template(kind, one) == _template(kind, other))


def _template(kind: Kind, raw: Object) -> Any:
    node: Any = raw
    for key in kind.template or ("spec",):  # a Pod is its own template
        node = node.get(key) if isinstance(node, dict) else None
    return _comparable(node)


def _comparable(value: Any) -> Any:
    """Return a value without what says nothing, as controllers compare: null, empty, the hash."""
    if isinstance(value, dict):
        parts = {k: _comparable(v) for k, v in value.items() if k not in _MARKS}
        return {k: v for k, v in parts.items() if v not in (None, {}, [])}
    return [_comparable(v) for v in value] if isinstance(value, list) else value


@dataclass(frozen=True)
class _Change:
    """The target before and after, its pods, and the names of those that are deleted."""

    snapshot: Snapshot
    raw: Object
    workload: Workload
    pods: list[Pod]
    deleted: frozenset[str]

    @classmethod
    def of(cls, snapshot: Snapshot, plan: Plan, raw: Object) -> "_Change":
        deleted = frozenset(p.object.name for p in plan.patches if p.verb == "delete")
        pods = [p for p in snapshot.pods if is_there(p)]
        return cls(snapshot, raw, parse(Workload, raw) or snapshot.workload, pods, deleted)

    @property
    def wanted(self) -> int:
        return max(0, self.workload.replicas)

    @cached_property
    def new_template(self) -> bool:
        return not same_template(self.snapshot.kind, self.snapshot.target_raw, self.raw)

    @cached_property
    def same_revisions(self) -> set[str]:
        """Marks of the pods that were made of the very template that the target will have."""
        found = set()
        for raw in self.snapshot.raws(CONTROLLER_REVISION):
            data, metadata = raw.get("data"), parse(Metadata, raw.get("metadata") or {})
            same = isinstance(data, dict) and same_template(self.snapshot.kind, data, self.raw)
            if metadata and same:
                marks = (metadata.labels.get(label, "") for label in (_REVISION, _HASH))
                found |= {metadata.name, *marks}
        return found - {""}

    def is_behind(self, pod: Pod) -> bool:
        """Say whether a pod was made of another template than the target will have."""
        mark = pod.metadata.labels.get(_REVISION, "")
        if not self.same_revisions or not mark:
            return self.new_template
        return mark not in self.same_revisions

    def rolling(self, field: str) -> tuple[str, Mapping[str, Any]]:
        """Return type and parameters of the update strategy."""
        strategy = getattr(self.workload.spec, field)
        rolling = strategy.get("rollingUpdate")
        return str(strategy.get("type") or "RollingUpdate"), (
            rolling if isinstance(rolling, dict) else {}
        )


def _gone(pods: list[Pod]) -> Turnover:
    return Turnover(pods, made=0, ahead=len(pods), down=ready_of(pods))


def _surplus(pods: list[Pod], wanted: int) -> list[Pod]:
    """Return the pods that are too many: those that are not ready go first."""
    return sorted(pods, key=is_ready)[: max(0, len(pods) - wanted)]


def _of_deployment(change: _Change) -> Turnover:
    """Old revisions leave as far as maxUnavailable allows (surge rounds up, unavailable down)."""
    snapshot, wanted = change.snapshot, change.wanted
    same = {
        r.metadata.uid
        for raw in snapshot.raws(REPLICA_SET)
        if same_template(DEPLOYMENT, raw, change.raw) and (r := parse(ReplicaSet, raw))
    } - {""}
    paused = change.workload.spec.paused
    kept = [p for p in change.pods if paused or _owner(p) in same]
    old = [p for p in change.pods if not paused and _owner(p) not in same]
    leaving = [*old, *_surplus(kept, wanted)]
    kind, rolling = change.rolling("strategy")
    surge = scaled(rolling.get("maxSurge", "25%"), wanted, up=True)
    missing = scaled(rolling.get("maxUnavailable", "25%"), wanted, up=False)
    if not surge and not missing:
        missing = 1
    ahead = len(old) if kind == "Recreate" else min(missing, len(old))
    floor = max(0, wanted - ahead) if kind != "Recreate" or not old else 0
    down = min(ready_of(leaving), max(0, ready_of(change.pods) - floor))
    made = 0 if paused else max(0, wanted - len(kept))
    return Turnover(leaving, made, ahead, down)


def _owner(pod: Pod) -> str:
    owner = pod.metadata.controller
    return owner.uid if owner else ""


def _of_stateful_set(change: _Change) -> Turnover:
    """From the highest ordinal down to the partition, one at a time or maxUnavailable of them."""
    wanted = change.wanted
    kind, rolling = change.rolling("update_strategy")
    removed = [p for p in change.pods if _ordinal(change, p) >= wanted]
    stays = [p for p in change.pods if _ordinal(change, p) < wanted]
    partition = rolling.get("partition")
    first = partition if isinstance(partition, int) and kind == "RollingUpdate" else 0
    updated = {
        p.metadata.name
        for p in stays
        if kind != "OnDelete" and _ordinal(change, p) >= first and change.is_behind(p)
    }
    replaced = [p for p in stays if p.metadata.name in updated | change.deleted]
    each = max(1, scaled(rolling.get("maxUnavailable", 1), wanted, up=False))
    at_once = len(updated) if kind == "Recreate" else min(each, len(updated))
    deleted = [p for p in stays if p.metadata.name in change.deleted]
    down = ready_of(removed) + max(ready_of(deleted), min(at_once, ready_of(replaced)))
    made = max(0, wanted - (len(stays) - len(replaced)))
    return Turnover([*replaced, *removed], made, max(at_once, len(deleted)), down)


def _ordinal(change: _Change, pod: Pod) -> int:
    """Return a pod's place in its StatefulSet, counted from 0."""
    spec = change.raw.get("spec")
    ordinals = spec.get("ordinals") if isinstance(spec, dict) else None
    start = ordinals.get("start") if isinstance(ordinals, dict) else None
    digits = pod.metadata.name.rpartition("-")[2]
    number = int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 10 else 0
    return number - (start if isinstance(start, int) else 0)


def _of_daemon_set(change: _Change) -> Turnover:
    """On one node after the other, or maxUnavailable of them (a percentage is rounded up)."""
    kind, rolling = change.rolling("update_strategy")
    wanted = max(0, change.snapshot.workload.status.desired_number_scheduled)
    updated = {p.metadata.name for p in change.pods if kind != "OnDelete" and change.is_behind(p)}
    leaving = [p for p in change.pods if p.metadata.name in updated | change.deleted]
    deleted = [p for p in change.pods if p.metadata.name in change.deleted]
    surge = scaled(rolling.get("maxSurge", 0), wanted, up=True)
    missing = scaled(rolling.get("maxUnavailable", 0 if surge else 1), wanted, up=True)
    at_once = min(missing, len(updated))
    down = max(ready_of(deleted), min(at_once, ready_of(leaving)))
    made = max(len(leaving), wanted - (len(change.pods) - len(leaving)))
    return Turnover(leaving, made, max(at_once, len(deleted)), down)


def _of_replica_set(change: _Change) -> Turnover:
    """A changed template replaces nothing here; the number of pods counts at once."""
    stays = [p for p in change.pods if p.metadata.name not in change.deleted]
    deleted = [p for p in change.pods if p.metadata.name in change.deleted]
    leaving = [*deleted, *_surplus(stays, change.wanted)]
    made = max(0, change.wanted - len(stays))
    return Turnover(leaving, made, len(deleted), ready_of(leaving))


def _of_cron_job(change: _Change) -> Turnover:
    """What runs goes on; the next run has the changed template."""
    cron_job = parse(CronJob, change.raw) or CronJob()
    return Turnover(made=0 if cron_job.spec.suspend else 1, later=True)


def _of_pod(change: _Change) -> Turnover:
    """The kubelet restarts the containers that changed, inside the same pod."""
    leaving = [
        p for p in change.pods if not same_template(POD, change.snapshot.target_raw, change.raw)
    ]
    return Turnover(leaving, made=0, ahead=0, down=ready_of(leaving))
