"""Pods that the kubelet evicted: for what they used, or because their node ran short."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from podiatrist.actions.compiler import Proposal
from podiatrist.actions.set_resources import SetResources
from podiatrist.actions.set_volume_limit import SetVolumeLimit
from podiatrist.analyzers.common.result import Result
from podiatrist.analyzers.common.revisions import (
    of_newest_revision,
    older_revisions,
    propose_rollback,
)
from podiatrist.analyzers.common.rollout import is_at_rest, reaching
from podiatrist.api.diagnosis import Evidence, Finding, ObjectRef
from podiatrist.cluster.kinds import DAEMON_SET, POD, STATEFUL_SET
from podiatrist.cluster.objects import Pod, PodSpec
from podiatrist.cluster.quantity import format_bytes, format_resource, quantity_or_zero
from podiatrist.cluster.snapshot import Snapshot

_LATELY = timedelta(minutes=15)
_RECENTLY = timedelta(hours=1)
_VOLUME = re.compile(r'Usage of EmptyDir volume "([^"]{1,253})" exceeds the limit "([^"]{1,64})"')
_CONTAINER = re.compile(
    r'Container (\S{1,253}) exceeded its local ephemeral storage limit "([^"]{1,64})"'
)
_TOTAL = re.compile(
    r"Pod ephemeral local storage usage exceeds the total limit of containers ([^\s.]{1,64})"
)
_LOW = re.compile(r"The node was low on resource: ([a-z-]{1,64})")
_USING = re.compile(
    r"Container (\S{1,253}) was using ([0-9A-Za-z.]{1,32}), request is ([0-9A-Za-z.]{1,32})"
)
_HAD = re.compile(r"The node had condition: \[([A-Za-z, ]{1,100})\]")
_ENOUGH_DISK = Decimal(256 * 2**20)
"""Bytes: a limit on disk below this costs more in evictions than it saves."""

_STORAGE = "ephemeral-storage"


@dataclass(frozen=True)
class Eviction:
    """Why a pod was evicted, what would end it, and where it shows in a pod spec.

    `holds` is False where the target asks for something else by now.
    """

    reason: str
    why: str
    fixes: tuple[Proposal, ...] = ()
    shows: tuple[str, ...] = ()
    by_node: bool = False
    holds: bool = True


@dataclass(frozen=True)
class Evicted:
    """One eviction: of a pod that is still listed, or of one that only an event remembers."""

    pod: Pod
    when: datetime | None
    message: str
    remembered: bool = False

    def within(self, snapshot: Snapshot, span: timedelta) -> bool:
        """Whether it happened in that span before the snapshot."""
        return self.when is not None and snapshot.taken_at - self.when <= span

    def evidence(self, snapshot: Snapshot) -> Evidence:
        """Return the kubelet's words."""
        about = self.pod.metadata.name
        how = f"get events --field-selector involvedObject.name={about}"
        return Evidence(
            source=f"kubectl -n {snapshot.namespace} "
            + (how if self.remembered else f"describe pod {about}"),
            quote=self.message.strip() or "Evicted",
        )


def analyze(snapshot: Snapshot) -> list[Result]:
    """Explain the newest eviction where it is not over: nothing replaced the pod, or it recurs.

    What today's pods would not be evicted for any more is over too.
    """
    evicted = [*_listed(snapshot), *_remembered(snapshot)]
    if not evicted:
        return []
    newest = max(evicted, key=lambda e: str(e.when or ""))
    recent = [e for e in evicted if e.within(snapshot, _RECENTLY)]
    if snapshot.kind is not POD:
        lately = newest.within(snapshot, _LATELY)
        if not (lately and (len(recent) > 1 or _alone(snapshot))):
            return []
    eviction = _explain(snapshot, newest.pod, newest.message[:4096])
    today = bool(of_newest_revision(snapshot, [newest.pod]))
    if not (today and eviction.holds) and not _alone(snapshot):
        return []
    if snapshot.kind is POD:
        who, times = f"{snapshot.target} was", ""
        again = " It stays as it is: delete it and make it anew."
    else:
        times = f" {len(recent)} times within the last hour" if len(recent) > 1 else ""
        who, again = f"Pods of {snapshot.target} were" if times else "", ""
        who = who or f"A pod of {snapshot.target} was"
    finding = Finding(
        analyzer="endings",
        reason=eviction.reason,
        message=f"{who} evicted{times}: {eviction.why}.{again}",
        object=newest.pod.ref,
        evidence=[newest.evidence(snapshot)],
    )
    cause = _pressed_node(snapshot, newest.pod) if eviction.by_node else None
    fixes = tuple(_fixes(snapshot, eviction)) if today and cause is None else ()
    return [Result(finding, fixes, cause)]


def _listed(snapshot: Snapshot) -> list[Evicted]:
    return [Evicted(p, _when(p), p.status.message) for p in snapshot.pods if _evicted(p)]


def _remembered(snapshot: Snapshot) -> list[Evicted]:
    """Return evictions of pods that were made anew under the same name, or deleted, since.

    The controllers of StatefulSets and DaemonSets delete failed pods at once.
    """
    if snapshot.kind not in (STATEFUL_SET, DAEMON_SET):
        return []
    gone = [
        e
        for e in snapshot.events
        if e.reason == "Evicted"
        and e.involved_object.name.startswith(f"{snapshot.metadata.name}-")
        and e.involved_object.uid not in {p.metadata.uid for p in snapshot.pods if _evicted(p)}
    ]
    pods = {p.metadata.name: p for p in snapshot.pods}
    some = next(iter(snapshot.pods), None)
    found = ((pods.get(e.involved_object.name, some), e) for e in gone)
    return [Evicted(p, e.seen_at, e.message, remembered=True) for p, e in found if p]


def _evicted(pod: Pod) -> bool:
    return (pod.status.phase, pod.status.reason) == ("Failed", "Evicted")


def _when(pod: Pod) -> datetime | None:
    condition = pod.condition("DisruptionTarget")
    if condition and condition.last_transition_time:
        return condition.last_transition_time
    ends = [s.last_end.finished_at for s in pod.all_statuses if s.last_end]
    return max((e for e in ends if e), default=pod.metadata.creation_timestamp)


def _alone(snapshot: Snapshot) -> bool:
    """Whether no pod of the target is well."""
    return not any(is_at_rest(p) for p in snapshot.pods)


def _explain(snapshot: Snapshot, pod: Pod, text: str) -> Eviction:
    if found := _VOLUME.search(text):
        return _volume(snapshot, found[1], found[2])
    if found := _CONTAINER.search(text):
        return _storage(snapshot, [found[1]], found[2])
    if found := _TOTAL.search(text):
        limited = [c.name for c in pod.spec.containers if _STORAGE in c.resources.limits]
        return _storage(snapshot, limited, found[1])
    if found := _LOW.search(text):
        return _low_node(snapshot, pod, found[1], text)
    if found := _HAD.search(text):
        why = f"node {pod.spec.node_name} had {found[1]}. Request what the pod really needs"
        return Eviction("EvictedByNodePressure", why, by_node=True)
    said = " ".join(text.split()).rstrip(".")[:400]
    return Eviction("Evicted", said or "the kubelet does not say why")


def _enough(limit: str) -> str:
    return format_bytes(max(quantity_or_zero(limit) * 4, _ENOUGH_DISK))


def _volume(snapshot: Snapshot, name: str, limit: str) -> Eviction:
    source = next((v.empty_dir for v in snapshot.template.volumes if v.name == name), None) or {}
    in_memory = source.get("medium") == "Memory"
    new = format_bytes(quantity_or_zero(limit) * 2) if in_memory else _enough(limit)
    place = "memory" if in_memory else "disk"
    fix = Proposal(
        title=f"Let emptyDir {name} grow to {new}",
        rationale=f"It outgrew {limit}; how much it needs is not told. What it holds takes the "
        f"node's {place}. If it grows without end, this only delays the next eviction.",
        actions=(SetVolumeLimit(object=snapshot.target, volume=name, size_limit=new),),
    )
    why = f"emptyDir volume {name} grew beyond its sizeLimit of {limit}. Raise sizeLimit, or write "
    holds = _equal(source.get("sizeLimit"), limit)
    return Eviction(
        "EmptyDirLimitExceeded", f"{why}less to it", (fix,), ("volume", name), holds=holds
    )


def _storage(snapshot: Snapshot, containers: list[str], limit: str) -> Eviction:
    who = f"container {containers[0]}" if len(containers) == 1 else "the pod"
    why = f"{who} wrote more to its own disk (log, root file system, emptyDir) than its limit "
    why += f"on {_STORAGE} of {limit}. Raise the limit, or write to a volume"
    fixes: tuple[Proposal, ...] = ()
    if len(containers) == 1:
        new = _enough(limit)
        fixes = (
            Proposal(
                title=f"Raise the {_STORAGE} limit of {containers[0]} to {new}",
                rationale=f"It outgrew {limit}; how much it needs is not told. If it grows without "
                "end, this only delays the next eviction.",
                actions=(
                    SetResources(
                        object=snapshot.target, container=containers[0], limits={_STORAGE: new}
                    ),
                ),
            ),
        )
    shows = ("limit", containers[0]) if containers else ()
    limits = [c.resources.limits.get(_STORAGE) for c in snapshot.template.containers]
    holds = any(_equal(now, limit) for now in limits) or len(containers) != 1
    return Eviction("EphemeralStorageExceeded", why, fixes, shows, holds=holds)


def _equal(now: object, then: str) -> bool:
    return isinstance(now, str) and quantity_or_zero(now) == quantity_or_zero(then)


def _low_node(snapshot: Snapshot, pod: Pod, resource: str, text: str) -> Eviction:
    used = [
        (name, quantity_or_zero(amount), quantity_or_zero(request))
        for name, amount, request in _USING.findall(text)
    ]
    why = f"node {pod.spec.node_name} ran low on {resource}"
    beyond = [(n, u, r) for n, u, r in used if u > r]
    if not beyond:
        return Eviction("EvictedByNodePressure", why, by_node=True)
    name, usage, request = max(beyond, key=lambda told: told[1] - told[2])
    asked = format_resource(resource, request) if request else "nothing"
    new = format_bytes(usage * 5 / 4)
    why += f", and container {name} was using {format_resource(resource, usage)} with a request of "
    why += f"{asked}: who uses more than he asked for goes first. Request what it needs"
    fix = Proposal(
        title=f"Request {new} of {resource} for {name}",
        rationale="A quarter more than it was using when it was evicted. The scheduler then finds "
        "a node that has it, and the kubelet evicts others first.",
        actions=(SetResources(object=snapshot.target, container=name, requests={resource: new}),),
    )
    return Eviction("EvictedByNodePressure", why, (fix,), ("request", name), by_node=True)


def _pressed_node(snapshot: Snapshot, pod: Pod) -> ObjectRef | None:
    """Return the pod's node where it is still short of something: then that is the trouble."""
    for node in snapshot.nodes:
        if node.metadata.name == pod.spec.node_name and any(
            c.type.endswith("Pressure") and c.status == "True" for c in node.status.conditions
        ):
            return node.ref
    return None


def _fixes(snapshot: Snapshot, eviction: Eviction) -> Iterator[Proposal]:
    older = older_revisions(snapshot)
    chosen = next((r for r in older if r.status.ready_replicas > 0), older[0] if older else None)
    proposals = list(eviction.fixes)
    if chosen and eviction.shows:
        was = _shown(chosen.spec.template.spec, *eviction.shows)
        if was != _shown(snapshot.template, *eviction.shows):
            proposals = [*propose_rollback(snapshot), *proposals]
    for proposal in proposals:
        if _updates_by_itself(snapshot):
            yield proposal
        elif reached := reaching(snapshot, proposal):
            yield reached


def _updates_by_itself(snapshot: Snapshot) -> bool:
    """Whether a StatefulSet's update goes on: evicted pods are made anew and are ready for a while.

    Which of them is ready right now would change the option from one look to the next.
    """
    strategy = snapshot.workload.spec.update_strategy.get("type")
    return snapshot.kind is STATEFUL_SET and strategy != "OnDelete"


def _shown(spec: PodSpec, what: str, name: str) -> object:
    if what == "volume":
        return next((v.empty_dir for v in spec.volumes if v.name == name), None)
    container = spec.container(name)
    if container is None:
        return None
    group = container.resources.limits if what == "limit" else container.resources.requests
    return dict(group)
