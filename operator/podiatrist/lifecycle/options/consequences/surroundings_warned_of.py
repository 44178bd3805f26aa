"""What a human should know of others than the target's pods before an option is approved."""

import dataclasses
from collections.abc import Iterable, Iterator, Mapping

import msgspec

from podiatrist.analyzers.common.result import and_more, counted
from podiatrist.analyzers.scaling.budget_reach import reach_of
from podiatrist.analyzers.scheduling.node_fit import cordon_blocker, label_blocker, taint_blocker
from podiatrist.api.diagnosis import ObjectRef
from podiatrist.cluster.kinds import DAEMON_SET, HPA, INGRESS, NODE, PDB, SERVICE
from podiatrist.cluster.objects import Autoscaler, Ingress, Node, Pod, PodSpec, Service, parse
from podiatrist.cluster.snapshot import Object, Snapshot
from podiatrist.lifecycle.options.consequences.pod_state import is_ready, is_there
from podiatrist.lifecycle.options.consequences.turnover_by_others import (
    of_budget,
    scaled_workload,
    spared,
)


def about_surroundings(snapshot: Snapshot, after: Mapping[ObjectRef, Object]) -> Iterator[str]:
    """Yield warnings about what the changed objects mean to others."""
    raw = after.get(snapshot.target)
    if raw is not None:
        judge = {
            SERVICE: _service,
            INGRESS: _ingress,
            HPA: _autoscaler,
            PDB: _budget,
        }.get(snapshot.kind)
        yield from judge(snapshot, raw) if judge else ()
    for ref, changed in after.items():
        if ref.kind == NODE.kind:
            yield from _node(snapshot, ref, changed)


def _service(snapshot: Snapshot, raw: Object) -> Iterator[str]:
    """Say which ready pods lose their traffic; those that a new selector finds are its purpose."""
    before, now = parse(Service, snapshot.target_raw), parse(Service, raw)
    if before is None or now is None or before.spec.selector == now.spec.selector:
        return
    had, has = _behind(snapshot, before), _behind(snapshot, now)
    lost = [name for name in had if name not in has]
    if lost:
        yield (
            f"{snapshot.target} no longer sends anything to {counted(len(lost), 'pod')} ready now: "
            f"{and_more(lost)}"
        )
    if not has:
        yield f"no pod that is ready now would be behind {snapshot.target}"


def _behind(snapshot: Snapshot, service: Service) -> list[str]:
    selector = service.spec.selector
    return [
        p.metadata.name
        for p in snapshot.namespace_pods
        if selector and is_ready(p) and selector.items() <= p.metadata.labels.items()
    ]


def _ingress(snapshot: Snapshot, raw: Object) -> Iterator[str]:
    before, now = parse(Ingress, snapshot.target_raw), parse(Ingress, raw)
    if before is None or now is None:
        return
    old, new = before.spec.ingress_class_name, now.spec.ingress_class_name
    if old != new and old in [c.metadata.name for c in snapshot.ingress_classes]:
        yield f"whoever comes in by IngressClass {old} no longer reaches {snapshot.target}"


def _autoscaler(snapshot: Snapshot, raw: Object) -> Iterator[str]:
    before, now = parse(Autoscaler, snapshot.target_raw), parse(Autoscaler, raw)
    workload = scaled_workload(snapshot, now) if now else None
    if before is None or now is None or workload is None:
        return
    name, current = f"{workload.kind} {workload.metadata.name}", workload.replicas
    if before.spec.scale_target_ref != now.spec.scale_target_ref:
        yield f"{snapshot.target} takes over the number of replicas of {name}, now {current}"
    low = 1 if now.spec.min_replicas is None else now.spec.min_replicas
    if current > now.spec.max_replicas > 0:
        yield f"{name} is scaled down from {current} to {now.spec.max_replicas}"
    elif 0 < current < low:
        yield f"{name} is scaled up from {current} to {low}"


def _budget(snapshot: Snapshot, raw: Object) -> Iterator[str]:
    """Say how many pods evictions may take from then on."""
    reach = reach_of(dataclasses.replace(snapshot, target_raw=raw))
    if reach is None:
        return
    allowed = spared(reach.budget, reach.pods, reach.expected)
    yield (
        f"evictions (drains, autoscalers of nodes) may then take {allowed} of "
        f"{counted(len(reach.pods), 'pod')} at a time"
    )
    evicted, _ = of_budget(snapshot, raw)
    if evicted:
        names = sorted({p.spec.node_name for p in evicted})
        yield f"the drain of node {and_more(names)} goes on at once"


def _node(snapshot: Snapshot, ref: ObjectRef, raw: Object) -> Iterator[str]:
    """Say who else may be placed on a node that was not open to them before."""
    before = next((n for n in snapshot.nodes if n.metadata.name == ref.name), None)
    now = parse(Node, raw)
    if before is None or now is None:
        return
    own = {p.metadata.uid for p in snapshot.pods}
    waiting = [
        f"{p.metadata.namespace}/{p.metadata.name}"
        for p in _unique([*snapshot.namespace_pods, *snapshot.cluster_pods])
        if is_there(p)
        and not p.spec.node_name
        and p.metadata.uid not in own
        and _opens(p.spec, before, now)
    ]
    if waiting:
        yield f"pods of others that wait may be placed on node {ref.name}: {and_more(waiting)}"
    daemons = sorted(_daemons(snapshot, before, now))
    if daemons:
        yield f"DaemonSet {and_more(daemons)} may start a pod on node {ref.name}"


def _unique(pods: Iterable[Pod]) -> list[Pod]:
    return list({(p.metadata.namespace, p.metadata.name): p for p in pods}.values())


def _opens(spec: PodSpec, before: Node, now: Node) -> bool:
    """Whether a node that kept a pod off would no longer do so; room is not looked at."""
    return _keeps_off(spec, before) and not _keeps_off(spec, now)


def _keeps_off(spec: PodSpec, node: Node) -> bool:
    return any(f(spec, node) for f in (label_blocker, taint_blocker, cordon_blocker))


def _daemons(snapshot: Snapshot, before: Node, now: Node) -> set[str]:
    """Return the DaemonSets that only the node's labels kept away.

    Those of other namespaces show by their pods, whose own affinity was replaced by a rule about
    the node's name (DaemonSet controller): there only the nodeSelector is known.
    """
    found = {
        f"{w.metadata.namespace}/{w.metadata.name}": w.spec.template.spec
        for w in snapshot.workloads
        if w.kind == DAEMON_SET.kind
    }
    for pod in snapshot.cluster_pods:
        owner = pod.metadata.controller
        if owner is not None and owner.kind == DAEMON_SET.kind and pod.spec.node_selector:
            name = f"{pod.metadata.namespace}/{owner.name}"
            found.setdefault(name, msgspec.structs.replace(pod.spec, affinity=None))
    own = f"{snapshot.namespace}/{snapshot.target.name}" if snapshot.kind is DAEMON_SET else None
    return {
        name
        for name, spec in found.items()
        if name != own and label_blocker(spec, before) and not label_blocker(spec, now)
    }
