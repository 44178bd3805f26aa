"""More memory for a container that ran out of it: how much, and how much is allowed."""

from collections.abc import Iterator
from decimal import Decimal

from podiatrist.actions.compiler import Proposal
from podiatrist.actions.set_resources import SetResources
from podiatrist.api.diagnosis import Risk
from podiatrist.cluster.objects import Container
from podiatrist.cluster.quantity import format_bytes, quantity_or_zero
from podiatrist.cluster.snapshot import Snapshot

_FACTORS = ((2, Risk.LOW), (4, Risk.MEDIUM))


def memory_limit(container: Container) -> Decimal:
    """Return a container's memory limit in bytes, zero where it has none."""
    return quantity_or_zero(container.resources.limits.get("memory"))


def ceiling(snapshot: Snapshot) -> tuple[Decimal | None, str]:
    """Return the most memory that one container may have here, and who says so."""
    found: list[tuple[Decimal, str]] = []
    for limit_range in snapshot.limit_ranges:
        for limit in limit_range.spec.limits:
            most = limit.get("max")
            if limit.get("type") == "Container" and isinstance(most, dict):
                amount = most.get("memory")
                if isinstance(amount, str | int):
                    name = limit_range.metadata.name
                    found.append((quantity_or_zero(amount), f"LimitRange {name}"))
    nodes = [quantity_or_zero(n.status.allocatable.get("memory")) for n in snapshot.nodes]
    if nodes:
        found.append((max(nodes), "the largest node"))
    found = [(amount, who) for amount, who in found if amount > 0]
    return min(found) if found else (None, "")


def more_memory(snapshot: Snapshot, name: str) -> Iterator[Proposal]:
    """Propose to double the memory limit, and to make it four times what it is.

    The request rises along where it equals the limit: else the pod would lose its Quality of
    Service class. Never more than a LimitRange or the largest node allows.
    """
    container = snapshot.template.container(name)
    limit = memory_limit(container) if container else Decimal(0)
    if container is None or limit <= 0:
        return
    most, _ = ceiling(snapshot)
    request = quantity_or_zero(container.resources.requests.get("memory"))
    last = limit
    for factor, risk in _FACTORS:
        wanted = limit * factor if most is None else min(limit * factor, most)
        if wanted <= last:
            return
        last = wanted
        text = format_bytes(wanted)
        amounts = {"memory": text}
        both = request == limit
        yield Proposal(
            title=f"Raise the memory limit of {name} from {format_bytes(limit)} to {text}",
            rationale=f"It was killed at its limit of {format_bytes(limit)}."
            + (" Its request equals its limit and rises along." if both else "")
            + " If it leaks memory, it only takes longer.",
            actions=(
                SetResources(
                    object=snapshot.target,
                    container=name,
                    limits=amounts,
                    requests=amounts if both else {},
                ),
            ),
            risk=risk,
        )
