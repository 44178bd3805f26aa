"""LimitRanges: which container is out of bounds, and the amounts nearest to it that are not."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import ROUND_CEILING, Decimal
from typing import Any

from podiatrist.actions.compiler import Proposal
from podiatrist.actions.set_resources import SetResources
from podiatrist.analyzers.admission.admission_errors import Bound, DefaultConflict, OutOfBounds
from podiatrist.analyzers.common.result import and_more
from podiatrist.cluster.objects import Container
from podiatrist.cluster.quantity import Quantity, format_resource, quantity_or_zero
from podiatrist.cluster.snapshot import Snapshot


@dataclass
class _Allowed:
    """What one resource of a container may be; None where there is no bound."""

    most: Decimal | None = None
    least: Decimal | None = None
    ratio: Decimal | None = None
    default_limit: Decimal | None = None
    default_request: Decimal | None = None


@dataclass
class _Amounts:
    """What a container asks for of one resource, before and after."""

    request: Decimal | None
    limit: Decimal | None
    changed: dict[str, Decimal] = field(default_factory=dict)

    def set(self, which: str, amount: Decimal) -> None:
        """Set `request` or `limit`."""
        setattr(self, which, amount)
        self.changed[which + "s"] = amount


def explain_bounds(snapshot: Snapshot, why: OutOfBounds) -> str:
    """Name the limits that do not hold, and where they are set."""
    return (
        f"{_ranges(snapshot)} does not allow it: {'; '.join(map(str, why.bounds[:6]))}. Stay "
        "within the bounds, or have them changed."
    )


def explain_conflict(snapshot: Snapshot, why: DefaultConflict) -> str:
    """Say where the limit came from that nobody wrote."""
    name = _conflicting(snapshot, why)
    who = f"container {name}" if name else f"{why.group}[{why.index}]"
    return (
        f"{who} requests {why.resource} {why.request} and sets no limit, so {_ranges(snapshot)} "
        f"gives it the default limit {why.limit}, which is less than its request. Set a limit of "
        "its own, or request less."
    )


def _ranges(snapshot: Snapshot) -> str:
    names = [r.metadata.name for r in snapshot.limit_ranges]
    return f"LimitRange {and_more(names)}" if names else "a LimitRange of the namespace"


def _conflicting(snapshot: Snapshot, why: DefaultConflict) -> str:
    template = snapshot.template
    group = template.containers if why.group == "containers" else template.init_containers
    return group[why.index].name if why.index < len(group) else ""


def stay_in_bounds(snapshot: Snapshot, why: OutOfBounds | DefaultConflict) -> Iterator[Proposal]:
    """Propose the nearest amounts within all bounds, for every container at once."""
    template = snapshot.template
    bounds = why.bounds if isinstance(why, OutOfBounds) else ()
    if any(b.per != "Container" for b in bounds) and len(template.all_containers) > 1:
        return  # which of them should have less is for a human to say
    allowed = _allowed(snapshot, bounds)
    if isinstance(why, DefaultConflict):
        known = allowed.setdefault(why.resource, _Allowed())
        known.default_limit = known.default_limit or quantity_or_zero(why.limit)
    actions, told = [], []
    for container in template.all_containers:
        groups: dict[str, dict[str, str]] = {}
        for resource, limits in sorted(allowed.items()):
            for group, amount in _mended(container, resource, limits).items():
                text = format_resource(resource, amount)
                groups.setdefault(group, {})[resource] = text
                told.append(f"{group}.{resource} of {container.name} to {text}")
        if groups:
            actions.append(SetResources(object=snapshot.target, container=container.name, **groups))
    if actions:
        yield Proposal(
            title=f"Set {and_more(told)}",
            rationale="These are the amounts nearest to what is asked for that the LimitRange "
            "allows. Nobody has checked that the program gets along with them.",
            actions=tuple(actions),
        )


def _allowed(snapshot: Snapshot, bounds: tuple[Bound, ...]) -> dict[str, _Allowed]:
    found: dict[str, _Allowed] = {}
    for item in (i for r in snapshot.limit_ranges for i in r.spec.limits):
        if item.get("type") == "Container" or (
            item.get("type") == "Pod" and len(snapshot.template.all_containers) == 1
        ):
            _take_in(found, item)
    for bound in bounds:
        known = found.setdefault(bound.resource, _Allowed())
        value = quantity_or_zero(bound.bound)
        if bound.kind == "maximum":
            known.most = min(value, known.most or value)
        elif bound.kind == "minimum":
            known.least = max(value, known.least or value)
        else:
            known.ratio = min(value, known.ratio or value)
    return found


def _take_in(found: dict[str, _Allowed], item: dict[str, Any]) -> None:
    for group, name in (
        ("max", "most"),
        ("min", "least"),
        ("maxLimitRequestRatio", "ratio"),
        ("default", "default_limit"),
        ("defaultRequest", "default_request"),
    ):
        amounts = item.get(group)
        for resource, text in amounts.items() if isinstance(amounts, dict) else ():
            known = found.setdefault(resource, _Allowed())
            value = quantity_or_zero(text)
            before = getattr(known, name)
            if before is not None:
                value = max(before, value) if name == "least" else min(before, value)
            setattr(known, name, value)


def _quantity(value: Quantity | None) -> Decimal | None:
    return quantity_or_zero(value) if value is not None else None


def _mended(container: Container, resource: str, allowed: _Allowed) -> dict[str, Decimal]:
    """Return the `requests` and `limits` to set so that every bound holds."""
    amounts = _Amounts(
        request=_quantity(container.resources.requests.get(resource)),
        limit=_quantity(container.resources.limits.get(resource)),
    )
    _bound_limit(amounts, allowed)
    _bound_request(amounts, allowed)
    limit = amounts.limit if amounts.limit is not None else allowed.default_limit
    request = amounts.request
    if request is None:
        request = amounts.limit if amounts.limit is not None else allowed.default_request
    if limit is not None and request is not None and request > limit:
        # A default limit is for those who ask for less; who asks for more needs one of its own.
        amounts.set("limit", request)
        limit = request
    if allowed.ratio and limit and request is not None and limit > request * allowed.ratio:
        amounts.set("request", _round_up(resource, limit / allowed.ratio))
    return amounts.changed


def _bound_limit(amounts: _Amounts, allowed: _Allowed) -> None:
    most, least = allowed.most, allowed.least
    if most is not None and amounts.limit is None and allowed.default_limit is None:
        amounts.set("limit", most)
    if amounts.limit is None:
        return
    if most is not None and amounts.limit > most:
        amounts.set("limit", most)
    if least is not None and amounts.limit < least:
        amounts.set("limit", least)


def _bound_request(amounts: _Amounts, allowed: _Allowed) -> None:
    most, least = allowed.most, allowed.least
    nothing = amounts.request is None and amounts.limit is None
    if least is not None and nothing and allowed.default_request is None:
        amounts.set("request", least)
    if amounts.request is None:
        return
    if most is not None and amounts.request > most:
        amounts.set("request", most)
    if least is not None and amounts.request < least:
        amounts.set("request", least)


def _round_up(resource: str, amount: Decimal) -> Decimal:
    step = {"cpu": Decimal("0.001"), "memory": Decimal(2**20)}.get(resource, Decimal(1))
    return (amount / step).to_integral_value(ROUND_CEILING) * step
