"""Autoscalers that cannot get or set the scale of what they name."""

from collections.abc import Iterator

from podiatrist.actions.compiler import Proposal
from podiatrist.actions.set_autoscaler import SetAutoscaler
from podiatrist.analyzers.common.near_miss import near_misses
from podiatrist.analyzers.common.result import Result, and_more
from podiatrist.api.diagnosis import Evidence, Finding
from podiatrist.cluster.kinds import DAEMON_SET, DEPLOYMENT, STATEFUL_SET
from podiatrist.cluster.objects import Autoscaler, Condition, Workload
from podiatrist.cluster.snapshot import Snapshot

_SCALABLE = (DEPLOYMENT.kind, STATEFUL_SET.kind)


def explain_target(snapshot: Snapshot, autoscaler: Autoscaler, able: Condition) -> Result | None:
    """Return why the scale cannot be read or written, and which workload was probably meant."""
    target = autoscaler.spec.scale_target_ref
    named = f"{target.kind} {target.name}"
    meant = [w for w in _meant(snapshot, autoscaler) if w.kind in _SCALABLE]
    evidence = [
        Evidence(
            source=f"kubectl -n {snapshot.namespace} describe hpa {autoscaler.metadata.name}",
            quote=able.message or able.reason,
        )
    ]
    text = able.message[:4000]
    if able.reason == "FailedGetScale" and "forbidden" not in text:
        if "no matches for kind" in text:
            reason = "ScaleTargetUnknown"
            why = f"the cluster has no kind {target.kind} in {target.api_version or 'the core API'}"
        elif target.kind == DAEMON_SET.kind or "could not find the requested resource" in text:
            reason = "ScaleTargetNotScalable"
            why = f"a {target.kind} has no number of replicas that could be scaled"
        elif "not found" in text:
            reason = "ScaleTargetNotFound"
            why = f"there is no {named} in namespace {snapshot.namespace}"
        else:
            reason, why = "ScaleFailed", f"the scale of {named} cannot be read: {_short(text)}"
    else:
        reason, why = "ScaleFailed", f"the scale of {named} cannot be changed: {_short(text)}"
    message = f"{snapshot.target} scales nothing: {why}"
    if reason != "ScaleFailed":
        message += _advice(snapshot, meant)
    finding = Finding(
        analyzer="autoscaling",
        reason=reason,
        message=message,
        object=snapshot.target,
        evidence=evidence,
    )
    proposals = () if reason == "ScaleFailed" else tuple(_proposals(snapshot, meant, named))
    return Result(finding, proposals)


def _advice(snapshot: Snapshot, meant: list[Workload]) -> str:
    if meant:
        return f". Was {_name(meant[0])} meant? Set spec.scaleTargetRef to what is to be scaled"
    known = [_name(w) for w in snapshot.workloads if w.kind in _SCALABLE]
    there = f"; there are {and_more(known)}" if known else ""
    return f". Set spec.scaleTargetRef to the workload that is to be scaled{there}"


def _meant(snapshot: Snapshot, autoscaler: Autoscaler) -> Iterator[Workload]:
    """Yield the workloads of that very name, then those with a name close to it.

    One that another autoscaler scales is not meant: the two would keep each other from working.
    """
    asked = autoscaler.spec.scale_target_ref
    taken = {
        (a.spec.scale_target_ref.kind, a.spec.scale_target_ref.name)
        for a in snapshot.autoscalers
        if a.metadata.name != autoscaler.metadata.name
    }
    free = [w for w in snapshot.workloads if (w.kind, w.metadata.name) not in taken]
    close = near_misses(asked.name, [w.metadata.name for w in free])
    # A transposed short name is less alike than the measure wants: its letters are the same.
    shuffled = [w.metadata.name for w in free if sorted(w.metadata.name) == sorted(asked.name)]
    for name in dict.fromkeys((asked.name, *close, *shuffled)):
        found = [w for w in free if w.metadata.name == name]
        yield from sorted(found, key=lambda w: w.kind != asked.kind)


def _proposals(snapshot: Snapshot, meant: list[Workload], named: str) -> Iterator[Proposal]:
    for workload in meant[:2]:
        same = named.partition(" ")[2] == workload.metadata.name
        why = "has that name" if same else f"is close to {named}"
        yield Proposal(
            title=f"Scale {_name(workload)}",
            rationale=f"{_name(workload)} exists and {why}; no other autoscaler scales it.",
            actions=(
                SetAutoscaler(
                    object=snapshot.target,
                    scale_target=workload.ref_as(workload.api_version, workload.kind),
                ),
            ),
        )


def _name(workload: Workload) -> str:
    return f"{workload.kind} {workload.metadata.name}"


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 300 else line[:299] + "…"
