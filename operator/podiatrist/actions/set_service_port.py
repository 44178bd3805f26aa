"""Let a port of a Service lead to another port of its pods."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from podiatrist.actions.base import Action, ActionError, Object
from podiatrist.api.diagnosis import ObjectRef, Risk
from podiatrist.cluster.kinds import SERVICE

Port = Annotated[int, Field(strict=True, ge=1, le=65535)]
PortName = Annotated[str, Field(pattern=r"^[a-z0-9]([-a-z0-9]{0,13}[a-z0-9])?$")]


class SetServicePort(Action):
    """Set `targetPort` of one port of a Service, and its protocol where one is given."""

    risk = Risk.MEDIUM
    kinds = (SERVICE,)

    type: Literal["SetServicePort"] = "SetServicePort"
    port: Port
    protocol: Literal["TCP", "UDP", "SCTP"] = "TCP"
    target_port: Port | PortName
    new_protocol: Literal["TCP", "UDP", "SCTP"] | None = None

    def apply(self, raw: Object, others: Mapping[ObjectRef, Object]) -> Object:
        """Change the port that clients use under this number and protocol."""
        for found in (raw.get("spec") or {}).get("ports") or []:
            same = found.get("protocol") or "TCP"
            if (found.get("port"), same) == (self.port, self.protocol):
                found["targetPort"] = self.target_port
                if self.new_protocol is not None:
                    found["protocol"] = self.new_protocol
                return raw
        raise ActionError(f"this Service has no port {self.port}/{self.protocol}")

    def command(self) -> str:
        """Return the `kubectl edit` line: a patch by kubectl would need the port's index."""
        protocol = f" and its protocol to {self.new_protocol}" if self.new_protocol else ""
        return self.edit(f"set targetPort of port {self.port} to {self.target_port}{protocol}")
