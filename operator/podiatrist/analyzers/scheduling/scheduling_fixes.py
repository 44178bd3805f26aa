"""Fixes for a pod that no node takes, for each kind of obstacle, the least risky first."""

from collections.abc import Iterator
from decimal import Decimal

from msgspec import structs

from podiatrist.actions.add_toleration import AddToleration
from podiatrist.actions.compiler import Proposal
from podiatrist.actions.drop_node_rule import DropNodeRule
from podiatrist.actions.label_node import LabelNode, is_reserved_label
from podiatrist.actions.scale import Scale
from podiatrist.actions.set_claim import SetClaim
from podiatrist.actions.set_resources import SetResources
from podiatrist.actions.set_strategy import SetStrategy
from podiatrist.actions.uncordon_node import UncordonNode
from podiatrist.analyzers.common.revisions import (
    of_newest_revision,
    older_revisions,
    propose_rollback,
)
from podiatrist.analyzers.common.rollout import reaching
from podiatrist.analyzers.scheduling.fit import Fit
from podiatrist.analyzers.scheduling.node_fit import (
    Blocker,
    CordonBlocker,
    LabelBlocker,
    PortBlocker,
    ResourceBlocker,
    TaintBlocker,
    describe_requirement,
    host_ports,
    meets,
    pod_requests,
)
from podiatrist.analyzers.storage.claims import ClaimProblem
from podiatrist.api.diagnosis import Risk
from podiatrist.cluster.kinds import DEPLOYMENT, STATEFUL_SET
from podiatrist.cluster.objects import Container, Pod, PodSpec, Requirement, Resources
from podiatrist.cluster.quantity import format_resource, quantity_or_zero
from podiatrist.cluster.snapshot import Snapshot

_PASSING_TAINTS = (
    "node.kubernetes.io/",
    "node.cloudprovider.kubernetes.io/",
    "ToBeDeletedByClusterAutoscaler",
    "DeletionCandidateOfClusterAutoscaler",
    "karpenter.sh/",
    "node.cilium.io/",
)
"""Set by machines while a node is not ready, not set up yet or about to go: never tolerated."""

_LEAST_SHARE = Decimal("0.1")
"""A request is not lowered below this share: less is no longer the same workload."""


def propose(fit: Fit, cause: type[Blocker] | ClaimProblem) -> list[Proposal]:
    """Return the fixes for one cause; empty where a human has to think."""
    if isinstance(cause, ClaimProblem):
        own = [*_other_claim(fit, cause), *_let_go_first(fit, cause)]
    elif cause is LabelBlocker:
        own = [*_label_node(fit), *_drop_rule(fit)]
    elif cause is TaintBlocker:
        own = list(_tolerate(fit))
    elif cause is ResourceBlocker:
        own = [*_lower_request(fit), *_scale_to_running(fit)]
    elif cause is PortBlocker:
        own = list(_scale_to_running(fit))
    elif cause is CordonBlocker:
        own = list(_uncordon(fit))
    else:
        own = []
    # Rolling back helps where older pods run and the newest revision asks for other nodes;
    # a pod that merely finds no room beside the old ones would find none after it either.
    rollback = [p for p in propose_rollback(fit.snapshot) if p.risk is Risk.LOW]
    wanted = [*(rollback if _asks_otherwise(fit) else ()), *own]
    return [found for p in wanted if (found := reaching(fit.snapshot, p))]


def _asks_otherwise(fit: Fit) -> bool:
    """Whether the revision to go back to differs in what the scheduler looks at."""
    older = older_revisions(fit.snapshot)
    running = next((r for r in older if r.status.ready_replicas > 0), None)
    if running is None:
        return False
    return _asked(running.spec.template.spec) != _asked(fit.snapshot.template)


def _asked(spec: PodSpec) -> tuple[object, ...]:
    return (
        pod_requests(spec),
        host_ports(spec),
        spec.node_selector,
        spec.affinity,
        spec.tolerations,
        spec.volumes,
        spec.topology_spread_constraints,
    )


def _label_node(fit: Fit) -> Iterator[Proposal]:
    for name, blocked in _roomiest_first(fit, LabelBlocker):
        wanted = _labels_to_set(blocked, fit.nodes[name].metadata.labels)
        if not wanted:
            continue
        labels = ", ".join(f"{k}={v}" for k, v in wanted.items())
        yield Proposal(
            title=f"Label node {name} with {labels}",
            rationale=f"{fit.snapshot.target} requires it and nothing else keeps its pods off "
            f"{name}. Other workloads that ask for the same label may move there too.",
            actions=tuple(
                LabelNode(object=fit.nodes[name].ref, key=k, value=v) for k, v in wanted.items()
            ),
        )
        return


def _roomiest_first(fit: Fit, kind: type[Blocker]) -> list[tuple[str, list[Blocker]]]:
    """Return the nodes blocked by one kind alone, those with most CPU left first."""
    nodes = fit.only_blocked_by(kind)
    return sorted(nodes.items(), key=lambda item: -fit.usage.free(fit.nodes[item[0]], "cpu"))


def _labels_to_set(blocked: list[Blocker], present: dict[str, str]) -> dict[str, str]:
    """Return the labels that would make a node fit; empty where labels alone cannot."""
    wanted: dict[str, str] = {}
    requirements = [r for b in blocked if isinstance(b, LabelBlocker) for r in b.requirements]
    for key in dict.fromkeys(r.key for r in requirements):
        rules = [r for r in requirements if r.key == key]
        values = [value for r in rules if r.operator == "In" for value in r.values] or ["true"]
        fitting = [v for v in values if all(meets(r, {key: v}) for r in rules)]
        if not fitting or key in present or " " in key or is_reserved_label(key):
            return {}
        wanted[key] = fitting[0]
    return wanted


def _drop_rule(fit: Fit) -> Iterator[Proposal]:
    for name, requirement in _keys_that_alone_block(fit):
        rule = describe_requirement(requirement)
        reserved = is_reserved_label(requirement.key)
        yield Proposal(
            title=f"No longer require the node label {requirement.key}",
            rationale=f"Nothing but the rule {rule} keeps the pods off node {name}. Without it "
            "they may run on any node; if it stood for hardware or for isolation, they will miss "
            "it.",
            actions=(DropNodeRule(object=fit.snapshot.target, key=requirement.key),),
            risk=Risk.HIGH if reserved else Risk.MEDIUM,
        )
        return


def _keys_that_alone_block(fit: Fit) -> list[tuple[str, Requirement]]:
    """Return nodes with the one requirement that keeps the pod off them."""
    return [
        (name, requirements[0])
        for name, blocked in fit.only_blocked_by(LabelBlocker).items()
        for b in blocked
        if isinstance(b, LabelBlocker)
        and (requirements := b.requirements)
        and len({r.key for r in requirements}) == 1
        and " " not in requirements[0].key
    ]


def _tolerate(fit: Fit) -> Iterator[Proposal]:
    for name, blocked in _roomiest_first(fit, TaintBlocker):
        taints = [t for b in blocked if isinstance(b, TaintBlocker) for t in b.taints]
        if any(t.key.startswith(_PASSING_TAINTS) for t in taints):
            continue
        control_plane = any(t.key.startswith("node-role.kubernetes.io/") for t in taints)
        yield Proposal(
            title="Tolerate " + ", ".join(map(str, taints)),
            rationale=f"Node {name} would take the pods but for this taint. Somebody keeps "
            "ordinary workloads off such nodes on purpose; ask whether this one belongs there.",
            actions=tuple(
                AddToleration(
                    object=fit.snapshot.target,
                    key=t.key,
                    value=t.value,
                    effect="NoExecute" if t.effect == "NoExecute" else "NoSchedule",
                )
                for t in taints
            ),
            risk=Risk.HIGH if control_plane else Risk.MEDIUM,
        )
        return


def _lower_request(fit: Fit) -> Iterator[Proposal]:
    short = {
        b.resource
        for blocked in fit.only_blocked_by(ResourceBlocker).values()
        for b in blocked
        if isinstance(b, ResourceBlocker)
    }
    if len(short) != 1 or (resource := short.pop()) not in ("cpu", "memory"):
        return
    if resource in fit.pod.spec.resources.requests:
        return  # asked for by the pod as a whole: no container's request decides
    largest = max(fit.pod.spec.containers, key=lambda c: _request(c, resource), default=None)
    if largest is None:
        return
    asked = _request(largest, resource)
    fits = _largest_that_fits(fit, resource, largest)
    if fits is None or not asked * _LEAST_SHARE <= fits < asked:
        return
    before, after = format_resource(resource, asked), format_resource(resource, fits)
    yield Proposal(
        title=f"Lower the {resource} request of {largest.name} from {before} to {after}",
        rationale=f"{after} is the most that lets all {fit.pending} waiting pod(s) in today. "
        "A request is also what the container is guaranteed: look at what it really uses.",
        actions=(
            SetResources(
                object=fit.snapshot.target, container=largest.name, requests={resource: after}
            ),
        ),
    )


def _request(container: Container, resource: str) -> Decimal:
    return quantity_or_zero(container.resources.requests.get(resource))


def _largest_that_fits(fit: Fit, resource: str, container: Container) -> Decimal | None:
    """Return the largest request of one container with which all waiting pods find room.

    Only nodes with no other obstacle count. Rounded down to 10m CPU or 1Mi memory.
    """
    spec = fit.pod.spec
    # What runs beside the container all the time; init containers that run alone do not.
    lasting = [c for c in spec.init_containers if c.restart_policy == "Always"]
    beside = structs.replace(spec, init_containers=lasting)
    others = _in_all(beside, resource, container, Decimal(0))
    rooms = [
        max(fit.usage.free(fit.nodes[name], resource), Decimal(0))
        for name in fit.only_blocked_by(ResourceBlocker)
    ]
    step = Decimal("0.01") if resource == "cpu" else Decimal(2**20)
    candidates = sorted(
        {
            (room / share - others) // step * step
            for room in rooms
            for share in range(1, min(fit.pending, 100) + 1)
        },
        reverse=True,
    )
    for candidate in candidates:
        need = _in_all(spec, resource, container, candidate)
        if candidate > 0 and need > 0 and sum(r // need for r in rooms) >= fit.pending:
            return candidate
    return None


def _in_all(spec: PodSpec, resource: str, changed: Container, amount: Decimal) -> Decimal:
    """Return what a pod requests in all if one container requested another amount."""
    requests: dict[str, str | int | float] = {**changed.resources.requests, resource: str(amount)}
    lowered = structs.replace(changed, resources=Resources(requests=requests))
    containers = [lowered if c is changed else c for c in spec.containers]
    return pod_requests(structs.replace(spec, containers=containers)).get(resource, Decimal(0))


def _scale_to_running(fit: Fit) -> Iterator[Proposal]:
    if not fit.running or fit.snapshot.kind not in (DEPLOYMENT, STATEFUL_SET):
        return
    yield Proposal(
        title=f"Scale to the {fit.running} pod(s) that have a node",
        rationale="The waiting pods find no room. If the running ones carry the load, fewer "
        "replicas are an honest answer until there are more nodes.",
        actions=(Scale(object=fit.snapshot.target, replicas=fit.running),),
    )


def _uncordon(fit: Fit) -> Iterator[Proposal]:
    for name, _ in _roomiest_first(fit, CordonBlocker):
        yield Proposal(
            title=f"Uncordon node {name}",
            rationale=f"Node {name} would take the pods. It was cordoned by somebody, perhaps "
            "for maintenance that is not over.",
            actions=(UncordonNode(object=fit.nodes[name].ref),),
        )
        return


def _let_go_first(fit: Fit, problem: ClaimProblem) -> Iterator[Proposal]:
    """Where pods of one workload take turns with a volume: old ones first out, or fewer of them."""
    holder = problem.holder
    if holder is None or not any(p.ref == holder.ref for p in fit.snapshot.pods):
        return
    yield from take_turns(fit.snapshot, holder, fit.running)


def take_turns(snapshot: Snapshot, holder: Pod, running: int) -> Iterator[Proposal]:
    """Yield what lets the pods of one workload share a volume that only one of them can have."""
    name = holder.metadata.name
    if snapshot.kind is DEPLOYMENT and not of_newest_revision(snapshot, [holder]):
        yield Proposal(
            title="Let the old pod go before the new one comes (maxSurge 0)",
            rationale=f"Pod {name} of the revision before holds the volume, and waits for the new "
            "pod, which waits for the volume. There will be no pod at all for a moment.",
            actions=(SetStrategy(object=snapshot.target, max_surge=0, max_unavailable=1),),
        )
    elif running and snapshot.kind in (DEPLOYMENT, STATEFUL_SET):
        yield Proposal(
            title=f"Scale to the {running} pod(s) that have the volume",
            rationale=f"Pod {name} has it, and only one pod (or one node) at a time can. More need "
            "a volume that many may use (ReadWriteMany), or one each (a StatefulSet's templates).",
            actions=(Scale(object=snapshot.target, replicas=running),),
        )


def _other_claim(fit: Fit, problem: ClaimProblem) -> Iterator[Proposal]:
    if problem.near_miss is None:
        return
    yield Proposal(
        title=f"Use claim {problem.near_miss} for volume {problem.volume}",
        rationale=f"There is no claim {problem.object.name}; {problem.near_miss} is close to it. "
        "Make sure that this is the data the workload is meant to see.",
        actions=(
            SetClaim(object=fit.snapshot.target, volume=problem.volume, claim=problem.near_miss),
        ),
    )
