"""Pods that no node takes: per node, why not, from the facts that the scheduler had."""

from collections import defaultdict

from podiatrist.analyzers.common.result import Result, and_more, counted
from podiatrist.analyzers.common.revisions import of_newest_revision
from podiatrist.analyzers.nodes.node_state import node_to_blame, state_quotes, troubles
from podiatrist.analyzers.scheduling.fit import Fit
from podiatrist.analyzers.scheduling.node_fit import (
    Blocker,
    CordonBlocker,
    LabelBlocker,
    PortBlocker,
    ResourceBlocker,
    TaintBlocker,
    Usage,
    VolumeBlocker,
)
from podiatrist.analyzers.scheduling.scheduling_fixes import propose
from podiatrist.analyzers.storage.claims import ClaimProblem, claim_problems
from podiatrist.api.diagnosis import Evidence, Finding
from podiatrist.cluster.kinds import NODE
from podiatrist.cluster.objects import Node, Pod
from podiatrist.cluster.snapshot import Snapshot, compact

_REASONS: dict[type, str] = {
    LabelBlocker: "NodeLabelMismatch",
    TaintBlocker: "UntoleratedTaint",
    CordonBlocker: "NodeCordoned",
    ResourceBlocker: "InsufficientResources",
    PortBlocker: "HostPortTaken",
    VolumeBlocker: "VolumeNodeConflict",
}


_PLURAL = {"has": "have", "is": "are", "does": "do"}


def unschedulable(pod: Pod) -> bool:
    """Say whether the scheduler has tried and failed to place a pod."""
    condition = pod.condition("PodScheduled")
    return (
        not pod.spec.node_name
        and not pod.ended
        and pod.metadata.deletion_timestamp is None
        and condition is not None
        and (condition.status, condition.reason) == ("False", "Unschedulable")
    )


def analyze(snapshot: Snapshot) -> list[Result]:
    """Explain the newest unschedulable pod of the target; its siblings share its spec."""
    pending = [p for p in snapshot.pods if unschedulable(p)]
    if not pending:
        return []
    # What old pods asked for is the past: once a pod of today waits, it is the one to explain,
    # and only then is there something to change.
    today = of_newest_revision(snapshot, pending)
    pending = today or pending
    pod = max(pending, key=lambda p: str(p.metadata.creation_timestamp or ""))
    usage = Usage.of(snapshot.cluster_pods)
    running = sum(
        bool(p.spec.node_name)
        for p in snapshot.pods
        if not p.ended and p.metadata.deletion_timestamp is None
    )
    fit = Fit.of(snapshot, pod, usage, pending=len(pending), running=running)
    results = _explain(fit)
    return results if today else [Result(r.finding, cause=r.cause) for r in results]


def _explain(fit: Fit) -> list[Result]:
    claims = claim_problems(fit.snapshot, fit.pod)
    if not claims and (blamed := node_to_blame(fit)) is not None:
        return [_node_result(fit, blamed)]
    results = [claim_result(fit, problem) for problem in claims]
    results += _blocker_results(fit)
    if not results:
        return [_unexplained(fit)]
    if not claims and _pod_rules(fit) and not all(fit.by_node.values()):
        results.append(_unexplained(fit))  # some node would do, but for the pods on it
    return results


def _scheduler_said(fit: Fit) -> list[Evidence]:
    condition = fit.pod.condition("PodScheduled")
    name = fit.pod.metadata.name
    return [
        Evidence(
            source=f"kubectl -n {fit.snapshot.namespace} describe pod {name}",
            quote=condition.message,
        )
    ] if condition and condition.message else []  # fmt: skip


def _pods(fit: Fit) -> str:
    verb = "has" if fit.pending == 1 else "have"
    return f"{counted(fit.pending, 'pod')} of {fit.snapshot.target} {verb} no node"


def _blocker_results(fit: Fit) -> list[Result]:
    """One result for each kind of obstacle, the one that keeps most nodes away alone first."""
    kinds = [kind for kind in _REASONS if fit.blocked_by(kind)]
    kinds.sort(key=lambda k: (-len(fit.only_blocked_by(k)), -len(fit.blocked_by(k))))
    results = []
    for kind in kinds:
        blocked = fit.blocked_by(kind)
        finding = Finding(
            analyzer="scheduling",
            reason=_REASONS[kind],
            message=f"{_pods(fit)}: {_per_node(blocked, len(fit.by_node))}",
            object=fit.pod.ref,
            evidence=[*_scheduler_said(fit), *_facts(fit, kind, blocked)],
        )
        results.append(Result(finding, tuple(propose(fit, kind))))
    return results


def _node_result(fit: Fit, node: Node) -> Result:
    """Nothing but the state of a node keeps the pods waiting: that is the node's Diagnosis."""
    trouble = troubles(node)
    cordoned = any(isinstance(b, CordonBlocker) for b in fit.by_node[node.metadata.name])
    name = node.metadata.name
    blocked = {n: found for n, found in fit.by_node.items() if found}
    why = _per_node(blocked, len(fit.by_node))
    if trouble:
        why = f"{why}; {name} {trouble[0].what}"
    finding = Finding(
        analyzer="scheduling",
        reason="NodeCordoned" if cordoned or not trouble else trouble[0].reason,
        message=f"{_pods(fit)}: {why}",
        object=fit.pod.ref,
        evidence=[
            *_scheduler_said(fit),
            *(
                Evidence(source=f"kubectl get node {name} -o json", quote=quote)
                for quote in state_quotes(node)
            ),
        ][:8],
    )
    return Result(finding, cause=node.ref)


def _per_node(blocked: dict[str, list[Blocker]], total: int) -> str:
    """Return why each node does not fit, equal reasons together."""
    nodes_of: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for node, reasons in blocked.items():
        nodes_of[tuple(map(str, reasons))].append(node)
    parts = [
        f"{nodes[0]} {' and '.join(why)}"
        if len(nodes) == 1
        else f"{and_more(nodes, 3)} {' and '.join(map(_of_many, why))}"
        for why, nodes in sorted(nodes_of.items(), key=lambda item: -len(item[1]))
    ]
    if total == 1:
        return f"node {parts[0]}"
    return f"{len(blocked)} of {total} nodes: " + "; ".join(parts[:6])


def _of_many(why: str) -> str:
    verb, _, rest = why.partition(" ")
    return f"{_PLURAL.get(verb, verb)} {rest}"


def _facts(fit: Fit, kind: type[Blocker], blocked: dict[str, list[Blocker]]) -> list[Evidence]:
    """Quote what the pod asks for and what the first nodes have, as JSON."""
    namespace, name = fit.snapshot.namespace, fit.pod.metadata.name
    pod_source = f"kubectl -n {namespace} get pod {name} -o json"
    facts: list[Evidence] = []
    if kind is LabelBlocker:
        facts += [Evidence(source=pod_source, quote=quote) for quote in _label_rules(fit.pod)]
    if kind is ResourceBlocker:
        facts += [
            Evidence(source=pod_source, quote=compact(c.resources.requests))
            for c in fit.pod.spec.containers
            if c.resources.requests
        ]
    for node in list(blocked)[:3]:
        source = f"kubectl get node {node} -o json"
        for blocker in blocked[node][:2]:
            if isinstance(blocker, TaintBlocker):
                quotes = [t.key for t in blocker.taints]
            elif isinstance(blocker, ResourceBlocker):
                found = fit.nodes[node].status.allocatable.get(blocker.resource)
                quotes = [f"{compact(blocker.resource)}:{compact(found)}"] if found else []
            elif isinstance(blocker, CordonBlocker):
                quotes = ['"unschedulable":true']
            else:
                quotes = []
            facts += [Evidence(source=source, quote=quote) for quote in quotes]
    return facts[:7]


def _label_rules(pod: Pod) -> list[str]:
    selector = [compact({k: v})[1:-1] for k, v in pod.spec.node_selector.items()]
    affinity = pod.spec.affinity.node_affinity if pod.spec.affinity else None
    terms = affinity.required.node_selector_terms if affinity and affinity.required else []
    rules = [
        compact({"key": r.key, "operator": r.operator, "values": r.values})
        if r.values
        else compact({"key": r.key, "operator": r.operator})
        for term in terms
        for r in term.match_expressions
    ]
    return [*selector, *rules][:3]


def claim_result(fit: Fit, problem: ClaimProblem) -> Result:
    """Return what a claim does to the pods that wait for it, and what would help."""
    finding = Finding(
        analyzer="scheduling",
        reason=problem.reason,
        message=f"{_pods(fit)}: {problem.message}",
        object=problem.object,
        evidence=[*_scheduler_said(fit), *problem.evidence],
    )
    return Result(finding, tuple(propose(fit, problem)))


def _pod_rules(fit: Fit) -> list[str]:
    """Return the pod's rules about other pods, which we name and do not evaluate."""
    spec = fit.pod.spec
    causes = []
    if (
        spec.affinity
        and spec.affinity.pod_anti_affinity
        and spec.affinity.pod_anti_affinity.required
    ):
        causes.append("it must not run beside certain other pods (required pod anti-affinity)")
    if spec.affinity and spec.affinity.pod_affinity and spec.affinity.pod_affinity.required:
        causes.append("it must run beside certain other pods (required pod affinity)")
    if any(c.get("whenUnsatisfiable") == "DoNotSchedule" for c in spec.topology_spread_constraints):
        causes.append("it must be spread evenly (topologySpreadConstraints)")
    return causes


def _unexplained(fit: Fit) -> Result:
    """Name what we do not evaluate: rules about other pods, or no node at all.

    Where nodes may not be read, the scheduler's own words are all there is.
    """
    unknown = not fit.snapshot.was_read(NODE)
    causes = _pod_rules(fit) if fit.by_node else ["the cluster has no nodes"] * (not unknown)
    condition = fit.pod.condition("PodScheduled")
    why = "; ".join(causes) or (
        condition.message if condition else "the scheduler does not say why"
    )
    return Result(
        Finding(
            analyzer="scheduling",
            reason="PodRulesUnmet" if causes and fit.by_node else "Unschedulable",
            message=f"{_pods(fit)}: {why}",
            object=fit.pod.ref,
            evidence=_scheduler_said(fit),
        )
    )
