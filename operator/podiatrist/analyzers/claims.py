"""PersistentVolumeClaims that keep a pod from being scheduled, whatever the node."""

import difflib
from dataclasses import dataclass

from podiatrist.api.diagnosis import Evidence, ObjectRef
from podiatrist.cluster.objects import Claim, PersistentVolume, Pod, PodSpec
from podiatrist.cluster.quantity import quantity_or_zero
from podiatrist.cluster.snapshot import Snapshot

_NO_PROVISIONER = "kubernetes.io/no-provisioner"


@dataclass(frozen=True)
class ClaimProblem:
    """One claim that is not usable, why, and the claim that may have been meant."""

    reason: str
    message: str
    object: ObjectRef
    evidence: tuple[Evidence, ...]
    volume: str
    near_miss: str | None = None


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


def claim_problems(snapshot: Snapshot, spec: PodSpec, pod_name: str) -> list[ClaimProblem]:
    """Return the claims of a pod that are missing or cannot be bound."""
    by_name = {c.metadata.name: c for c in snapshot.claims}
    problems = []
    for volume, name in claim_names(spec, pod_name).items():
        claim = by_name.get(name)
        if claim is None:
            problems.append(_missing(snapshot, volume, name, list(by_name)))
        elif problem := _unbound(snapshot, volume, claim):
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


def _unbound(snapshot: Snapshot, volume: str, claim: Claim) -> ClaimProblem | None:
    name = claim.metadata.name
    if claim.status.phase == "Bound":
        return None
    if claim.status.phase == "Lost":
        return _problem(
            snapshot, claim, volume, "ClaimLost",
            f"claim {name} lost its volume {claim.spec.volume_name}: the data is gone or elsewhere",
        )  # fmt: skip
    wanted = claim.spec.storage_class_name
    if wanted is None:
        wanted = _default_class(snapshot)  # assigned later to claims without one (KEP-3333)
    if wanted is None:
        return _problem(
            snapshot, claim, volume, "NoDefaultStorageClass",
            f"claim {name} names no StorageClass and the cluster has no default one",
        )  # fmt: skip
    if wanted == "":
        return _problem(
            snapshot, claim, volume, "NoMatchingVolume",
            f"claim {name} wants a volume made by hand (storageClassName is empty): "
            + _why_no_volume(snapshot, claim),
        )  # fmt: skip
    found = next((s for s in snapshot.storage_classes if s.metadata.name == wanted), None)
    if found is None:
        classes = sorted(s.metadata.name for s in snapshot.storage_classes)
        there = f"there are {', '.join(classes)}" if classes else "there is none at all"
        return _problem(
            snapshot, claim, volume, "StorageClassNotFound",
            f"claim {name} asks for StorageClass {wanted}, which does not exist; {there}",
        )  # fmt: skip
    if found.provisioner == _NO_PROVISIONER:
        return _problem(
            snapshot, claim, volume, "NoMatchingVolume",
            f"claim {name} waits for a volume of class {wanted}, which are made by hand: "
            + _why_no_volume(snapshot, claim),
        )  # fmt: skip
    failed = next(
        (e for e in snapshot.events_about(name) if e.reason == "ProvisioningFailed"), None
    )
    if failed is not None:
        return _problem(
            snapshot, claim, volume, "ProvisioningFailed",
            f"claim {name} got no volume from {found.provisioner}: {failed.message}",
        )  # fmt: skip
    if found.volume_binding_mode != "WaitForFirstConsumer":
        return _problem(
            snapshot, claim, volume, "ClaimUnbound",
            f"claim {name} waits for a volume from {found.provisioner}; is it running?",
        )  # fmt: skip
    return None


def _default_class(snapshot: Snapshot) -> str | None:
    mark = "storageclass.kubernetes.io/is-default-class"
    marked = (c for c in snapshot.storage_classes if c.metadata.annotations.get(mark) == "true")
    return next((c.metadata.name for c in marked), None)


def _why_no_volume(snapshot: Snapshot, claim: Claim) -> str:
    """Say for a hand-made volume why none matches: class, size, access mode, or all taken."""
    wanted_class = claim.spec.storage_class_name or ""
    candidates = [v for v in snapshot.volumes if v.spec.storage_class_name == wanted_class]
    free = [v for v in candidates if v.status.phase == "Available"]
    if not candidates:
        return "no volume of that class exists"
    if not free:
        return f"every volume of that class ({len(candidates)}) is taken"
    size = quantity_or_zero(claim.spec.resources.requests.get("storage"))
    if all(quantity_or_zero(v.spec.capacity.get("storage")) < size for v in free):
        return f"none of the free ones has {claim.spec.resources.requests.get('storage')}"
    if all(set(claim.spec.access_modes) - set(v.spec.access_modes) for v in free):
        return f"none of the free ones offers {', '.join(claim.spec.access_modes)}"
    return "none of the free ones matches"


def _problem(
    snapshot: Snapshot, claim: Claim, volume: str, reason: str, message: str
) -> ClaimProblem:
    name = claim.metadata.name
    events = snapshot.events_about(name)
    return ClaimProblem(
        reason=reason,
        message=message,
        object=claim.ref,
        evidence=tuple(
            Evidence(source=f"kubectl -n {snapshot.namespace} describe pvc {name}", quote=e.message)
            for e in events[:1]
            if e.message
        ),
        volume=volume,
    )
