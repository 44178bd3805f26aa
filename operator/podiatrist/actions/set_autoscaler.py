"""Change what a HorizontalPodAutoscaler scales, or its bounds."""

import json
import shlex
from collections.abc import Mapping
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from podiatrist.actions.base import Action, ActionError, Object
from podiatrist.api.diagnosis import ObjectRef, Risk
from podiatrist.cluster.kinds import HPA


class SetAutoscaler(Action):
    """Set the bounds of an autoscaler, or the workload that it scales; what is None stays."""

    risk = Risk.MEDIUM
    kinds = (HPA,)

    type: Literal["SetAutoscaler"] = "SetAutoscaler"
    min_replicas: int | None = Field(default=None, ge=1, le=1000)
    max_replicas: int | None = Field(default=None, ge=1, le=1000)
    scale_target: ObjectRef | None = None
    """A workload of the autoscaler's own namespace."""

    @model_validator(mode="after")
    def _something(self) -> Self:
        if self.min_replicas is None and self.max_replicas is None and self.scale_target is None:
            raise ValueError("nothing is to be changed")
        return self

    def apply(self, raw: Object, others: Mapping[ObjectRef, Object]) -> Object:
        """Change the fields that are given."""
        spec = {**(raw.get("spec") or {}), **self._fields()}
        low, high = spec.get("minReplicas", 1), spec.get("maxReplicas", 0)
        if isinstance(low, int) and isinstance(high, int) and low > high:
            raise ActionError(f"minReplicas would be {low}, above maxReplicas, {high}")
        raw["spec"] = spec
        return raw

    def command(self) -> str:
        """Return the `kubectl patch` line."""
        patch = json.dumps({"spec": self._fields()})
        return f"{self.kubectl} patch {self.resource_name} -p {shlex.quote(patch)}"

    def _fields(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        if self.min_replicas is not None:
            found["minReplicas"] = self.min_replicas
        if self.max_replicas is not None:
            found["maxReplicas"] = self.max_replicas
        if (target := self.scale_target) is not None:
            found["scaleTargetRef"] = {
                "apiVersion": target.api_version,
                "kind": target.kind,
                "name": target.name,
            }
        return found
