"""Change the number of replicas."""

from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from podiatrist.actions.base import Action, Object
from podiatrist.api.diagnosis import ObjectRef, Risk
from podiatrist.cluster.kinds import DEPLOYMENT, REPLICA_SET, STATEFUL_SET


class Scale(Action):
    """Set the number of replicas."""

    risk = Risk.MEDIUM
    kinds = (DEPLOYMENT, STATEFUL_SET, REPLICA_SET)

    type: Literal["Scale"] = "Scale"
    replicas: int = Field(ge=0, le=1000)

    def apply(self, raw: Object, others: Mapping[ObjectRef, Object]) -> Object:
        """Change the one field."""
        raw["spec"] = {**(raw.get("spec") or {}), "replicas": self.replicas}
        return raw

    def command(self) -> str:
        """Return the `kubectl scale` line."""
        return f"{self.kubectl} scale {self.resource_name} --replicas={self.replicas}"
