"""Selectors of Services that match nothing, and the labels that were probably meant."""

from collections.abc import Iterator
from dataclasses import dataclass

from podiatrist.analyzers.common.slips import close_names
from podiatrist.analyzers.network.service_peers import selects
from podiatrist.cluster.kinds import DEPLOYMENT, POD, STATEFUL_SET
from podiatrist.cluster.objects import Service
from podiatrist.cluster.snapshot import Snapshot

_NAME_KEYS = ("app", "app.kubernetes.io/name", "k8s-app", "name", "run", "component")
"""Keys that commonly hold a workload's name: one is easily taken for another."""

_CHANGING = frozenset(
    {"pod-template-hash", "controller-revision-hash", "statefulset.kubernetes.io/pod-name"}
    | {"apps.kubernetes.io/pod-index", "pod-template-generation"}
)
"""Labels that differ from revision to revision or from pod to pod: nobody selects by them."""


@dataclass(frozen=True)
class Candidate:
    """Pods that a Service was probably meant for, and the selector that takes them."""

    who: str
    labels: dict[str, str]
    selector: dict[str, str]
    why: str
    likeness: float


@dataclass(frozen=True)
class Unmatched:
    """A selector that matches nothing, and whom it may have been meant for, the best first."""

    candidates: list[Candidate]


def unmatched(snapshot: Snapshot, service: Service) -> Unmatched | None:
    """Return what is known of a selector that matches neither pods nor pods to be.

    None for a Service that selects something, or nothing on purpose; and where nothing runs in
    the namespace at all: the Service is there first.
    """
    if not service.spec.selector or service.spec.type == "ExternalName":
        return None
    if not (snapshot.was_read(DEPLOYMENT) and snapshot.was_read(STATEFUL_SET)):
        return None
    if any(selects(service, p.metadata.labels) for p in snapshot.namespace_pods):
        return None
    groups = list(_groups(snapshot))
    if not groups or any(selects(service, labels) for _, labels in groups):
        return None
    found = [c for who, labels in groups if (c := _candidate(snapshot, service, who, labels))]
    found.sort(key=lambda c: -c.likeness)
    best = [c for c in found if c.likeness >= found[0].likeness - 1]
    distinct = {tuple(sorted(c.selector.items())): c for c in reversed(best)}
    return Unmatched([c for c in best if c in distinct.values()][:2])


def _groups(snapshot: Snapshot) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield who makes pods in the namespace, and the labels of these pods."""
    for workload in snapshot.workloads:
        labels = workload.spec.template.metadata.labels
        yield f"{workload.kind} {workload.metadata.name}", labels
    for pod in snapshot.namespace_pods:
        if pod.metadata.controller is None and not pod.ended:
            yield f"{POD.kind} {pod.metadata.name}", pod.metadata.labels


def _candidate(
    snapshot: Snapshot, service: Service, who: str, labels: dict[str, str]
) -> Candidate | None:
    """Return how the selector would have to read for these pods; None where nothing is alike."""
    wanted, name = service.spec.selector, service.metadata.name
    kept = {k: v for k, v in wanted.items() if labels.get(k) == v}
    mended, reasons, likeness = dict(kept), [], 2.0 * len(kept)
    for key, value in wanted.items():
        if key in kept:
            continue
        right = _right(key, value, labels)
        if right is None:
            likeness -= 1
            reasons.append(f"{key}={value} is on none of them")
            continue
        new_key, new_value, score, why = right
        mended[new_key] = new_value
        likeness += score
        reasons.append(why)
    same_name = who.partition(" ")[2] == name or labels.get("app") == name
    if same_name and likeness <= 0:
        stable = {k: v for k, v in labels.items() if k not in _CHANGING}
        picked = {k: stable[k] for k in _NAME_KEYS if stable.get(k) == name} or stable
        mended, likeness = dict(picked), 1.0
        reasons = [f"{who} bears the Service's name"]
    if likeness <= 0 or not mended or mended == wanted:
        return None
    if not _singles_out(snapshot, mended, who):
        return None
    return Candidate(who, labels, mended, "; ".join(reasons), likeness + 1.5 * same_name)


def _right(
    key: str, value: str, labels: dict[str, str]
) -> tuple[str, str, float, str] | None:  # fmt: skip
    """Return the label that was probably meant by one term, how likely it is, and why."""
    usable = {k: v for k, v in labels.items() if k not in _CHANGING}
    if key in usable:
        meant = usable[key]
        close = bool(close_names(value, [meant])) or value.lower() == meant.lower()
        part = value in meant.split("-") or meant in value.split("-")
        if close or part:
            return key, meant, 1.8 if close else 1.0, f"{key} is {meant} there, not {value}"
        return None
    for other, found in usable.items():
        if found == value and (other in _NAME_KEYS or close_names(key, [other])):
            return other, found, 1.8, f"the key of {value} is {other} there, not {key}"
    for other in close_names(key, usable):
        if close_names(value, [usable[other]]):
            return other, usable[other], 1.0, f"{other}={usable[other]} is close to {key}={value}"
    return None


def _singles_out(snapshot: Snapshot, selector: dict[str, str], who: str) -> bool:
    """Whether a selector takes pods of that group alone: others would get strangers' requests."""
    return all(
        other == who or any(labels.get(k) != v for k, v in selector.items())
        for other, labels in _groups(snapshot)
    )
