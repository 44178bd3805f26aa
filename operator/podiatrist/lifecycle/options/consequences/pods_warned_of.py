"""What a human should know of the target's own pods before an option is approved."""

from collections.abc import Iterator, Mapping

from podiatrist.actions.compiler import Plan
from podiatrist.analyzers.common.result import and_more, counted
from podiatrist.analyzers.scaling.budget_reach import bound, protects
from podiatrist.api.diagnosis import ObjectRef
from podiatrist.cluster.kinds import (
    CRON_JOB,
    DAEMON_SET,
    DEPLOYMENT,
    PDB,
    REPLICA_SET,
    STATEFUL_SET,
)
from podiatrist.cluster.objects import Workload, parse
from podiatrist.cluster.snapshot import Object, Snapshot
from podiatrist.lifecycle.options.consequences.change import same_template
from podiatrist.lifecycle.options.consequences.pod_state import is_ready, is_there, ready_of
from podiatrist.lifecycle.options.consequences.turnover import Turnover
from podiatrist.lifecycle.options.consequences.turnover_by_others import least_healthy

_WITH_REPLICAS = (DEPLOYMENT, STATEFUL_SET, REPLICA_SET)
_WITH_TEMPLATE = (*_WITH_REPLICAS, DAEMON_SET, CRON_JOB)


def about_pods(
    snapshot: Snapshot, plan: Plan, after: Mapping[ObjectRef, Object], gone: Turnover
) -> Iterator[str]:
    """Yield warnings, the gravest first."""
    raw = after.get(snapshot.target)
    workload = parse(Workload, raw) if raw is not None else None
    yield from _none_left(snapshot, workload, gone)
    yield from _budgets(snapshot, workload, gone)
    if workload is None or raw is None:
        return
    if snapshot.kind in _WITH_REPLICAS:
        yield from _autoscalers(snapshot, workload)
    if snapshot.kind in _WITH_TEMPLATE and not same_template(
        snapshot.kind, snapshot.target_raw, raw
    ):
        yield from _takes_no_effect(snapshot, plan, workload, gone)
        yield from _leaves_services(snapshot, workload)


def _none_left(snapshot: Snapshot, workload: Workload | None, gone: Turnover) -> Iterator[str]:
    scaled_away = workload is not None and snapshot.kind in _WITH_REPLICAS
    if scaled_away and workload and workload.replicas <= 0 < snapshot.workload.replicas:
        yield f"it scales {snapshot.target} to zero: no pod of it is left"
        return
    ready = ready_of(snapshot.pods)
    if 0 < ready <= gone.down:
        yield (
            f"none of the {counted(ready, 'pod')} of {snapshot.target} that "
            f"{'is' if ready == 1 else 'are'} ready now stays ready all the time"
        )


def _budgets(snapshot: Snapshot, workload: Workload | None, gone: Turnover) -> Iterator[str]:
    """Rollouts, scaling and deletions never ask a budget (Kubernetes docs, "Disruptions")."""
    if snapshot.kind is PDB or not gone.down:
        return
    leaving = {p.metadata.name for p in gone.leaving}
    for budget in snapshot.budgets:
        pods = [p for p in snapshot.namespace_pods if protects(budget, p)]
        down = min(gone.down, sum(p.metadata.name in leaving and is_ready(p) for p in pods))
        expected = max(budget.status.expected_pods, sum(map(is_there, pods)))
        if workload is not None and snapshot.kind in _WITH_REPLICAS:
            # What is scaled away is not expected any more.
            fewer = max(0, snapshot.workload.replicas - max(0, workload.replicas))
            expected = max(0, expected - fewer)
        wanted, stays = least_healthy(budget, expected), ready_of(pods) - down
        if down and stays < wanted:
            yield (
                f"PodDisruptionBudget {budget.metadata.name} ({bound(budget)}) wants "
                f"{counted(wanted, 'healthy pod')}; as few as {max(0, stays)} may be left, since "
                "rollouts, scaling and deletions ask no budget"
            )


def _autoscalers(snapshot: Snapshot, workload: Workload) -> Iterator[str]:
    if workload.replicas == snapshot.workload.replicas:
        return
    for scaler in snapshot.autoscalers:
        wanted = scaler.spec.scale_target_ref
        if (wanted.kind, wanted.name) != (snapshot.target.kind, snapshot.target.name):
            continue
        name = f"HorizontalPodAutoscaler {scaler.metadata.name}"
        if workload.replicas <= 0:
            yield f"{name} does nothing while {snapshot.target.name} has 0 replicas"
        else:
            low = 1 if scaler.spec.min_replicas is None else scaler.spec.min_replicas
            yield (
                f"{name} sets the number of replicas as well ({low} to "
                f"{scaler.spec.max_replicas}) and will override {workload.replicas}"
            )


def _takes_no_effect(
    snapshot: Snapshot, plan: Plan, workload: Workload, gone: Turnover
) -> Iterator[str]:
    """Say where a changed template waits."""
    if snapshot.kind is CRON_JOB:
        yield "what runs now goes on unchanged; the change begins with the next run"
    elif snapshot.kind is DEPLOYMENT and workload.spec.paused:
        yield f"{snapshot.target} is paused: no pod changes until its rollout is resumed"
    elif snapshot.kind is REPLICA_SET:
        yield "a ReplicaSet does not replace its pods: only those it makes anew have the change"
    elif snapshot.kind in (STATEFUL_SET, DAEMON_SET):
        strategy = workload.spec.update_strategy
        if strategy.get("type") == "OnDelete":
            deleted = {p.object.name for p in plan.patches if p.verb == "delete"}
            left = [p for p in snapshot.pods if is_there(p) and p.metadata.name not in deleted]
            if left:
                yield (
                    f"{counted(len(left), 'pod')} stay as they are until somebody deletes them "
                    "(update strategy OnDelete)"
                )
            return
        rolling = strategy.get("rollingUpdate")
        partition = rolling.get("partition") if isinstance(rolling, dict) else None
        if partition and len(gone.leaving) < len(snapshot.pods):
            yield f"pods below ordinal {partition} stay as they are (partition)"


def _leaves_services(snapshot: Snapshot, workload: Workload) -> Iterator[str]:
    """Say which Services the new pods would no longer be behind."""
    labels = workload.spec.template.metadata.labels
    lost = [
        s.metadata.name
        for s in snapshot.services
        if s.spec.selector
        and s.spec.selector.items() <= snapshot.workload.spec.template.metadata.labels.items()
        and not s.spec.selector.items() <= labels.items()
    ]
    if lost:
        yield f"the new pods have other labels: Service {and_more(lost)} no longer selects them"
