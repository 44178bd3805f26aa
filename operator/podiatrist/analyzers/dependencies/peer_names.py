"""What a host name means inside a namespace: one of its Services, or something out of sight."""

from dataclasses import dataclass
from enum import Enum

from podiatrist.analyzers.network.service_peers import find_service
from podiatrist.cluster.kinds import SERVICE
from podiatrist.cluster.objects import Service
from podiatrist.cluster.snapshot import Snapshot


class Place(Enum):
    """Where a name leads."""

    HERE = "a Service of the namespace"
    NOWHERE = "a Service that the namespace does not have"
    ELSEWHERE = "a Service of another namespace"
    OUTSIDE = "a host outside the cluster, as far as can be seen"


@dataclass(frozen=True)
class Meaning:
    """What a host means; `name` is the Service's, `namespace` is set for another one's."""

    place: Place
    name: str
    namespace: str = ""
    service: Service | None = None


def meaning_of(snapshot: Snapshot, host: str) -> Meaning | None:
    """Return what a host means, None for an address that belongs to no Service we know."""
    host = host.lower().rstrip(".")
    if _is_address(host):
        found = next((s for s in snapshot.services if s.spec.cluster_ip == host), None)
        return Meaning(Place.HERE, found.metadata.name, service=found) if found else None
    parts = host.split(".")
    if len(parts) == 1:
        return _here(snapshot, host)
    if "svc" in parts[2:4]:
        return _with_namespace(snapshot, parts[: parts.index("svc", 2)])
    if parts[-1] == "svc" or len(parts) == 2:
        return _two_labels(snapshot, parts)
    if len(parts) == 3 and parts[2] == snapshot.namespace:
        return _with_namespace(snapshot, parts)
    return Meaning(Place.OUTSIDE, host)


def _two_labels(snapshot: Snapshot, parts: list[str]) -> Meaning | None:
    """Tell `db.data` (a namespace) from `db-0.db` (a pod of a headless Service)."""
    name, second = parts[0], parts[1]
    if second == snapshot.namespace:
        return _here(snapshot, name)
    behind = find_service(snapshot, second)
    if behind is not None and behind.spec.cluster_ip == "None":
        return Meaning(Place.HERE, second, service=behind)
    stem, _, number = name.rpartition("-")
    if number.isdigit() and any(
        (w.kind, w.metadata.name) == ("StatefulSet", stem) for w in snapshot.workloads
    ):
        return _here(snapshot, second)
    return Meaning(Place.ELSEWHERE, name, second)


def _with_namespace(snapshot: Snapshot, parts: list[str]) -> Meaning | None:
    namespace, name = parts[-1], parts[-2]
    if namespace == snapshot.namespace:
        return _here(snapshot, name)
    return Meaning(Place.ELSEWHERE, name, namespace)


def _here(snapshot: Snapshot, name: str) -> Meaning | None:
    if not snapshot.was_read(SERVICE):
        return None
    service = find_service(snapshot, name)
    return Meaning(Place.HERE if service else Place.NOWHERE, name, service=service)


def _is_address(host: str) -> bool:
    return ":" in host or host.replace(".", "").isdigit()
