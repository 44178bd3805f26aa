"""Send what an Ingress sends to one backend to another one."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Literal

from pydantic import Field

from podiatrist.actions.base import Action, ActionError, Object
from podiatrist.api.diagnosis import ObjectRef, Risk
from podiatrist.cluster.kinds import INGRESS

Name = Annotated[str, Field(min_length=1, max_length=253)]
BackendPort = Annotated[int, Field(strict=True, ge=1, le=65535)] | Name


class SetIngressBackend(Action):
    """Replace one backend (a Service and its port) wherever the Ingress names it."""

    risk = Risk.MEDIUM
    kinds = (INGRESS,)

    type: Literal["SetIngressBackend"] = "SetIngressBackend"
    service: Name
    port: BackendPort
    to_service: Name
    to_port: BackendPort

    def apply(self, raw: Object, others: Mapping[ObjectRef, Object]) -> Object:
        """Change each backend that is exactly this one."""
        changed = False
        for backend in _backends(raw.get("spec") or {}):
            if (backend.get("name"), _port(backend)) == (self.service, self.port):
                key = "number" if isinstance(self.to_port, int) else "name"
                backend |= {"name": self.to_service, "port": {key: self.to_port}}
                changed = True
        if not changed:
            raise ActionError(f"this Ingress has no backend {self.service}:{self.port}")
        return raw

    def command(self) -> str:
        """Return the `kubectl edit` line: there is no shorter one."""
        return self.edit(
            f"backend {self.service}:{self.port} becomes {self.to_service}:{self.to_port}"
        )


def _backends(spec: Object) -> Iterator[Object]:
    default = (spec.get("defaultBackend") or {}).get("service")
    if default:
        yield default
    for rule in spec.get("rules") or []:
        for path in (rule.get("http") or {}).get("paths") or []:
            service = (path.get("backend") or {}).get("service")
            if service:
                yield service


def _port(backend: Object) -> int | str | None:
    port = backend.get("port") or {}
    found: int | str | None = port.get("number") or port.get("name")
    return found
