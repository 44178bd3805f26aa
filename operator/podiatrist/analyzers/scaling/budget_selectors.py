"""PodDisruptionBudgets that protect nothing, because their selector is mistyped."""

from podiatrist.actions.compiler import Proposal
from podiatrist.actions.set_budget import SetBudget
from podiatrist.analyzers.common.near_miss import near_misses
from podiatrist.analyzers.common.result import Result
from podiatrist.api.diagnosis import Evidence, Finding
from podiatrist.cluster.objects import DisruptionBudget, LabelSelector, Workload
from podiatrist.cluster.snapshot import Snapshot, compact


def explain_nothing_selected(snapshot: Snapshot, budget: DisruptionBudget) -> Result | None:
    """Return which workload was probably meant by a budget without pods.

    None where one would have such pods (it is scaled to zero), and where nothing is close: it may
    wait for a workload that comes later.
    """
    selector = budget.spec.selector
    if selector is None or not selector.match_labels or selector.match_expressions:
        return None
    if any(selector.matches(_labels(w)) for w in snapshot.workloads):
        return None
    wanted = selector.match_labels
    meant = next((w for w in snapshot.workloads if _mended(wanted, _labels(w))), None)
    mended = _mended(wanted, _labels(meant)) if meant else None
    if meant is None or mended is None or _is_protected(snapshot, budget, meant):
        return None
    name = f"{meant.kind} {meant.metadata.name}"
    message = (
        f"{snapshot.target} protects nothing: no pod has the labels {_text(wanted)}; the pods of "
        f"{name} have {_text(mended)}"
    )
    finding = Finding(
        analyzer="budgets",
        reason="BudgetSelectsNothing",
        message=message,
        object=snapshot.target,
        evidence=[
            Evidence(
                source=f"kubectl -n {snapshot.namespace} get pdb {snapshot.target.name} -o json",
                quote=compact(_raw_labels(snapshot)),
            )
        ],
    )
    fix = Proposal(
        title=f"Protect the pods of {name}",
        rationale=f"{_text(mended)} is close to {_text(wanted)}, and no other budget protects "
        f"{name}.",
        actions=(SetBudget(object=snapshot.target, match_labels=mended),),
    )
    return Result(finding, (fix,))


def _mended(wanted: dict[str, str], labels: dict[str, str]) -> dict[str, str] | None:
    """Return the wanted labels with slips mended by those of a workload; None if it is another."""
    mended: dict[str, str] = {}
    for key, value in wanted.items():
        if key in labels:
            close = labels[key] == value or bool(near_misses(value, [labels[key]]))
            if not (close or sorted(labels[key]) == sorted(value)):
                return None
            mended[key] = labels[key]
            continue
        keys = [k for k in near_misses(key, labels) if labels[k] == value]
        if not keys:
            return None
        mended[keys[0]] = value
    return mended if mended != wanted else None


def _is_protected(snapshot: Snapshot, budget: DisruptionBudget, workload: Workload) -> bool:
    others = [b for b in snapshot.budgets if b.metadata.name != budget.metadata.name]
    return any(_selects(b.spec.selector, workload) for b in others)


def _selects(selector: LabelSelector | None, workload: Workload) -> bool:
    return selector is not None and selector.matches(_labels(workload))


def _labels(workload: Workload | None) -> dict[str, str]:
    return workload.spec.template.metadata.labels if workload else {}


def _raw_labels(snapshot: Snapshot) -> object:
    spec = snapshot.target_raw.get("spec") or {}
    return (spec.get("selector") or {}).get("matchLabels") or {}


def _text(labels: dict[str, str]) -> str:
    return ",".join(f"{key}={value}" for key, value in sorted(labels.items())[:6])
