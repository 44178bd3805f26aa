"""Workloads: what makes pods, and how far it got."""

from datetime import datetime
from typing import Any

from msgspec import field

from podiatrist.cluster.objects.base import Condition, LabelSelector, Metadata, NamedObject, Struct
from podiatrist.cluster.objects.pods import PodSpec


class PodTemplate(Struct):
    """A pod template."""

    metadata: Metadata = field(default_factory=Metadata)
    spec: PodSpec = field(default_factory=PodSpec)


class ReplicaSet(NamedObject):
    """apps/v1 ReplicaSet: one revision of a Deployment."""

    class Spec(Struct):
        """How many, of what."""

        replicas: int = 1
        template: PodTemplate = field(default_factory=PodTemplate)

    class Status(Struct):
        """How many there are."""

        replicas: int = 0
        ready_replicas: int = 0
        available_replicas: int = 0
        conditions: list[Condition] = []

    spec: Spec = field(default_factory=Spec)
    status: Status = field(default_factory=Status)

    @property
    def revision(self) -> int:
        """Number that the Deployment controller gave it; 0 where it gave none."""
        text = self.metadata.annotations.get("deployment.kubernetes.io/revision", "")
        return int(text) if text.isascii() and text.isdigit() else 0


class Workload(NamedObject):
    """Deployment, StatefulSet, DaemonSet or ReplicaSet: what they have in common."""

    class Spec(Struct):
        """How many, of what, replaced how."""

        replicas: int | None = None
        selector: LabelSelector | None = None
        template: PodTemplate = field(default_factory=PodTemplate)
        paused: bool = False
        strategy: dict[str, Any] = {}
        update_strategy: dict[str, Any] = {}
        pod_management_policy: str = ""
        service_name: str = ""
        progress_deadline_seconds: int | None = None
        min_ready_seconds: int = 0

    class Status(Struct):
        """How many there are."""

        observed_generation: int = 0
        replicas: int = 0
        ready_replicas: int = 0
        updated_replicas: int = 0
        available_replicas: int = 0
        desired_number_scheduled: int = 0
        number_available: int = 0
        number_misscheduled: int = 0
        current_revision: str = ""
        update_revision: str = ""
        conditions: list[Condition] = []

    api_version: str = ""
    kind: str = ""
    spec: Spec = field(default_factory=Spec)
    status: Status = field(default_factory=Status)

    @property
    def replicas(self) -> int:
        """How many pods are wanted: one where the spec does not say."""
        return 1 if self.spec.replicas is None else self.spec.replicas


class Job(NamedObject):
    """batch/v1 Job."""

    class Spec(Struct):
        """How often to try, for how long."""

        backoff_limit: int = 6
        completions: int | None = None
        parallelism: int | None = None
        active_deadline_seconds: int | None = None
        suspend: bool = False
        completion_mode: str = ""
        template: PodTemplate = field(default_factory=PodTemplate)

    class Status(Struct):
        """How the tries went."""

        active: int = 0
        succeeded: int = 0
        failed: int = 0
        failed_indexes: str = ""
        start_time: datetime | None = None
        completion_time: datetime | None = None
        conditions: list[Condition] = []

    spec: Spec = field(default_factory=Spec)
    status: Status = field(default_factory=Status)


class CronJob(NamedObject):
    """batch/v1 CronJob."""

    class Spec(Struct):
        """When to run, and what to do about runs that overlap."""

        schedule: str = ""
        time_zone: str = ""
        suspend: bool = False
        concurrency_policy: str = "Allow"
        starting_deadline_seconds: int | None = None
        failed_jobs_history_limit: int | None = None

    class Status(Struct):
        """What ran last."""

        active: list[dict[str, Any]] = []
        last_schedule_time: datetime | None = None
        last_successful_time: datetime | None = None

    spec: Spec = field(default_factory=Spec)
    status: Status = field(default_factory=Status)
