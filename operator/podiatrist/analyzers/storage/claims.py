"""PersistentVolumeClaims that keep a pod from being scheduled, whatever the node."""

import difflib
from dataclasses import dataclass
from datetime import datetime

from podiatrist.analyzers.storage.claim_binding import unbound
from podiatrist.api.diagnosis import Evidence, ObjectRef
from podiatrist.cluster.kinds import STATEFUL_SET
from podiatrist.cluster.objects import Claim, PersistentVolume, Pod, PodSpec
from podiatrist.cluster.snapshot import Snapshot, compact


@dataclass(frozen=True)
class ClaimProblem:
    """One claim that is not usable, why, and the claim that may have been meant."""

    reason: str
    message: str
    object: ObjectRef
    evidence: tuple[Evidence, ...]
    volume: str
    near_miss: str | None = None
    holder: Pod | None = None


def claim_names(spec: PodSpec, pod_name: str) -> dict[str, str]:
    """Return the claims of a pod by volume name.

    A generic ephemeral volume makes a claim named after pod and volume (KEP-1698).
    """
    found = {
        v.name: v.persistent_volume_claim.claim_name
        for v in spec.volumes
        if v.persistent_volume_claim
    }
    return found | {v.name: f"{pod_name}-{v.name}" for v in spec.volumes if v.ephemeral}


def bound_volumes(snapshot: Snapshot, pod: Pod) -> dict[str, PersistentVolume]:
    """Return the bound volumes of a pod by claim name.

    Without the claims of its namespace (it is not the target's) the volumes say who holds them.
    """
    names = set(claim_names(pod.spec, pod.metadata.name).values())
    if pod.metadata.namespace != snapshot.namespace:
        held = ((v.spec.claim_ref or {}, v) for v in snapshot.volumes)
        return {
            ref["name"]: v
            for ref, v in held
            if ref.get("namespace") == pod.metadata.namespace and ref.get("name") in names
        }
    by_name = {v.metadata.name: v for v in snapshot.volumes}
    return {
        c.metadata.name: by_name[c.spec.volume_name]
        for c in snapshot.claims
        if c.metadata.name in names and c.spec.volume_name in by_name
    }


def claim_problems(snapshot: Snapshot, pod: Pod) -> list[ClaimProblem]:
    """Return the claims of a pod that are missing, going, in use or cannot be bound."""
    by_name = {c.metadata.name: c for c in snapshot.claims}
    since = pod.metadata.creation_timestamp
    problems = []
    for volume, name in claim_names(pod.spec, pod.metadata.name).items():
        claim = by_name.get(name)
        if claim is None:
            problems.append(_missing(snapshot, volume, name, list(by_name)))
        elif problem := _unusable(snapshot, pod, volume, claim, since):
            problems.append(problem)
    return problems


def _missing(snapshot: Snapshot, volume: str, name: str, present: list[str]) -> ClaimProblem:
    near = difflib.get_close_matches(name, present, n=1, cutoff=0.75)
    hint = f"; did you mean {near[0]}?" if near else ""
    ref = ObjectRef(
        api_version="v1", kind="PersistentVolumeClaim", namespace=snapshot.namespace, name=name
    )
    return ClaimProblem(
        reason="ClaimNotFound",
        message=f"volume {volume} asks for claim {name}, which does not exist{hint}",
        object=ref,
        evidence=(),
        volume=volume,
        near_miss=near[0] if near else None,
    )


def _unusable(
    snapshot: Snapshot, pod: Pod, volume: str, claim: Claim, since: datetime | None
) -> ClaimProblem | None:
    name = claim.metadata.name
    source = f"kubectl -n {snapshot.namespace} get pvc {name} -o json"
    going = claim.metadata.deletion_timestamp
    if going is not None:
        users = [p.metadata.name for p in users_of(snapshot, name) if p.spec.node_name]
        held = f"; it stays until pod {users[0]} is gone" if users else ""
        return ClaimProblem(
            reason="ClaimBeingDeleted",
            message=f"claim {name} is being deleted, and no new pod may use it{held}. Make it anew "
            "once it is gone, or use another claim",
            object=claim.ref,
            evidence=(
                Evidence(source=source, quote=f'"deletionTimestamp":"{going:%Y-%m-%dT%H:%M:%SZ}"'),
            ),
            volume=volume,
        )
    found = unbound(snapshot, claim, since)
    if found is not None:
        what = f"claim {name} {found.why}"
        if snapshot.kind is STATEFUL_SET and name.endswith(f"-{pod.metadata.name}"):
            what += (
                f". It comes from a volumeClaimTemplate of {snapshot.target}, which cannot be "
                "changed either: delete the StatefulSet with --cascade=orphan, make it anew, then "
                f"delete the claim and pod {pod.metadata.name}"
            )
        return ClaimProblem(found.reason, what, claim.ref, found.evidence, volume)
    if "ReadWriteOncePod" in claim.spec.access_modes:
        holder = next(
            (p for p in users_of(snapshot, name) if p.spec.node_name and p.ref != pod.ref), None
        )
        if holder is not None:
            quote = f'"accessModes":{compact(claim.spec.access_modes)}'
            return ClaimProblem(
                reason="ClaimInUse",
                message=f"claim {name} is for one pod at a time (ReadWriteOncePod), and pod "
                f"{holder.metadata.name} has it",
                object=claim.ref,
                evidence=(Evidence(source=source, quote=quote),),
                volume=volume,
                holder=holder,
            )
    return None


def users_of(snapshot: Snapshot, claim: str) -> list[Pod]:
    """Return the pods of the namespace that have a claim and have not ended."""
    return [
        p
        for p in snapshot.namespace_pods
        if not p.ended and claim in claim_names(p.spec, p.metadata.name).values()
    ]
