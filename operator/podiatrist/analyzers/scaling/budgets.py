"""PodDisruptionBudgets that keep a node from being drained."""

from podiatrist.actions.compiler import Proposal
from podiatrist.actions.set_budget import SetBudget
from podiatrist.analyzers.common.result import Result, and_more, counted
from podiatrist.analyzers.scaling.budget_reach import (
    Reach,
    allows_none,
    bound,
    drained_nodes,
    overlapping,
    reach_of,
)
from podiatrist.analyzers.scaling.budget_selectors import explain_nothing_selected
from podiatrist.api.diagnosis import Evidence, Finding, ObjectRef, Risk
from podiatrist.cluster.kinds import PDB
from podiatrist.cluster.objects import Pod
from podiatrist.cluster.snapshot import Snapshot, compact

_PATIENCE = 60.0
"""Seconds for which pods may be on their way back before a drain that waits for them is stuck."""


def analyze(snapshot: Snapshot) -> list[Result]:
    """Return what is wrong with a budget: at most one thing.

    A budget that can never let a pod go is told with or without a drain: who asks should know
    before the drain. What comes and goes is only told while a drain waits for it.
    """
    if snapshot.kind is not PDB:
        return []
    reach = reach_of(snapshot)
    if reach is None or reach.budget.metadata.deletion_timestamp is not None:
        return []
    if not reach.pods:
        found = explain_nothing_selected(snapshot, reach.budget)
        return [found] if found else []
    found = _overlap(snapshot, reach) or _never(snapshot, reach) or _stuck(snapshot, reach)
    return [found] if found else []


def holds_up_drain(snapshot: Snapshot) -> bool:
    """Say whether a node that is being emptied waits for this budget's pods."""
    reach = reach_of(snapshot) if snapshot.kind is PDB else None
    return reach is not None and bool(drained_nodes(snapshot, reach)) and bool(analyze(snapshot))


def _drain(snapshot: Snapshot, reach: Reach) -> str:
    """Return what a drain waits for now, or what the next one will."""
    nodes = drained_nodes(snapshot, reach)
    if not nodes:
        return "No node can be drained of them"
    pods = [p.metadata.name for p in reach.pods if p.spec.node_name in nodes]
    return f"The drain of node {and_more(nodes)} waits for {and_more(pods)} for ever"


def _never(snapshot: Snapshot, reach: Reach) -> Result | None:
    """Judge a budget that lets no pod go even when all of them are well."""
    budget, expected = reach.budget, reach.expected
    if budget.status.disruptions_allowed > 0 or not allows_none(reach):
        return None
    if reach.unmanaged and budget.status.expected_pods == 0:
        why = (
            f"no controller says how many of its pods there should be, so {bound(budget)} cannot "
            "be computed; such pods need minAvailable as a number"
        )
    else:
        why = f"{bound(budget)} of {counted(expected, 'pod')} leaves nothing to spare"
    message = f"{snapshot.target} never lets a pod go: {why}. {_drain(snapshot, reach)}"
    if expected == 1 and not reach.unmanaged:
        message += "; with a second replica it could let one go without an outage"
    return _result(
        snapshot, reach, "BudgetAllowsNoDisruption", message, tuple(_loosen(snapshot, reach))
    )


def _loosen(snapshot: Snapshot, reach: Reach) -> list[Proposal]:
    expected = reach.expected
    # Pods that no controller with a scale makes can only be counted: the API takes no other bound.
    counted_only = reach.unmanaged
    if counted_only:
        action = SetBudget(object=snapshot.target, min_available=max(expected - 1, 0))
        title = f"Ask for {max(expected - 1, 0)} of {expected} available"
    else:
        action = SetBudget(object=snapshot.target, max_unavailable=1)
        title = "Let one pod go at a time"
    alone = expected <= 1
    if any(pod.metadata.controller is None for pod in reach.pods):
        why = "Evictions then take a pod that nobody makes anew: make it again yourself."
    elif alone:
        why = "Evictions then take the only pod: it is away until its successor is ready."
    else:
        why = (
            f"One of {expected} pods may be away at a time; the next one follows when its "
            "successor is ready."
        )
    risk = Risk.HIGH if alone or counted_only else Risk.MEDIUM
    return [Proposal(title=title, rationale=why, actions=(action,), risk=risk)]


def _stuck(snapshot: Snapshot, reach: Reach) -> Result | None:
    """Judge a drain that waits for pods which are not well: the fault is their workload's."""
    budget, nodes = reach.budget, drained_nodes(snapshot, reach)
    status = budget.status
    if not nodes or status.disruptions_allowed > 0:
        return None
    allowed = next((c for c in status.conditions if c.type == "DisruptionAllowed"), None)
    since = allowed.last_transition_time if allowed else None
    if since is not None and (snapshot.taken_at - since).total_seconds() < _PATIENCE:
        return None
    if allowed is not None and allowed.reason == "SyncFailed":
        message = (
            f"{snapshot.target} lets no pod go: its state cannot be computed "
            f"({' '.join(allowed.message.split())[:300]}). {_drain(snapshot, reach)}"
        )
        return _result(snapshot, reach, "BudgetNotComputed", message)
    sick = [p for p in reach.pods if not p.ready]
    if not sick:
        return None
    message = (
        f"The drain of node {and_more(nodes)} waits: {snapshot.target} wants "
        f"{status.desired_healthy} healthy pods and has {status.current_healthy}; not ready: "
        f"{and_more([p.metadata.name for p in sick])}. Heal them first"
    )
    on_node = [p for p in sick if p.spec.node_name in nodes]
    if on_node and budget.spec.unhealthy_pod_eviction_policy != "AlwaysAllow":
        message += (
            "; with unhealthyPodEvictionPolicy AlwaysAllow the sick ones could be evicted anyway"
        )
    return _result(snapshot, reach, "DrainWaitsForSickPods", message, cause=_owner(snapshot, sick))


def _overlap(snapshot: Snapshot, reach: Reach) -> Result | None:
    """Judge pods that two budgets select: the API refuses to evict them, whatever they allow."""
    rivals = overlapping(snapshot, reach)
    if not rivals:
        return None
    names = sorted([snapshot.target.name, *(b.metadata.name for b in rivals)])
    others = and_more([n for n in names if n != snapshot.target.name])
    message = (
        f"Pods of {snapshot.target} are also selected by {others}: a pod with more than one "
        f"budget cannot be evicted at all. {_drain(snapshot, reach)}. Leave them one budget"
    )
    cause = None
    if names[0] != snapshot.target.name:
        first = next(b for b in rivals if b.metadata.name == names[0])
        cause = first.ref_as(PDB.api_version, PDB.kind)
    return _result(snapshot, reach, "BudgetsOverlap", message, cause=cause)


def _owner(snapshot: Snapshot, sick: list[Pod]) -> ObjectRef | None:
    """Return the workload of this namespace whose pods are sick."""
    for pod in sick:
        for workload in snapshot.workloads:
            selector = workload.spec.selector
            if selector is not None and selector.matches(pod.metadata.labels):
                return workload.ref_as(workload.api_version, workload.kind)
    return None


def _result(
    snapshot: Snapshot,
    reach: Reach,
    reason: str,
    message: str,
    proposals: tuple[Proposal, ...] = (),
    cause: ObjectRef | None = None,
) -> Result:
    source = f"kubectl -n {snapshot.namespace} get pdb {snapshot.target.name} -o json"
    raw_spec = snapshot.target_raw.get("spec") or {}
    quotes = [
        f"{compact(key)}:{compact(raw_spec[key])}"
        for key in ("maxUnavailable", "minAvailable")
        if raw_spec.get(key) is not None
    ]
    raw_status = snapshot.target_raw.get("status") or {}
    if "disruptionsAllowed" in raw_status:
        quotes.append(f'"disruptionsAllowed":{compact(raw_status["disruptionsAllowed"])}')
    evidence = [Evidence(source=source, quote=quote) for quote in quotes]
    evidence += [
        Evidence(source=f"kubectl get node {node} -o json", quote='"unschedulable":true')
        for node in drained_nodes(snapshot, reach)[:3]
        if any(n.metadata.name == node and n.spec.unschedulable for n in snapshot.nodes)
    ]
    finding = Finding(
        analyzer="budgets",
        reason=reason,
        message=message,
        object=snapshot.target,
        evidence=evidence,
    )
    return Result(finding, proposals, cause)
