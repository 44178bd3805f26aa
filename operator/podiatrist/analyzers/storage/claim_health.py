"""A claim as the target itself: nobody's volume, a lost one, or one that does not grow."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from podiatrist.analyzers.common.result import Result
from podiatrist.analyzers.common.rollout import is_at_rest
from podiatrist.analyzers.nodes.nodes import owner_name
from podiatrist.analyzers.storage.claim_binding import default_class, unbound, warnings
from podiatrist.analyzers.storage.claims import users_of
from podiatrist.api.diagnosis import Evidence, Finding, ObjectRef
from podiatrist.cluster.kinds import DEPLOYMENT, POD
from podiatrist.cluster.objects import Claim, Pod, parse
from podiatrist.cluster.quantity import quantity_or_zero
from podiatrist.cluster.snapshot import Snapshot, compact

_TIME_TO_BIND = 15.0
_TIME_TO_GROW = 60.0
_TIME_TO_REMOUNT = 120.0
"""Seconds that a claim may take for each of these before it is worth a word."""


def analyze(snapshot: Snapshot) -> list[Result]:
    """Return what is wrong with a claim; where a workload is sick of it, that one is the cause."""
    claim = parse(Claim, snapshot.target_raw)
    if claim is None or claim.metadata.deletion_timestamp is not None:
        return []
    if claim.status.phase == "Bound":
        return list(_resize(snapshot, claim))[:1]
    return list(_unbound(snapshot, claim))


def owner_ref(pod: Pod) -> ObjectRef:
    """Return the workload that a pod belongs to, as far as the pod tells."""
    owner, labels = pod.metadata.controller, pod.metadata.labels
    namespace = pod.metadata.namespace
    if owner is None:
        return pod.ref
    mark = labels.get("pod-template-hash")
    if owner.kind == "ReplicaSet" and mark and owner.name.endswith(f"-{mark}"):
        name = owner.name.removesuffix(f"-{mark}")
        version, kind = DEPLOYMENT.api_version, DEPLOYMENT.kind
        return ObjectRef(api_version=version, kind=kind, namespace=namespace, name=name)
    return ObjectRef(
        api_version=owner.api_version or POD.api_version,
        kind=owner.kind,
        namespace=namespace,
        name=owner.name,
    )


def _unbound(snapshot: Snapshot, claim: Claim) -> Iterator[Result]:
    name = claim.metadata.name
    users = users_of(snapshot, name)
    if not users and _waits_for_a_pod(snapshot, claim):
        return
    born = claim.metadata.creation_timestamp
    if born is not None and (snapshot.taken_at - born).total_seconds() < _TIME_TO_BIND:
        return
    waiting = [p for p in users if not is_at_rest(p)]
    times = [t for p in waiting if (t := p.metadata.creation_timestamp) is not None]
    found = unbound(snapshot, claim, min(times, default=None))
    if found is None:
        return
    who = f" {owner_name(waiting[0])} waits for it." if waiting else ""
    finding = Finding(
        analyzer="storage",
        reason=found.reason,
        message=f"claim {name} {found.why}{'' if found.why.endswith(('.', '?')) else '.'}{who}",
        object=claim.ref,
        evidence=list(found.evidence),
    )
    yield Result(finding, cause=owner_ref(waiting[0]) if waiting else None)


def _waits_for_a_pod(snapshot: Snapshot, claim: Claim) -> bool:
    """Whether nothing is meant to happen to a claim before a pod uses it."""
    wanted = claim.spec.storage_class_name
    wanted = default_class(snapshot) if wanted is None else wanted
    found = next((s for s in snapshot.storage_classes if s.metadata.name == wanted), None)
    late = found is not None and found.volume_binding_mode == "WaitForFirstConsumer"
    return late and claim.status.phase == "Pending" and not claim.spec.volume_name


def _resize(snapshot: Snapshot, claim: Claim) -> Iterator[Result]:
    wanted = claim.spec.resources.requests.get("storage")
    has = claim.status.capacity.get("storage")
    conditions = {c.type: c for c in claim.status.conditions if c.status == "True"}
    if quantity_or_zero(wanted) <= quantity_or_zero(has) or not has:
        return
    name, sizes = claim.metadata.name, f"has {has} and asks for {wanted}"
    failed = next(
        (c.message for t in ("ControllerResizeError", "NodeResizeError")
         if (c := conditions.get(t)) and c.message), "",
    ) or next(
        (e.message for e in warnings(snapshot, claim)
         if e.reason in ("VolumeResizeFailed", "FileSystemResizeFailed") and e.message), "",
    )  # fmt: skip
    quote = f'"storage":{compact(wanted)}'
    if failed:
        what = f"{sizes}, and its volume cannot be made larger: {failed[:400]}"
        yield _grows_not(snapshot, claim, "ResizeFailed", what, failed)
        return
    pending = conditions.get("FileSystemResizePending")
    if pending is not None:
        users = [p for p in users_of(snapshot, name) if p.spec.node_name]
        if users and _lasted(snapshot, pending.last_transition_time, _TIME_TO_REMOUNT):
            what = (
                f"{sizes}: its volume is larger already, its file system grows when the pods of "
                f"{owner_name(users[0])} are started again"
            )
            yield _grows_not(snapshot, claim, "ResizeNeedsRestart", what, pending.message or quote)
        return
    resizing = conditions.get("Resizing")
    since = resizing.last_transition_time if resizing else _changed_at(snapshot.target_raw)
    if since is not None and _lasted(snapshot, since, _TIME_TO_GROW):
        driver = claim.metadata.annotations.get("volume.kubernetes.io/storage-provisioner", "")
        what = (
            f"{sizes} since {since:%Y-%m-%d %H:%M} UTC, and nothing makes it larger: "
            f"{driver or 'its driver'} has no resizer, or none runs. Copy the data to a larger "
            "claim; this one cannot be made as small as it was"
        )
        yield _grows_not(snapshot, claim, "ResizeStuck", what, quote)


def _grows_not(snapshot: Snapshot, claim: Claim, reason: str, what: str, quote: str) -> Result:
    name = claim.metadata.name
    source = f"kubectl -n {snapshot.namespace} describe pvc {name}"
    if quote.startswith('"'):
        source = f"kubectl -n {snapshot.namespace} get pvc {name} -o json"
    return Result(
        Finding(
            analyzer="storage",
            reason=reason,
            message=f"claim {name} {what}.",
            object=claim.ref,
            evidence=[Evidence(source=source, quote=quote)],
        )
    )


def _lasted(snapshot: Snapshot, since: datetime | None, seconds: float) -> bool:
    return since is None or (snapshot.taken_at - since).total_seconds() >= seconds


def _changed_at(raw: dict[str, Any]) -> datetime | None:
    """Return when the claim itself, not its status, was last changed; None where nobody says."""
    fields = (raw.get("metadata") or {}).get("managedFields")
    times = [
        str(entry.get("time"))
        for entry in (fields if isinstance(fields, list) else [])
        if isinstance(entry, dict) and not entry.get("subresource") and entry.get("time")
    ]
    try:
        return datetime.fromisoformat(max(times)).astimezone(UTC) if times else None
    except (ValueError, OverflowError):
        return None
