"""Quotas that leave no room: how much is left, and what would fit into it."""

from collections.abc import Iterator
from decimal import ROUND_FLOOR, Decimal

from podiatrist.actions.compiler import Proposal
from podiatrist.actions.scale import Scale
from podiatrist.actions.set_resources import SetResources
from podiatrist.actions.set_strategy import SetStrategy
from podiatrist.analyzers.admission.admission_errors import QuotaExceeded, QuotaUnspecified
from podiatrist.analyzers.admission.refusals import Refusal
from podiatrist.analyzers.common.result import and_more
from podiatrist.analyzers.common.revisions import propose_rollback
from podiatrist.api.diagnosis import Risk
from podiatrist.cluster.kinds import DEPLOYMENT, REPLICA_SET, STATEFUL_SET
from podiatrist.cluster.objects import Container
from podiatrist.cluster.quantity import format_resource, parse_quantity, quantity_or_zero
from podiatrist.cluster.snapshot import Snapshot

_LEAST_SHARE = Decimal("0.1")
"""An amount is not lowered below this share: less is no longer the same workload."""

_STARTING = {"cpu": Decimal("0.1"), "memory": Decimal(128 * 2**20)}
"""What a container is given that says nothing of itself: small, and usual in examples."""

_LEAST = {"cpu": Decimal("0.01"), "memory": Decimal(16 * 2**20)}


def split_name(name: str) -> tuple[str, str]:
    """Return `limits` or `requests` and the resource of a quota's name; "" for a count."""
    group, dot, resource = name.partition(".")
    if dot and group in ("requests", "limits"):
        return group, resource
    return ("requests", name) if name in ("cpu", "memory", "ephemeral-storage") else ("", name)


def explain_exceeded(snapshot: Snapshot, refusal: Refusal, why: QuotaExceeded) -> str:
    """Say by how much, and what the quota would have to be for everything to fit."""
    parts = []
    for name, asked in why.requested.items():
        used, limited = _live(snapshot, why, name)
        _, resource = split_name(name)
        missing = max(1, refusal.wanted - refusal.had)
        needed = used + quantity_or_zero(asked) * missing
        one = "asks for" if missing == 1 else "each ask for"
        parts.append(
            f"{name}: {limited_text(resource, limited)} allowed, "
            f"{limited_text(resource, used)} in use, and {missing} missing {one} {asked}; "
            f"with {limited_text(resource, needed)} all would fit"
        )
    alone = any(
        quantity_or_zero(asked) > _live(snapshot, why, name)[1]
        for name, asked in why.requested.items()
    )
    verb = "allows less than one alone asks for" if alone else "is exhausted"
    return (
        f"ResourceQuota {why.quota} {verb} ({'; '.join(parts)}). Ask for less, remove what "
        "is not needed in this namespace, or have the quota raised."
    )


def limited_text(resource: str, amount: Decimal) -> str:
    """Return an amount as people write it."""
    return format_resource(resource, amount) if amount else "0"


def explain_unspecified(snapshot: Snapshot, why: QuotaUnspecified) -> str:
    """Say what has to be set where, and what is used up already."""
    needs = [f"{name} of {and_more(list(who))}" for name, who in why.needs.items()]
    return (
        f"ResourceQuota {why.quota} counts {and_more(list(why.needs))}, so every container must "
        f"say it; not set: {'; '.join(needs)}. A LimitRange with defaults would set it for all."
        f"{_used_up(snapshot, why)}"
    )


def _used_up(snapshot: Snapshot, why: QuotaUnspecified) -> str:
    """Say where even the least amount would be refused next."""
    quota = next((q for q in snapshot.quotas if q.metadata.name == why.quota), None)
    if quota is None:
        return ""
    full = []
    for name in why.needs:
        _, resource = split_name(name)
        left = _room_of(quota.status.hard, quota.status.used, name)
        if left is not None and left < _LEAST.get(resource, Decimal(1)):
            full.append(f"{name} {quota.status.used.get(name)} of {quota.status.hard[name]}")
    if not full:
        return ""
    return f" It is used up as well ({'; '.join(full)}): it would have to be raised, too."


def fit_quota(snapshot: Snapshot, refusal: Refusal, why: QuotaExceeded) -> Iterator[Proposal]:
    """Propose what fits into what the quota leaves."""
    if refusal.what != "pods":
        return
    room = {n: limited - used for n in why.requested for used, limited in [_live(snapshot, why, n)]}
    older = snapshot.revisions[1:] if snapshot.kind is DEPLOYMENT else []
    if any(r.status.replicas for r in older):
        yield from _in_place(snapshot, why, room)
        return
    shares = [
        room[n] / asked for n, text in why.requested.items() if (asked := quantity_or_zero(text))
    ]
    more = max(0, int(min(shares).to_integral_value(ROUND_FLOOR))) if shares else 0
    fitting = refusal.had + more
    scaled = any(
        (a.spec.scale_target_ref.kind, a.spec.scale_target_ref.name)
        == (snapshot.target.kind, snapshot.target.name)
        for a in snapshot.autoscalers
    )
    may_scale = snapshot.kind in (DEPLOYMENT, STATEFUL_SET, REPLICA_SET) and not scaled
    if may_scale and 0 < fitting < refusal.wanted:
        yield Proposal(
            title=f"Scale to {fitting}, which ResourceQuota {why.quota} allows",
            rationale=f"{refusal.wanted} are wanted; the quota has room for {fitting}. Scale up "
            "again when it was raised.",
            actions=(Scale(object=snapshot.target, replicas=fitting),),
        )
    if not snapshot.pods:
        yield from _smaller(snapshot, why, room, refusal.wanted)


def _live(snapshot: Snapshot, why: QuotaExceeded, name: str) -> tuple[Decimal, Decimal]:
    """Return what is used and allowed now; as the message says where the quota was not read."""
    quota = next((q for q in snapshot.quotas if q.metadata.name == why.quota), None)
    status = quota.status if quota else None
    used = status.used.get(name) if status else None
    hard = status.hard.get(name) if status else None
    if used is None or hard is None:
        used, hard = why.used.get(name), why.limited.get(name)
    return quantity_or_zero(used), quantity_or_zero(hard)


def _in_place(
    snapshot: Snapshot, why: QuotaExceeded, room: dict[str, Decimal]
) -> Iterator[Proposal]:
    """An update that finds no room beside the old pods: go back, or replace one by one."""
    old = next((r for r in snapshot.revisions[1:] if r.status.replicas), None)
    if old is None:
        return
    freed = {name: _of_pod(old.spec.template.spec.containers, name) for name in why.requested}
    asked = {name: quantity_or_zero(text) for name, text in why.requested.items()}
    grew = any(asked[n] > f > 0 for n, f in freed.items() if f is not None)
    if grew:
        yield from propose_rollback(snapshot)
    strategy = snapshot.workload.spec.strategy
    fits = all(f is not None and asked[n] <= f + room[n] for n, f in freed.items())
    if fits and strategy.get("type", "RollingUpdate") == "RollingUpdate":
        yield Proposal(
            title="Replace pods one by one instead of starting new ones beside them",
            rationale="The update wants one pod more than the quota allows. With maxSurge 0 an old "
            "pod makes room first; while it is replaced, one pod less serves.",
            actions=(SetStrategy(object=snapshot.target, max_surge=0, max_unavailable=1),),
        )


def _of_pod(containers: list[Container], name: str) -> Decimal | None:
    """Return how much of a quota's resource a pod of these containers takes; None if unknown."""
    group, resource = split_name(name)
    if not group:
        return Decimal(1) if name in ("pods", "count/pods") else None
    found = [_amount(c, group, resource) for c in containers]
    return sum((f for f in found if f is not None), Decimal(0)) if any(found) else None


def _amount(container: Container, group: str, resource: str) -> Decimal | None:
    """Return what a container asks for; a request that is missing is as high as the limit."""
    asked = container.resources.limits if group == "limits" else container.resources.requests
    text = asked.get(resource, container.resources.limits.get(resource))
    try:
        return parse_quantity(text) if text is not None else None
    except ValueError:
        return None


def _smaller(
    snapshot: Snapshot, why: QuotaExceeded, room: dict[str, Decimal], wanted: int
) -> Iterator[Proposal]:
    """Lower what each container asks for, all by the same share."""
    sets: dict[str, dict[str, dict[str, str]]] = {}
    told = []
    for name, asked in why.requested.items():
        group, resource = split_name(name)
        each, whole = room[name] / max(1, wanted), quantity_or_zero(asked)
        share = min(Decimal(1), each / whole) if whole else Decimal(1)
        if not group or share < _LEAST_SHARE:
            return
        for container in snapshot.template.containers:
            amount = _amount(container, group, resource)
            if amount is None:
                return  # what a LimitRange or a webhook adds is not ours to lower
            lower = _rounded(resource, amount * share)
            if lower < _LEAST.get(resource, Decimal(1)):
                return
            text = format_resource(resource, lower)
            own = sets.setdefault(container.name, {})
            own.setdefault(group, {})[resource] = text
            request = container.resources.requests.get(resource)
            if group == "limits" and request is not None and quantity_or_zero(request) > lower:
                own.setdefault("requests", {})[resource] = text
            before = format_resource(resource, amount)
            told.append(f"{name} of {container.name} from {before} to {text}")
    if told:
        yield Proposal(
            title=f"Lower {and_more(told)}",
            rationale=f"So much is left in ResourceQuota {why.quota} for each of {wanted} pod(s). "
            "Nobody has checked that the program gets along with it.",
            actions=_actions(snapshot, sets),
        )


def _rounded(resource: str, amount: Decimal) -> Decimal:
    """Round down to what people write: milli-cores, mebibytes."""
    step = {"cpu": Decimal("0.001"), "memory": Decimal(2**20)}.get(resource, Decimal(1))
    return (amount / step).to_integral_value(ROUND_FLOOR) * step


def _actions(
    snapshot: Snapshot, sets: dict[str, dict[str, dict[str, str]]]
) -> tuple[SetResources, ...]:
    return tuple(
        SetResources(object=snapshot.target, container=name, **amounts)
        for name, amounts in sets.items()
    )


def specify(snapshot: Snapshot, refusal: Refusal, why: QuotaUnspecified) -> Iterator[Proposal]:
    """Propose small amounts for what is not said, within what the quota leaves."""
    quota = next((q for q in snapshot.quotas if q.metadata.name == why.quota), None)
    sets: dict[str, dict[str, dict[str, str]]] = {}
    for name, containers in why.needs.items():
        group, resource = split_name(name)
        if not group or resource not in _STARTING:
            return
        left = _room_of(quota.status.hard, quota.status.used, name) if quota else None
        share = left / max(1, refusal.wanted * len(containers)) if left is not None else None
        for who in containers:
            container = snapshot.template.container(who)
            if container is None:
                return
            other = container.resources.requests.get(resource) if group == "limits" else None
            amount = max(_STARTING[resource], quantity_or_zero(other) * 2)
            amount = _rounded(resource, min(amount, share) if share is not None else amount)
            if amount < max(_LEAST[resource], quantity_or_zero(other)):
                return
            sets.setdefault(who, {}).setdefault(group, {})[resource] = format_resource(
                resource, amount
            )
    told = [
        f"{group}.{resource} of {who} to {amount}"
        for who, groups in sets.items()
        for group, amounts in groups.items()
        for resource, amount in amounts.items()
    ]
    yield Proposal(
        title=f"Set {and_more(told)}",
        rationale=f"ResourceQuota {why.quota} takes no pod that leaves it open. The amounts are "
        "a start that nobody has measured: look at what the program really uses.",
        actions=_actions(snapshot, sets),
        risk=Risk.MEDIUM,
    )


def _room_of(hard: dict[str, str | int | float], used: dict[str, str | int | float],
             name: str) -> Decimal | None:  # fmt: skip
    return quantity_or_zero(hard[name]) - quantity_or_zero(used.get(name)) if name in hard else None
