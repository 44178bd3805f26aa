"""ResourceQuotas: whether they have room for the new pods of a plan, and in which order.

Source: Kubernetes docs, "Resource Quotas"; pkg/quota/v1/evaluator/core/pods.go.
"""

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any

from msgspec.structs import replace

from podiatrist.analyzers.admission.admission_quota import limited_text, split_name
from podiatrist.analyzers.common.result import and_more
from podiatrist.analyzers.scheduling.node_fit import Amounts, pod_requests
from podiatrist.cluster.kinds import RESOURCE_QUOTA
from podiatrist.cluster.objects import (
    Container,
    LimitRange,
    PodSpec,
    Quantities,
    ResourceQuota,
    Resources,
    parse,
)
from podiatrist.cluster.quantity import quantity_or_zero
from podiatrist.cluster.snapshot import Object, Snapshot
from podiatrist.lifecycle.options.consequences.turnover import Turnover

_TO_BE_SAID = (
    "cpu", "memory", "requests.cpu", "requests.memory", "limits.cpu", "limits.memory",
)  # fmt: skip
"""What every container has to say where a quota counts it."""


def about_quotas(then: Snapshot, gone: Turnover) -> Iterator[tuple[str, bool]]:
    """Yield what quotas hold against the new pods, and whether against each of them.

    `then` is the snapshot with the target as it will be.
    """
    spec = with_defaults(then.template, then.limit_ranges)
    for raw in then.raws(RESOURCE_QUOTA):
        quota = parse(ResourceQuota, raw)
        if quota is None:
            continue
        counted = _counts(raw, spec)
        if counted is False:
            continue
        yield from (
            (text, certain and counted is True) for text, certain in _held(quota, spec, then, gone)
        )


def _held(
    quota: ResourceQuota, spec: PodSpec, then: Snapshot, gone: Turnover
) -> Iterator[tuple[str, bool]]:
    name = f"ResourceQuota {quota.metadata.name}"
    silent = [
        f"{what} of {and_more(who)}"
        for what in _TO_BE_SAID
        if what in quota.status.hard and (who := _silent(spec, what))
    ]
    if silent:
        yield f"{name} takes no pod that does not set {and_more(silent)}", True
        return
    cost = cost_of(spec)
    going = [cost_of(p.spec) for p in gone.leaving]
    # What is on its way out still counts, but not for long.
    ending = [
        cost_of(p.spec)
        for p in then.namespace_pods
        if p.metadata.deletion_timestamp is not None and not p.ended
    ]
    for what, hard in quota.status.hard.items():
        one, used = cost.get(what), quota.status.used.get(what)
        if not one or used is None:
            continue
        _, resource = split_name(what)
        whole = quantity_or_zero(hard)
        free = whole - quantity_or_zero(used) + _sum(c.get(what) for c in ending)
        first = sorted((c.get(what, Decimal(0)) for c in going), reverse=True)[: gone.ahead]
        text = (
            f"{name} has {limited_text(resource, max(free, Decimal(0)))} of "
            f"{limited_text(resource, whole)} {what} left, a new pod takes "
            f"{limited_text(resource, one)}"
        )
        if one > whole:
            yield (
                f"{name} allows {limited_text(resource, whole)} {what} in all, a new pod takes "
                + (limited_text(resource, one)),
                True,
            )
        elif one > free + _sum(first):
            yield text, not gone.later
        elif one * gone.made > free + _sum(c.get(what) for c in going):
            yield f"{text}: not all of {gone.made} new pods have room", False


def _sum(amounts: Iterable[Decimal | None]) -> Decimal:
    return sum((a for a in amounts if a is not None), Decimal(0))


def cost_of(spec: PodSpec) -> Amounts:
    """Return what a pod takes of a quota, by the quota's names."""
    requests, limits = pod_requests(spec), pod_requests(_with_limits_as_requests(spec))
    found = {"pods": Decimal(1), "count/pods": Decimal(1)}
    found |= {f"requests.{name}": amount for name, amount in requests.items()}
    found |= {f"limits.{name}": amount for name, amount in limits.items()}
    plain = ("cpu", "memory", "ephemeral-storage")
    found |= {n: a for n, a in requests.items() if n in plain or n.startswith("hugepages-")}
    return found


def _with_limits_as_requests(spec: PodSpec) -> PodSpec:
    def turned(resources: Resources) -> Resources:
        return Resources(requests=resources.limits)

    return replace(
        spec,
        containers=[replace(c, resources=turned(c.resources)) for c in spec.containers],
        init_containers=[replace(c, resources=turned(c.resources)) for c in spec.init_containers],
        resources=turned(spec.resources),
    )


def with_defaults(spec: PodSpec, ranges: list[LimitRange]) -> PodSpec:
    """Return a pod spec with what the API server and LimitRanges fill in where nothing is said."""
    limits: Quantities = {}
    requests: Quantities = {}
    for item in (i for r in ranges for i in r.spec.limits if i.get("type") == "Container"):
        limits |= _amounts(item.get("default"))
        requests |= _amounts(item.get("defaultRequest"))

    def filled(container: Container) -> Container:
        own = container.resources
        resources = Resources(
            requests={**requests, **own.limits, **own.requests}, limits={**limits, **own.limits}
        )
        return replace(container, resources=resources)

    return replace(
        spec,
        containers=[filled(c) for c in spec.containers],
        init_containers=[filled(c) for c in spec.init_containers],
    )


def _amounts(value: Any) -> Quantities:
    given = value.items() if isinstance(value, dict) else ()
    return {str(k): v for k, v in given if isinstance(v, str | int | float)}


def _silent(spec: PodSpec, what: str) -> list[str]:
    """Return the containers that say nothing of what a quota counts; the pod may say it for all."""
    if spec.resources.requests or spec.resources.limits:
        return []
    group, resource = split_name(what)
    return [
        c.name
        for c in spec.all_containers
        if resource not in (c.resources.limits if group == "limits" else c.resources.requests)
    ]


def _counts(raw: Object, spec: PodSpec) -> bool | None:
    """Say whether a quota counts pods like this one; None where we do not judge its scopes."""
    quota = raw.get("spec")
    if not isinstance(quota, dict):
        return True
    if quota.get("scopeSelector"):
        return None
    given = quota.get("scopes")
    scopes = given if isinstance(given, list) else []
    best_effort = not any(
        name in group
        for c in spec.all_containers
        for group in (c.resources.requests, c.resources.limits)
        for name in ("cpu", "memory")
    )
    ends = spec.active_deadline_seconds is not None
    holds = {
        "Terminating": ends,
        "NotTerminating": not ends,
        "BestEffort": best_effort,
        "NotBestEffort": not best_effort,
    }
    known = [holds.get(scope) for scope in scopes if isinstance(scope, str)]
    if False in known:
        return False
    return None if None in known else True
