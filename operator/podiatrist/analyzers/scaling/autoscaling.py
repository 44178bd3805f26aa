"""Autoscalers that cannot scale: no metrics, no such workload, rivals, a limit that is reached."""

from datetime import datetime, timedelta

from podiatrist.analyzers.common.result import Result, and_more
from podiatrist.analyzers.scaling.autoscaler_limit import explain_limit
from podiatrist.analyzers.scaling.autoscaler_metrics import explain_metrics
from podiatrist.analyzers.scaling.autoscaler_target import explain_target
from podiatrist.api.diagnosis import Evidence, Finding
from podiatrist.cluster.kinds import HPA
from podiatrist.cluster.objects import Autoscaler, Condition, parse
from podiatrist.cluster.snapshot import Snapshot

_SYNCS = timedelta(seconds=20)
"""The controller looks every 15 s: what it says twice is no accident of the first moment."""


def analyze(snapshot: Snapshot) -> list[Result]:
    """Return what is wrong with an autoscaler: at most one thing, the nearest to the cause.

    One whose workload is scaled to zero rests, by intent (`ScalingDisabled`).
    """
    if snapshot.kind is not HPA:
        return []
    autoscaler = parse(Autoscaler, snapshot.target_raw)
    if autoscaler is None or autoscaler.metadata.deletion_timestamp is not None:
        return []
    conditions = {c.type: c for c in autoscaler.status.conditions}
    able, active = conditions.get("AbleToScale"), conditions.get("ScalingActive")
    limited = conditions.get("ScalingLimited")
    found: Result | None = None
    if able is not None and able.status == "False":
        if lasts(able, snapshot.taken_at, _SYNCS):
            found = explain_target(snapshot, autoscaler, able)
    elif active is not None and active.status == "False":
        if active.reason != "ScalingDisabled" and lasts(active, snapshot.taken_at, _SYNCS):
            if active.reason == "AmbiguousSelector":
                found = _rivals(snapshot, autoscaler, active)
            else:
                found = explain_metrics(snapshot, autoscaler, active)
    elif limited is not None and limited.status == "True":
        found = explain_limit(snapshot, autoscaler, limited)
    return [found] if found else []


def lasts(condition: Condition, now: datetime, patience: timedelta) -> bool:
    """Say whether a condition has been so for that long; one without a time has been so always."""
    since = condition.last_transition_time
    return since is None or now - since >= patience


def _rivals(snapshot: Snapshot, autoscaler: Autoscaler, active: Condition) -> Result:
    """Explain autoscalers that scale the same pods: none of them does then.

    It is the fault of the one that came last, the others point to it.
    """
    mine, here = autoscaler.spec.scale_target_ref, autoscaler.metadata
    rivals = [
        a
        for a in snapshot.autoscalers
        if a.metadata.name != here.name
        and ((t := a.spec.scale_target_ref).kind, t.name) == (mine.kind, mine.name)
    ]
    named = [r.metadata.name for r in rivals]
    if not rivals:
        others = "others, whose workloads' selectors match the same pods"
    else:
        others = f"{and_more(named)}, which scales the same {mine.kind} {mine.name}"
    message = (
        f"{snapshot.target} does not scale: its pods are also scaled by {others}. Kubernetes lets "
        "none of them scale until only one is left: delete all but one, with all the metrics in it"
    )
    newest = max([autoscaler, *rivals], key=_age)
    cause = None
    if newest.metadata.name != here.name:
        cause = newest.ref_as(HPA.api_version, HPA.kind)
    finding = Finding(
        analyzer="autoscaling",
        reason="AutoscalersCollide",
        message=message,
        object=snapshot.target,
        evidence=[
            Evidence(
                source=f"kubectl -n {snapshot.namespace} describe hpa {here.name}",
                quote=active.message or active.reason,
            )
        ],
    )
    return Result(finding, cause=cause)


def _age(autoscaler: Autoscaler) -> tuple[str, str]:
    return str(autoscaler.metadata.creation_timestamp or ""), autoscaler.metadata.name
