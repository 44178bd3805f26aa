"""Why a claim has no volume: its class, its provisioner, the volume it names, or none that fits."""

from dataclasses import dataclass
from datetime import datetime

from podiatrist.analyzers.common.near_miss import near_misses
from podiatrist.analyzers.common.result import and_more
from podiatrist.analyzers.storage.volume_match import misfits, why_no_volume
from podiatrist.api.diagnosis import Evidence
from podiatrist.cluster.kinds import PV, STORAGE_CLASS
from podiatrist.cluster.objects import Claim, Event, StorageClass
from podiatrist.cluster.snapshot import Snapshot, compact

_NO_PROVISIONER = "kubernetes.io/no-provisioner"
_DEFAULT_MARK = "storageclass.kubernetes.io/is-default-class"
_SELECTED_NODE = "volume.kubernetes.io/selected-node"
_PROVISIONED_BY = "pv.kubernetes.io/provisioned-by"

_TIME_TO_PROVISION = 30.0
"""Seconds that a provisioner may take before its silence means something."""

ANEW = "A claim's class and volume cannot be changed: delete it and make it anew"


@dataclass(frozen=True)
class Unbound:
    """Why a claim is not bound, in words that go on after the claim's name."""

    reason: str
    why: str
    evidence: tuple[Evidence, ...]


def unbound(snapshot: Snapshot, claim: Claim, since: datetime | None = None) -> Unbound | None:
    """Return why a claim has no volume; None while it is bound or nobody is to blame yet.

    `since` is when somebody began to wait for it; else the claim's own age counts.
    """
    if claim.status.phase == "Bound":
        return None
    if claim.status.phase == "Lost":
        return _told(
            snapshot, claim, "ClaimLost",
            f"lost its volume {claim.spec.volume_name}, which was deleted: the data is gone or "
            "elsewhere. Restore it, then delete the claim and make it anew",
            '"phase":"Lost"',
        )  # fmt: skip
    if not (snapshot.was_read(STORAGE_CLASS) and snapshot.was_read(PV)):
        return _failed(snapshot, claim)  # which classes and volumes there are, is not known
    if claim.spec.volume_name:
        return _named_volume(snapshot, claim)
    wanted = claim.spec.storage_class_name
    if wanted is None:
        wanted = default_class(snapshot)  # assigned later to claims without one (KEP-3333)
    if wanted is None:
        classes = sorted(s.metadata.name for s in snapshot.storage_classes)
        there = f"; there are {and_more(classes)}" if classes else ""
        return _told(
            snapshot, claim, "NoDefaultStorageClass",
            f"names no StorageClass and the cluster has no default one{there}. Mark one as default "
            f"(annotation {_DEFAULT_MARK}=true), or make the claim anew with storageClassName",
        )  # fmt: skip
    if wanted == "":
        return _none_by_hand(
            snapshot, claim, "wants a volume made by hand (storageClassName is empty)"
        )
    found = next((s for s in snapshot.storage_classes if s.metadata.name == wanted), None)
    by_hand = any(v.spec.storage_class_name == wanted for v in snapshot.volumes)
    if found is None and not by_hand:
        return _no_class(snapshot, claim, wanted)
    if found is None or found.provisioner == _NO_PROVISIONER:
        what = f"waits for a volume of class {wanted}, which are made by hand"
        return _none_by_hand(snapshot, claim, what)
    return _not_provisioned(snapshot, claim, found, since)


def _failed(snapshot: Snapshot, claim: Claim) -> Unbound | None:
    """Return why the controllers themselves say that no volume was made, if they do."""
    failed = next((e for e in warnings(snapshot, claim) if e.reason == "ProvisioningFailed"), None)
    if failed is None:
        return None
    return _told(snapshot, claim, "ProvisioningFailed", f"got no volume: {failed.message}")


def default_class(snapshot: Snapshot) -> str | None:
    """Return the name of the cluster's default StorageClass."""
    marked = (
        c for c in snapshot.storage_classes if c.metadata.annotations.get(_DEFAULT_MARK) == "true"
    )
    return next((c.metadata.name for c in marked), None)


def _none_by_hand(snapshot: Snapshot, claim: Claim, what: str) -> Unbound | None:
    found = why_no_volume(snapshot, claim)
    if found is None:
        return None  # one fits: it is only a matter of seconds, or of the pod
    why, quotes = found
    return _told(snapshot, claim, "NoMatchingVolume", f"{what}: {why}", *quotes)


def _no_class(snapshot: Snapshot, claim: Claim, wanted: str) -> Unbound | None:
    classes = sorted(s.metadata.name for s in snapshot.storage_classes)
    there = f"there are {and_more(classes)}" if classes else "there is none at all"
    near = near_misses(wanted, classes, 1)
    hint = f" (did you mean {near[0]}?)" if near else ""
    return _told(
        snapshot, claim, "StorageClassNotFound",
        f"asks for StorageClass {wanted}, which does not exist; {there}{hint}. {ANEW}",
        f'"storageClassName":{compact(wanted)}',
    )  # fmt: skip


def _named_volume(snapshot: Snapshot, claim: Claim) -> Unbound | None:
    """Return why the volume that a claim names itself is not bound to it."""
    name = claim.spec.volume_name
    quote = f'"volumeName":{compact(name)}'
    volume = next((v for v in snapshot.volumes if v.metadata.name == name), None)
    if volume is None:
        near = near_misses(name, [v.metadata.name for v in snapshot.volumes], 1)
        hint = f" (did you mean {near[0]}?)" if near else ""
        what = f"asks for volume {name} by name, which does not exist{hint}. {ANEW}"
        return _told(snapshot, claim, "VolumeNotFound", what, quote)
    wanted, given = claim.spec.storage_class_name or "", volume.spec.storage_class_name
    if wanted != given:
        what = f"asks for volume {name}, which is of class {given!r}, the claim of {wanted!r}"
        return _told(snapshot, claim, "VolumeMismatch", f"{what}. {ANEW}", quote)
    found = misfits(snapshot, claim, volume)
    if not found:
        return None
    what = f"asks for volume {name}, which {' and '.join(why for why, _ in found)}"
    return _told(snapshot, claim, "VolumeMismatch", what, quote, *(q for _, q in found if q))


def _not_provisioned(
    snapshot: Snapshot, claim: Claim, found: StorageClass, since: datetime | None
) -> Unbound | None:
    provisioner = found.provisioner
    failed = next((e for e in warnings(snapshot, claim) if e.reason == "ProvisioningFailed"), None)
    if failed is not None:
        return _told(
            snapshot, claim, "ProvisioningFailed",
            f"got no volume of class {found.metadata.name} from {provisioner}: {failed.message}",
        )  # fmt: skip
    late = found.volume_binding_mode == "WaitForFirstConsumer"
    if late and _SELECTED_NODE not in claim.metadata.annotations:
        return None  # nobody asked for it yet, or no node takes the pod: not the claim's fault
    began = since or claim.metadata.creation_timestamp
    if began is not None and (snapshot.taken_at - began).total_seconds() < _TIME_TO_PROVISION:
        return None
    known = any(
        v.metadata.annotations.get(_PROVISIONED_BY) == provisioner for v in snapshot.volumes
    )
    doubt = (
        "is it running?"
        if known
        else "no volume of this cluster comes from it, so it is probably not installed. Install "
        f"it, or use another class. {ANEW}"
    )
    return _told(
        snapshot, claim, "ProvisionerSilent",
        f"waits for a volume of class {found.metadata.name} from {provisioner}, which does not "
        f"answer: {doubt}",
        f'"provisioner":{compact(provisioner)}',
    )  # fmt: skip


def warnings(snapshot: Snapshot, claim: Claim) -> list[Event]:
    """Return the warnings about a claim, the newest first; not those of one it replaced."""
    return [
        e
        for e in snapshot.events_about(claim.metadata.name)
        if e.involved_object.kind in ("", "PersistentVolumeClaim")
        and e.involved_object.uid in ("", claim.metadata.uid)
    ]


def _told(snapshot: Snapshot, claim: Claim, reason: str, why: str, *quotes: str) -> Unbound:
    """Return the cause with what shows it: warnings about the claim, and fields of objects."""
    name = claim.metadata.name
    where = f"kubectl -n {claim.metadata.namespace}"
    said = [e for e in warnings(snapshot, claim) if e.message][:1]
    evidence = [Evidence(source=f"{where} describe pvc {name}", quote=e.message) for e in said]
    for quote in dict.fromkeys(quotes):
        source = f"{where} get pvc {name} -o json"
        if quote.startswith('"provisioner"'):
            source = "kubectl get storageclass -o json"
        elif not quote.startswith(('"storageClassName"', '"volumeName"', '"phase":"Lost"')):
            source = "kubectl get pv -o json"
        evidence.append(Evidence(source=source, quote=quote))
    if not evidence:
        asked = f'"accessModes":{compact(claim.spec.access_modes)}'
        evidence = [Evidence(source=f"{where} get pvc {name} -o json", quote=asked)]
    return Unbound(reason, why, tuple(evidence[:5]))
