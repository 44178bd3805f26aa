"""DaemonSets that run nowhere, or where they should not: no pod exists that would say why."""

from collections.abc import Sequence
from datetime import timedelta

from podiatrist.analyzers.common.near_miss import near_misses
from podiatrist.analyzers.common.result import Result, and_more
from podiatrist.analyzers.scheduling.fit import Fit
from podiatrist.analyzers.scheduling.node_fit import (
    LabelBlocker,
    TaintBlocker,
    Usage,
    describe_requirement,
)
from podiatrist.analyzers.scheduling.scheduling_fixes import propose
from podiatrist.api.diagnosis import Evidence, Finding
from podiatrist.cluster.kinds import DAEMON_SET, NODE
from podiatrist.cluster.objects import Node, Pod, Requirement
from podiatrist.cluster.snapshot import Snapshot, compact

_PATIENCE = timedelta(seconds=20)

_HARDWARE = (
    "gpu", "nvidia", "amd.com", "intel", "habana", "neuron", "tpu", "fpga", "rdma", "sriov",
    "accelerator", "feature.node", "instance-type", "kubernetes.io/os", "kubernetes.io/arch",
    "windows",
)  # fmt: skip
"""Parts of labels that only some clusters' nodes have: a DaemonSet for them rests until then."""


def analyze(snapshot: Snapshot) -> list[Result]:
    """Return one result for a DaemonSet whose own rules leave it no node, or a wrong one."""
    status = snapshot.workload.status
    born = snapshot.metadata.creation_timestamp
    if (
        snapshot.kind is not DAEMON_SET
        or not snapshot.nodes
        or status.observed_generation < snapshot.metadata.generation
        or (born is not None and snapshot.taken_at - born < _PATIENCE)
    ):
        return []
    pod = Pod(metadata=snapshot.metadata, spec=snapshot.template)
    fit = Fit.of(snapshot, pod, Usage.of(snapshot.cluster_pods))
    if status.number_misscheduled > 0:
        return _misplaced(fit)
    return _nowhere(fit) if status.desired_number_scheduled == 0 else []


def _nowhere(fit: Fit) -> list[Result]:
    labels, taints = fit.blocked_by(LabelBlocker), fit.blocked_by(TaintBlocker)
    unmet = _requirements(fit)
    if fit.by_node and len(labels) == len(fit.by_node):
        close = [c for r in unmet for c in _close(r, fit.snapshot.nodes)]
        if not close and any(part in r.key.lower() for r in unmet for part in _HARDWARE):
            return []
        rules = and_more([describe_requirement(r) for r in unmet])
        hint = f" {and_more(close)} is there and close to it." if close else ""
        text = f"runs nowhere: no node has the label that its pods require: {rules}.{hint} Correct "
        text += "the rule in the template, or label the nodes that are meant."
        quotes = [(None, compact(_rule(fit.snapshot)))]
        return [_result(fit, "NodeLabelMismatch", text, quotes, LabelBlocker)]
    if fit.by_node and len(labels | taints) == len(fit.by_node):
        text = "runs nowhere: no node takes its pods"
        return [_tainted(fit, taints.keys() - labels.keys(), text)]
    return []


def _misplaced(fit: Fit) -> list[Result]:
    """Pods on nodes that the rules exclude: they stay, but are never updated or made anew."""
    blocked = {*fit.blocked_by(LabelBlocker), *fit.blocked_by(TaintBlocker)}
    here = {p.spec.node_name for p in fit.snapshot.pods if p.spec.node_name in blocked}
    tainted = here & set(fit.blocked_by(TaintBlocker))
    if not tainted:
        return []
    names = and_more(sorted(tainted))
    text = f"is misplaced: pods run on {names}, where they would not be placed any more"
    return [_tainted(fit, tainted, text)]


def _tainted(fit: Fit, names: set[str], text: str) -> Result:
    taints = {
        str(t): (n, t)
        for n in sorted(names)
        for b in fit.blocked_by(TaintBlocker)[n]
        if isinstance(b, TaintBlocker)
        for t in b.taints
    }
    quotes = []
    for name, taint in taints.values():
        raw = fit.snapshot.raw(NODE, name) or {}
        found = [
            t
            for t in (raw.get("spec") or {}).get("taints") or []
            if (t.get("key"), t.get("effect")) == (taint.key, taint.effect)
        ]
        quotes += [(name, compact(t)) for t in found]
    message = (
        f"{text}; the template does not tolerate {and_more(list(taints))}. A pod that ends there "
        "is not made anew, and updates pass it by. Tolerate the taint, or remove it from the node."
    )
    return _result(fit, "UntoleratedTaint", message, quotes, TaintBlocker)


def _result(
    fit: Fit,
    reason: str,
    text: str,
    quotes: Sequence[tuple[str | None, str]],
    blocker: type[LabelBlocker] | type[TaintBlocker],
) -> Result:
    snapshot = fit.snapshot
    own = f"kubectl -n {snapshot.namespace} get daemonset {snapshot.metadata.name} -o json"
    evidence = [
        Evidence(source=f"kubectl get node {name} -o json" if name else own, quote=quote)
        for name, quote in quotes[:8]
    ]
    finding = Finding(
        analyzer="rollouts",
        reason=reason,
        message=f"{snapshot.target} {text}",
        object=snapshot.target,
        evidence=evidence,
    )
    return Result(finding, tuple(propose(fit, blocker)))


def _requirements(fit: Fit) -> list[Requirement]:
    found = [
        r
        for blocked in fit.blocked_by(LabelBlocker).values()
        for b in blocked
        if isinstance(b, LabelBlocker)
        for r in b.requirements
    ]
    return list({describe_requirement(r): r for r in found}.values())[:8]


def _close(requirement: Requirement, nodes: list[Node]) -> list[str]:
    """Return labels that nodes have and that were probably meant."""
    labels = {(k, v) for n in nodes for k, v in n.metadata.labels.items()}
    values = sorted(v for k, v in labels if k == requirement.key)
    close = [f"{requirement.key}={v}" for w in requirement.values for v in near_misses(w, values)]
    keys = near_misses(requirement.key, sorted({k for k, _ in labels}))
    wanted = set(requirement.values)
    close += [f"{k}={v}" for k, v in sorted(labels) if k in keys and (not wanted or v in wanted)]
    return close[:2]


def _rule(snapshot: Snapshot) -> object:
    spec = ((snapshot.target_raw.get("spec") or {}).get("template") or {}).get("spec") or {}
    return spec.get("nodeSelector") or spec.get("affinity") or {}
