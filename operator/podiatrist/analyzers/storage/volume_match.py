"""Why no volume that exists satisfies a claim: the volume controller's rules, told per volume."""

from collections.abc import Iterator

from podiatrist.analyzers.common.near_miss import near_misses
from podiatrist.analyzers.common.result import and_more
from podiatrist.analyzers.scheduling.node_fit import describe_requirement, unmet_terms
from podiatrist.cluster.objects import Claim, LabelSelector, PersistentVolume, parse
from podiatrist.cluster.quantity import quantity_or_zero
from podiatrist.cluster.snapshot import Snapshot, compact

_MOST_TOLD = 3


def why_no_volume(snapshot: Snapshot, claim: Claim) -> tuple[str, list[str]] | None:
    """Say why no volume made by hand fits a claim, and what to quote of them; None if one does."""
    wanted_class = claim.spec.storage_class_name or ""
    candidates = [v for v in snapshot.volumes if v.spec.storage_class_name == wanted_class]
    if not candidates:
        near = near_misses(wanted_class, {v.spec.storage_class_name for v in snapshot.volumes}, 1)
        hint = f"; did you mean {near[0]}?" if near and near[0] else ""
        return f"no volume of that class exists{hint}", []
    told = [(v, misfits(snapshot, claim, v)) for v in candidates]
    # The one that misses least is the one that was meant.
    told.sort(key=lambda pair: len(pair[1]))
    reasons = [
        f"volume {volume.metadata.name} {' and '.join(why for why, _ in found)}"
        for volume, found in told
    ]
    quotes = [quote for _, found in told[:_MOST_TOLD] for _, quote in found if quote]
    if any(not found for _, found in told):
        return None
    return and_more(reasons, _MOST_TOLD), quotes[:4]


def misfits(snapshot: Snapshot, claim: Claim, volume: PersistentVolume) -> list[tuple[str, str]]:
    """Return what keeps a claim from a volume, each with what shows it in the volume as JSON."""
    return list(_misfits(snapshot, claim, volume))


def _misfits(
    snapshot: Snapshot, claim: Claim, volume: PersistentVolume
) -> Iterator[tuple[str, str]]:
    """Yield what keeps a claim from a volume, and what shows it in the volume as JSON."""
    yield from _held(claim, volume)
    spec = volume.spec
    wanted = claim.spec.resources.requests.get("storage")
    size = spec.capacity.get("storage")
    if quantity_or_zero(size) < quantity_or_zero(wanted):
        yield f"has {size or 0}, {wanted} is asked for", _pair("storage", size)
    missing = [m for m in claim.spec.access_modes if m not in spec.access_modes]
    if missing:
        offered = ", ".join(spec.access_modes) or "nothing"
        yield f"offers {offered}, not {', '.join(missing)}", _pair("accessModes", spec.access_modes)
    if (spec.volume_mode or "Filesystem") != (claim.spec.volume_mode or "Filesystem"):
        mode = spec.volume_mode or "Filesystem"
        yield f"is of mode {mode}, not {claim.spec.volume_mode or 'Filesystem'}", ""
    selector = parse(LabelSelector, claim.spec.selector) if claim.spec.selector else None
    if selector is not None and not selector.matches(volume.metadata.labels):
        yield f"does not match the claim's selector {compact(claim.spec.selector)[:200]}", ""
    affinity = volume.spec.node_affinity.required if volume.spec.node_affinity else None
    if affinity is not None and snapshot.nodes:
        unmet = [unmet_terms(affinity.node_selector_terms, n) for n in snapshot.nodes]
        if all(unmet):
            rules = " and ".join(map(describe_requirement, unmet[0]))
            yield f"can be reached only from nodes with {rules}, of which there is none", ""


def _held(claim: Claim, volume: PersistentVolume) -> Iterator[tuple[str, str]]:
    ref = volume.spec.claim_ref or {}
    holder = f"{ref.get('namespace')}/{ref.get('name')}"
    own = f"{claim.metadata.namespace}/{claim.metadata.name}"
    phase = _pair("phase", volume.status.phase)
    name = volume.metadata.name
    if volume.metadata.deletion_timestamp is not None:
        yield "is being deleted", ""
    elif volume.status.phase == "Released":
        give_away = f'kubectl patch pv {name} -p \'{{"spec":{{"claimRef":null}}}}\''
        what = (
            f"still belongs to the deleted claim {holder} (Released; to give it away: {give_away})"
        )
        yield what, phase
    elif volume.status.phase == "Failed":
        yield "has failed to be reclaimed", phase
    elif ref and (holder != own or (ref.get("uid") or claim.metadata.uid) != claim.metadata.uid):
        verb = "is bound to" if volume.status.phase == "Bound" else "is reserved for"
        yield f"{verb} claim {holder}", f'"name":{compact(ref.get("name"))}'
    elif volume.status.phase == "Bound" and not ref:
        yield "is taken", phase


def _pair(key: str, value: object) -> str:
    return f'"{key}":{compact(value)}' if value else ""
