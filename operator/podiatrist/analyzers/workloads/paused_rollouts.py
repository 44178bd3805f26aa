"""Paused Deployments whose template was changed: the change never reaches a pod."""

from datetime import UTC, datetime, timedelta
from typing import Any

from podiatrist.actions.compiler import Proposal
from podiatrist.actions.resume_rollout import ResumeRollout
from podiatrist.analyzers.common.result import Result, counted
from podiatrist.analyzers.common.revision_diff import what_changed
from podiatrist.api.diagnosis import Evidence, Finding
from podiatrist.cluster.kinds import DEPLOYMENT, REPLICA_SET
from podiatrist.cluster.snapshot import Object, Snapshot, compact

_PATIENCE = timedelta(seconds=30)
"""For how long changes may be gathered: pause, set this, set that, resume."""

_CANARY = timedelta(minutes=10)
"""For how long a rollout may rest halfway while somebody looks at the first new pods."""

_HASH = "pod-template-hash"


def analyze(snapshot: Snapshot) -> list[Result]:
    """Return one result for a pause that holds a change back."""
    if snapshot.kind is not DEPLOYMENT or not snapshot.workload.spec.paused:
        return []
    status, wanted = snapshot.workload.status, snapshot.workload.replicas
    if not wanted or status.observed_generation < snapshot.metadata.generation:
        return []
    waiting = _waiting(snapshot)
    if waiting is None:
        return []
    what, patience = waiting
    since = _since(snapshot)
    if since is not None and snapshot.taken_at - since < patience:
        return []
    finding = Finding(
        analyzer="rollouts",
        reason="RolloutPaused",
        message=f"{snapshot.target} is paused, and {what}. Resume it when the change is meant to "
        f"go out: kubectl -n {snapshot.namespace} rollout resume deployment/"
        f"{snapshot.metadata.name}; or put the template back.",
        object=snapshot.target,
        evidence=_evidence(snapshot),
    )
    fix = Proposal(
        title="Resume the rollout",
        rationale="Nothing but the pause holds the change back. What was changed while it was "
        "paused goes out as one update.",
        actions=(ResumeRollout(object=snapshot.target),),
    )
    return [Result(finding, (fix,))]


def _waiting(snapshot: Snapshot) -> tuple[str, timedelta] | None:
    """Return what the pause holds back and how long that may be meant; None where nothing is."""
    wanted = snapshot.workload.replicas
    if not snapshot.revisions:
        if not snapshot.was_read(REPLICA_SET):
            return None
        return f"was so from the start: none of its {counted(wanted, 'pod')} was ever made", (
            _PATIENCE
        )
    newest = snapshot.revisions[0]
    raw = snapshot.raw(REPLICA_SET, newest.metadata.name) or {}
    if _template(raw) != _template(snapshot.target_raw):
        changes = what_changed(snapshot, newest)
        told = f" ({'; '.join(changes)})" if changes else ""
        return f"the change of its template{told} has reached no pod", _PATIENCE
    old = sum(r.status.replicas for r in snapshot.revisions[1:])
    if not old:
        return None
    text = (
        f"its update rests halfway: {counted(old, 'pod')} still of an older revision, "
        f"{newest.status.replicas} of {wanted} updated"
    )
    return text, _CANARY


def _template(raw: Object) -> Any:
    template = (raw.get("spec") or {}).get("template")
    if not isinstance(template, dict):
        return None
    metadata = template.get("metadata") or {}
    labels = {k: v for k, v in (metadata.get("labels") or {}).items() if k != _HASH}
    return {**template, "metadata": {"labels": labels, "annotations": metadata.get("annotations")}}


def _since(snapshot: Snapshot) -> datetime | None:
    """Return when the pause began or the spec was last changed, whichever is later."""
    edits = (snapshot.target_raw.get("metadata") or {}).get("managedFields") or []
    times = [
        *(
            c.last_transition_time
            for c in snapshot.workload.status.conditions
            if c.type == "Progressing" and c.reason == "DeploymentPaused"
        ),
        *(_time(e.get("time")) for e in edits if isinstance(e, dict) and not e.get("subresource")),
    ]
    if not snapshot.revisions:
        times.append(snapshot.metadata.creation_timestamp)
    return max((t for t in times if t), default=None)


def _time(text: Any) -> datetime | None:
    try:
        found = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _evidence(snapshot: Snapshot) -> list[Evidence]:
    name = f"deployment {snapshot.metadata.name}"
    quotes = [compact({"paused": True})[1:-1]]
    quotes += [
        c.message
        for c in snapshot.workload.status.conditions
        if c.reason == "DeploymentPaused" and c.message
    ]
    source = f"kubectl -n {snapshot.namespace} get {name} -o json"
    return [Evidence(source=source, quote=quote) for quote in quotes]
