"""Services and what stands before and behind them."""

from typing import Any

from msgspec import field

from podiatrist.cluster.objects.base import LabelSelector, NamedObject, Struct


class ServicePort(Struct):
    """A port of a Service; targetPort may be a number or a container port's name."""

    name: str = ""
    port: int = 0
    target_port: int | str | None = None
    protocol: str = "TCP"


class Service(NamedObject):
    """v1 Service."""

    class Spec(Struct):
        """Which pods, by which ports."""

        type: str = "ClusterIP"
        cluster_ip: str = field(default="", name="clusterIP")
        selector: dict[str, str] = {}
        ports: list[ServicePort] = []
        external_name: str = ""
        publish_not_ready_addresses: bool = False

    spec: Spec = field(default_factory=Spec)


class EndpointConditions(Struct):
    """How one address is; absent means unknown, which counts as ready."""

    ready: bool | None = None
    serving: bool | None = None
    terminating: bool | None = None


class Endpoint(Struct):
    """One address behind a Service."""

    addresses: list[str] = []
    conditions: EndpointConditions = field(default_factory=EndpointConditions)
    target_ref: dict[str, Any] | None = None


class EndpointSlice(NamedObject):
    """discovery.k8s.io/v1 EndpointSlice."""

    endpoints: list[Endpoint] = []
    ports: list[dict[str, Any]] = []

    @property
    def service(self) -> str:
        """Name of the Service it belongs to."""
        return self.metadata.labels.get("kubernetes.io/service-name", "")


class BackendPort(Struct):
    """A Service's port, by name or number."""

    name: str = ""
    number: int = 0


class BackendService(Struct):
    """The Service behind an Ingress path."""

    name: str = ""
    port: BackendPort = field(default_factory=BackendPort)


class Backend(Struct):
    """Where an Ingress sends requests."""

    service: BackendService | None = None
    resource: dict[str, Any] | None = None


class IngressPath(Struct):
    """One path of a rule."""

    path: str = ""
    backend: Backend = field(default_factory=Backend)


class IngressHttp(Struct):
    """The paths of a rule."""

    paths: list[IngressPath] = []


class IngressRule(Struct):
    """What happens to requests for one host."""

    host: str = ""
    http: IngressHttp | None = None


class IngressTls(Struct):
    """Whose certificate is in which Secret."""

    hosts: list[str] = []
    secret_name: str = ""


class Ingress(NamedObject):
    """networking.k8s.io/v1 Ingress."""

    class Spec(Struct):
        """Whose requests go where."""

        ingress_class_name: str = ""
        default_backend: Backend | None = None
        rules: list[IngressRule] = []
        tls: list[IngressTls] = []

    spec: Spec = field(default_factory=Spec)


class IngressClass(NamedObject):
    """networking.k8s.io/v1 IngressClass."""

    class Spec(Struct):
        """Who serves it."""

        controller: str = ""

    spec: Spec = field(default_factory=Spec)


class PolicyPort(Struct):
    """A port that a policy opens; absent parts mean all."""

    protocol: str = "TCP"
    port: int | str | None = None
    end_port: int | None = None


class Peer(Struct):
    """Who is let through."""

    pod_selector: LabelSelector | None = None
    namespace_selector: LabelSelector | None = None
    ip_block: dict[str, Any] | None = None


class IngressAllowed(Struct):
    """Traffic that may come in."""

    from_: list[Peer] | None = field(default=None, name="from")
    ports: list[PolicyPort] | None = None


class EgressAllowed(Struct):
    """Traffic that may go out."""

    to: list[Peer] | None = None
    ports: list[PolicyPort] | None = None


class NetworkPolicy(NamedObject):
    """networking.k8s.io/v1 NetworkPolicy."""

    class Spec(Struct):
        """Whom it restricts, and what stays allowed."""

        pod_selector: LabelSelector = field(default_factory=LabelSelector)
        policy_types: list[str] = []
        ingress: list[IngressAllowed] = []
        egress: list[EgressAllowed] = []

    spec: Spec = field(default_factory=Spec)
