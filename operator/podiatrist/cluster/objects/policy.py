"""What limits workloads from outside: quotas, limits, budgets, autoscalers, configuration."""

from typing import Any

from msgspec import field

from podiatrist.cluster.objects.base import (
    Condition,
    LabelSelector,
    NamedObject,
    Quantities,
    Struct,
)


class ResourceQuota(NamedObject):
    """v1 ResourceQuota."""

    class Status(Struct):
        """What is allowed and what is taken."""

        hard: Quantities = {}
        used: Quantities = {}

    status: Status = field(default_factory=Status)


class LimitRange(NamedObject):
    """v1 LimitRange."""

    class Spec(Struct):
        """Limits by kind of thing, as the API writes them."""

        limits: list[dict[str, Any]] = []

    spec: Spec = field(default_factory=Spec)


class DisruptionBudget(NamedObject):
    """policy/v1 PodDisruptionBudget."""

    class Spec(Struct):
        """Whose pods, and how many may be missing."""

        selector: LabelSelector | None = None
        min_available: int | str | None = None
        max_unavailable: int | str | None = None
        unhealthy_pod_eviction_policy: str = ""

    class Status(Struct):
        """How many may be missing right now."""

        disruptions_allowed: int = 0
        current_healthy: int = 0
        desired_healthy: int = 0
        expected_pods: int = 0
        conditions: list[Condition] = []

    spec: Spec = field(default_factory=Spec)
    status: Status = field(default_factory=Status)


class ScaleTarget(Struct):
    """What an autoscaler scales."""

    api_version: str = ""
    kind: str = ""
    name: str = ""


class Autoscaler(NamedObject):
    """autoscaling/v2 HorizontalPodAutoscaler."""

    class Spec(Struct):
        """What is scaled, between which bounds, by which metrics."""

        scale_target_ref: ScaleTarget = field(default_factory=ScaleTarget)
        min_replicas: int | None = None
        max_replicas: int = 0
        metrics: list[dict[str, Any]] = []

    class Status(Struct):
        """What it sees and wants."""

        current_replicas: int = 0
        desired_replicas: int = 0
        conditions: list[Condition] = []
        current_metrics: list[dict[str, Any]] = []

    spec: Spec = field(default_factory=Spec)
    status: Status = field(default_factory=Status)


class ConfigMap(NamedObject):
    """v1 ConfigMap: its keys; values are nobody's business here."""

    keys: list[str] = []
