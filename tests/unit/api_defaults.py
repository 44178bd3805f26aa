"""What the API server makes of a pod spec that it is given, as far as our actions write it."""

from typing import Any

from podiatrist.cluster.quantity import canonical
from podiatrist.cluster.snapshot import Object
from tests.unit.builders import copy_of

_PROBES = ("livenessProbe", "readinessProbe", "startupProbe")


def stored(raw: Object) -> Object:
    """Return an object as the API server stores it: completed, and in canonical form."""
    made = copy_of(raw)
    if not (made.get("metadata") or {}).get("annotations", True):
        del made["metadata"]["annotations"]
    for spec in _pod_specs(made):
        for group in ("initContainers", "containers"):
            for container in spec.get(group) or []:
                _complete(container)
        for volume in spec.get("volumes") or []:
            if (source := volume.get("emptyDir")) and "sizeLimit" in source:
                source["sizeLimit"] = canonical(source["sizeLimit"])
    return made


def _pod_specs(raw: Object) -> list[Any]:
    spec = raw.get("spec") or {}
    jobs = (spec.get("jobTemplate") or {}).get("spec") or {}
    return [t["spec"] for t in (spec.get("template"), jobs.get("template")) if t]


def _complete(container: Any) -> None:
    for field in _PROBES:
        if (probe := container.get(field)) is None:
            continue
        for name, value in (("timeoutSeconds", 1), ("periodSeconds", 10)):
            probe.setdefault(name, value)
        probe.setdefault("successThreshold", 1)
        probe.setdefault("failureThreshold", 3)
        if (http := probe.get("httpGet")) is not None:
            http.setdefault("path", "/")
            http.setdefault("scheme", "HTTP")
        if (grpc := probe.get("grpc")) is not None:
            grpc.setdefault("service", "")
    for amounts in (container.get("resources") or {}).values():
        amounts |= {name: canonical(amount) for name, amount in amounts.items()}
    for variable in container.get("env") or []:
        if variable.get("value") == "":
            del variable["value"]
        if field_ref := (variable.get("valueFrom") or {}).get("fieldRef"):
            field_ref.setdefault("apiVersion", "v1")
    for port in container.get("ports") or []:
        port.setdefault("protocol", "TCP")
    container.setdefault("resources", {})
