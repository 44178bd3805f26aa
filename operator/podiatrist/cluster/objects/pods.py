"""Pods, what they ask for and what the kubelet says of them; events about them."""

from datetime import datetime
from typing import Any

from msgspec import field

from podiatrist.api.diagnosis import ObjectRef
from podiatrist.cluster.objects.base import (
    Condition,
    LocalReference,
    NamedObject,
    Quantities,
    Requirement,
    Struct,
)


class NodeSelectorTerm(Struct):
    """Requirements that must all hold."""

    match_expressions: list[Requirement] = []
    match_fields: list[Requirement] = []


class NodeSelector(Struct):
    """Terms of which one must hold."""

    node_selector_terms: list[NodeSelectorTerm] = []


class NodeAffinity(Struct):
    """Rules about nodes; the preferred ones never keep a pod from running."""

    required: NodeSelector | None = field(
        default=None, name="requiredDuringSchedulingIgnoredDuringExecution"
    )


class PodAffinity(Struct):
    """Rules about other pods, kept as they are: we name them, we do not evaluate them."""

    required: list[dict[str, Any]] = field(
        default_factory=list, name="requiredDuringSchedulingIgnoredDuringExecution"
    )


class Affinity(Struct):
    """All affinity rules of a pod."""

    node_affinity: NodeAffinity | None = None
    pod_affinity: PodAffinity | None = None
    pod_anti_affinity: PodAffinity | None = None


class Toleration(Struct):
    """A taint that a pod puts up with."""

    key: str = ""
    operator: str = "Equal"
    value: str = ""
    effect: str = ""


class ContainerPort(Struct):
    """A port that a container declares."""

    name: str = ""
    container_port: int = 0
    host_port: int = 0
    host_ip: str = field(default="", name="hostIP")
    protocol: str = "TCP"


class Resources(Struct):
    """Requests and limits as quantities in Kubernetes' notation."""

    requests: Quantities = {}
    limits: Quantities = {}


class KeyReference(Struct):
    """One key of a ConfigMap or Secret (the name alone where all keys are meant)."""

    name: str = ""
    key: str = ""
    optional: bool = False


class EnvSource(Struct):
    """Where the value of an environment variable comes from."""

    config_map_key_ref: KeyReference | None = None
    secret_key_ref: KeyReference | None = None
    field_ref: dict[str, Any] | None = None
    resource_field_ref: dict[str, Any] | None = None


class EnvVar(Struct):
    """One environment variable."""

    name: str = ""
    value: str = ""
    value_from: EnvSource | None = None


class EnvFrom(Struct):
    """All keys of a ConfigMap or Secret as environment variables."""

    prefix: str = ""
    config_map_ref: KeyReference | None = None
    secret_ref: KeyReference | None = None


class HttpGet(Struct):
    """A probe by HTTP."""

    path: str = ""
    port: int | str = 0
    host: str = ""
    scheme: str = ""


class PortCheck(Struct):
    """A probe by connecting to a port (TCP or gRPC)."""

    port: int | str = 0


class ExecCheck(Struct):
    """A probe by running a command."""

    command: list[str] = []


class Probe(Struct):
    """How the kubelet finds out whether a container started, lives, or may get traffic."""

    http_get: HttpGet | None = None
    tcp_socket: PortCheck | None = None
    grpc: PortCheck | None = None
    exec: ExecCheck | None = None
    initial_delay_seconds: int = 0
    period_seconds: int = 10
    timeout_seconds: int = 1
    failure_threshold: int = 3
    success_threshold: int = 1


class SecurityContext(Struct):
    """What a container or pod is allowed, and as whom it runs."""

    run_as_non_root: bool | None = None
    run_as_user: int | None = None
    run_as_group: int | None = None
    fs_group: int | None = None
    privileged: bool | None = None
    read_only_root_filesystem: bool | None = None
    allow_privilege_escalation: bool | None = None
    capabilities: dict[str, list[str]] = {}
    seccomp_profile: dict[str, Any] | None = None
    sysctls: list[dict[str, Any]] = []


class VolumeMount(Struct):
    """Where a volume appears in a container."""

    name: str = ""
    mount_path: str = ""
    sub_path: str = ""
    sub_path_expr: str = ""
    read_only: bool = False


class Container(Struct):
    """A container as it is asked for."""

    name: str = ""
    image: str = ""
    image_pull_policy: str = ""
    restart_policy: str = ""
    command: list[str] = []
    args: list[str] = []
    working_dir: str = ""
    ports: list[ContainerPort] = []
    env: list[EnvVar] = []
    env_from: list[EnvFrom] = []
    resources: Resources = field(default_factory=Resources)
    volume_mounts: list[VolumeMount] = []
    startup_probe: Probe | None = None
    liveness_probe: Probe | None = None
    readiness_probe: Probe | None = None
    lifecycle: dict[str, Any] | None = None
    security_context: SecurityContext | None = None


class ClaimSource(Struct):
    """A volume that is a PersistentVolumeClaim."""

    claim_name: str = ""


class KeyToPath(Struct):
    """One key of a volume's source and the file that it becomes."""

    key: str = ""
    path: str = ""


class ConfigMapSource(Struct):
    """A volume made of a ConfigMap."""

    name: str = ""
    optional: bool = False
    items: list[KeyToPath] = []


class SecretSource(Struct):
    """A volume made of a Secret: only its name and the keys that are asked for."""

    secret_name: str = ""
    optional: bool = False
    items: list[KeyToPath] = []


class Volume(Struct):
    """A volume of a pod."""

    name: str = ""
    persistent_volume_claim: ClaimSource | None = None
    config_map: ConfigMapSource | None = None
    secret: SecretSource | None = None
    empty_dir: dict[str, Any] | None = None
    host_path: dict[str, Any] | None = None
    projected: dict[str, Any] | None = None
    csi: dict[str, Any] | None = None
    nfs: dict[str, Any] | None = None
    ephemeral: dict[str, Any] | None = None


class ReadinessGate(Struct):
    """A condition that somebody outside must set before the pod counts as ready."""

    condition_type: str = ""


class PodSpec(Struct):
    """What a pod asks for."""

    node_name: str = ""
    node_selector: dict[str, str] = {}
    affinity: Affinity | None = None
    tolerations: list[Toleration] = []
    containers: list[Container] = []
    init_containers: list[Container] = []
    volumes: list[Volume] = []
    overhead: Quantities = {}
    resources: Resources = field(default_factory=Resources)
    topology_spread_constraints: list[dict[str, Any]] = []
    image_pull_secrets: list[LocalReference] = []
    service_account_name: str = ""
    runtime_class_name: str = ""
    priority_class_name: str = ""
    restart_policy: str = "Always"
    termination_grace_period_seconds: int = 30
    active_deadline_seconds: int | None = None
    security_context: SecurityContext | None = None
    host_network: bool = False
    dns_policy: str = ""
    dns_config: dict[str, Any] | None = None
    scheduler_name: str = "default-scheduler"
    scheduling_gates: list[LocalReference] = []
    readiness_gates: list[ReadinessGate] = []

    @property
    def all_containers(self) -> list[Container]:
        """Init containers, then containers."""
        return [*self.init_containers, *self.containers]

    def container(self, name: str) -> Container | None:
        """Return the container or init container of that name."""
        return next((c for c in self.all_containers if c.name == name), None)


class Waiting(Struct):
    """Why a container is not running."""

    reason: str = ""
    message: str = ""


class Running(Struct):
    """Since when a container runs."""

    started_at: datetime | None = None


class Terminated(Struct):
    """How a container ended."""

    exit_code: int = 0
    signal: int = 0
    reason: str = ""
    message: str = ""
    started_at: datetime | None = None
    finished_at: datetime | None = None


class ContainerState(Struct):
    """State of a container; absent parts mean another state."""

    waiting: Waiting | None = None
    running: Running | None = None
    terminated: Terminated | None = None


class ContainerStatus(Struct):
    """What the kubelet says of a container."""

    name: str = ""
    image: str = ""
    image_id: str = field(default="", name="imageID")
    ready: bool = False
    started: bool | None = None
    restart_count: int = 0
    state: ContainerState = field(default_factory=ContainerState)
    last_state: ContainerState = field(default_factory=ContainerState)

    @property
    def last_end(self) -> Terminated | None:
        """How it last ended: now, or before its present run."""
        return self.state.terminated or self.last_state.terminated


class PodStatus(Struct):
    """What the cluster says of a pod."""

    phase: str = ""
    reason: str = ""
    message: str = ""
    qos_class: str = ""
    start_time: datetime | None = None
    pod_ip: str = field(default="", name="podIP")
    conditions: list[Condition] = []
    container_statuses: list[ContainerStatus] = []
    init_container_statuses: list[ContainerStatus] = []
    nominated_node_name: str = ""


class Pod(NamedObject):
    """v1 Pod."""

    spec: PodSpec = field(default_factory=PodSpec)
    status: PodStatus = field(default_factory=PodStatus)

    @property
    def ref(self) -> ObjectRef:
        """The pod as a reference."""
        return ObjectRef(
            api_version="v1",
            kind="Pod",
            namespace=self.metadata.namespace,
            name=self.metadata.name,
        )

    @property
    def ended(self) -> bool:
        """Whether all its containers have ended for good."""
        return self.status.phase in ("Succeeded", "Failed")

    @property
    def ready(self) -> bool:
        """Whether its condition Ready is True: it takes requests."""
        found = self.condition("Ready")
        return found is not None and found.status == "True"

    def condition(self, kind: str) -> Condition | None:
        """Return the pod's condition of that type."""
        return next((c for c in self.status.conditions if c.type == kind), None)

    @property
    def all_statuses(self) -> list[ContainerStatus]:
        """Statuses of init containers, then of containers."""
        return [*self.status.init_container_statuses, *self.status.container_statuses]


class InvolvedObject(Struct):
    """What an event is about."""

    api_version: str = ""
    kind: str = ""
    namespace: str = ""
    name: str = ""
    uid: str = ""
    field_path: str = ""


class Event(NamedObject):
    """v1 Event."""

    involved_object: InvolvedObject = field(default_factory=InvolvedObject)
    type: str = ""
    reason: str = ""
    message: str = ""
    count: int = 0
    first_timestamp: datetime | None = None
    last_timestamp: datetime | None = None
    event_time: datetime | None = None

    @property
    def seen_at(self) -> datetime | None:
        """When it last happened."""
        return self.last_timestamp or self.event_time or self.metadata.creation_timestamp
