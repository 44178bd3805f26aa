"""What becomes of the target's pods when a plan runs: who leaves, who comes, who is missed.

Numbers are upper bounds as the controllers of Kubernetes 1.37 would reach them; they never ask a
PodDisruptionBudget. Source: pkg/controller/{deployment,statefulset,daemon}.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from podiatrist.actions.compiler import Plan
from podiatrist.api.diagnosis import ObjectRef
from podiatrist.cluster.kinds import (
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
from podiatrist.cluster.objects import CronJob, Pod, ReplicaSet, parse
from podiatrist.cluster.snapshot import Object, Snapshot
from podiatrist.lifecycle.options.consequences.change import Change, same_template
from podiatrist.lifecycle.options.consequences.pod_state import is_ready, ready_of
from podiatrist.lifecycle.options.consequences.scaled import scaled
from podiatrist.lifecycle.options.consequences.turnover_by_others import of_autoscaler, of_budget


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
    by_kind: dict[Kind, Callable[[Change], Turnover]] = {
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
    return judge(Change.of(snapshot, plan, raw))


def _gone(pods: list[Pod]) -> Turnover:
    return Turnover(pods, made=0, ahead=len(pods), down=ready_of(pods))


def _surplus(pods: list[Pod], wanted: int) -> list[Pod]:
    """Return the pods that are too many: those that are not ready go first."""
    return sorted(pods, key=is_ready)[: max(0, len(pods) - wanted)]


def _of_deployment(change: Change) -> Turnover:
    """Old revisions leave as far as maxUnavailable allows (surge rounds up, unavailable down)."""
    snapshot, wanted = change.snapshot, change.wanted
    same = {
        r.metadata.uid
        for raw in snapshot.raws(REPLICA_SET)
        if same_template(DEPLOYMENT, raw, change.raw) and (r := parse(ReplicaSet, raw))
    } - {""}
    paused = change.workload.spec.paused
    deleted = [p for p in change.pods if p.metadata.name in change.deleted]
    stays = [p for p in change.pods if p.metadata.name not in change.deleted]
    kept = [p for p in stays if paused or _owner(p) in same]
    old = [p for p in stays if not paused and _owner(p) not in same]
    leaving = [*deleted, *old, *_surplus(kept, wanted)]
    kind, rolling = change.rolling("strategy")
    surge = scaled(rolling.get("maxSurge", "25%"), wanted, up=True)
    missing = scaled(rolling.get("maxUnavailable", "25%"), wanted, up=False)
    if not surge and not missing:
        missing = 1
    ahead = len(old) if kind == "Recreate" else min(missing, len(old))
    floor = max(0, wanted - ahead) if kind != "Recreate" or not old else 0
    down = min(ready_of(leaving), max(0, ready_of(change.pods) - floor))
    made = len(deleted) if paused else max(0, wanted - len(kept))
    return Turnover(leaving, made, max(ahead, len(deleted)), max(down, ready_of(deleted)))


def _owner(pod: Pod) -> str:
    owner = pod.metadata.controller
    return owner.uid if owner else ""


def _of_stateful_set(change: Change) -> Turnover:
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


def _ordinal(change: Change, pod: Pod) -> int:
    """Return a pod's place in its StatefulSet, counted from 0."""
    spec = change.raw.get("spec")
    ordinals = spec.get("ordinals") if isinstance(spec, dict) else None
    start = ordinals.get("start") if isinstance(ordinals, dict) else None
    digits = pod.metadata.name.rpartition("-")[2]
    number = int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 10 else 0
    return number - (start if isinstance(start, int) else 0)


def _of_daemon_set(change: Change) -> Turnover:
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


def _of_replica_set(change: Change) -> Turnover:
    """A changed template replaces nothing here; the number of pods counts at once."""
    stays = [p for p in change.pods if p.metadata.name not in change.deleted]
    deleted = [p for p in change.pods if p.metadata.name in change.deleted]
    leaving = [*deleted, *_surplus(stays, change.wanted)]
    made = max(0, change.wanted - len(stays))
    return Turnover(leaving, made, len(deleted), ready_of(leaving))


def _of_cron_job(change: Change) -> Turnover:
    """What runs goes on; the next run has the changed template."""
    cron_job = parse(CronJob, change.raw) or CronJob()
    return Turnover(made=0 if cron_job.spec.suspend else 1, later=True)


def _of_pod(change: Change) -> Turnover:
    """The kubelet restarts the containers that changed, inside the same pod."""
    leaving = [
        p for p in change.pods if not same_template(POD, change.snapshot.target_raw, change.raw)
    ]
    return Turnover(leaving, made=0, ahead=0, down=ready_of(leaving))
