"""Services that lead out of the namespace, or let others in from outside."""

from podiatrist.analyzers.common.result import Result
from podiatrist.analyzers.common.slips import close_names
from podiatrist.api.diagnosis import Evidence, Finding
from podiatrist.cluster.objects import Service
from podiatrist.cluster.snapshot import Snapshot

_NO_BALANCER = ("SyncLoadBalancerFailed", "CreatingLoadBalancerFailed", "AllocationFailed")


def alias_of_nobody(snapshot: Snapshot, service: Service) -> list[Result]:
    """Return a finding for another name of a Service of this namespace that is not there."""
    host = service.spec.external_name.rstrip(".").lower()
    if service.spec.type != "ExternalName" or not host:
        return []
    parts = host.split(".")
    inside = len(parts) >= 3 and parts[2] == "svc" and parts[1] == snapshot.namespace
    known = [s.metadata.name for s in snapshot.services]
    if not inside or parts[0] in known:
        return []
    close = close_names(parts[0], known)
    hint = f" Did you mean {close[0]}?" if close else ""
    return [
        Result(
            Finding(
                analyzer="services",
                reason="ExternalNameNotFound",
                message=f"Service {service.metadata.name} is another name for {host}, and this "
                f"namespace has no Service {parts[0]}.{hint} Correct spec.externalName.",
                object=snapshot.target,
                evidence=[
                    Evidence(
                        source=f"kubectl -n {snapshot.namespace} get service "
                        f"{service.metadata.name} "
                        "-o jsonpath={.spec.externalName}",
                        quote=service.spec.external_name,
                    )
                ],
            )
        )
    ]


def no_balancer(snapshot: Snapshot, service: Service) -> list[Result]:
    """Return a finding where whoever makes load balancers says that it could not.

    One that is only waited for may be made by nobody here, and that may be known.
    """
    status = snapshot.target_raw.get("status")
    balancer = status.get("loadBalancer") if isinstance(status, dict) else None
    if service.spec.type != "LoadBalancer" or (isinstance(balancer, dict) and balancer):
        return []
    told = [
        e
        for e in snapshot.events_about(service.metadata.name)
        if e.reason in _NO_BALANCER and e.involved_object.kind in ("", "Service")
    ]
    return [
        Result(
            Finding(
                analyzer="services",
                reason="LoadBalancerFailed",
                message=f"Service {service.metadata.name} gets no load balancer, so nobody "
                f"outside reaches it: {event.message}",
                object=snapshot.target,
                evidence=[
                    Evidence(
                        source=f"kubectl -n {snapshot.namespace} describe service "
                        f"{service.metadata.name}",
                        quote=event.message or event.reason,
                    )
                ],
            )
        )
        for event in told[:1]
    ]
