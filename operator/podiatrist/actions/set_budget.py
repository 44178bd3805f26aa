"""Change how many pods a PodDisruptionBudget lets go, or whose."""

import json
import shlex
from collections.abc import Mapping
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from podiatrist.actions.base import Action, Object
from podiatrist.api.diagnosis import ObjectRef, Risk
from podiatrist.cluster.kinds import PDB


class SetBudget(Action):
    """Set one bound of a budget, which takes the other one away, or the pods that it protects."""

    risk = Risk.MEDIUM
    kinds = (PDB,)

    type: Literal["SetBudget"] = "SetBudget"
    max_unavailable: int | None = Field(default=None, ge=0, le=10_000)
    min_available: int | None = Field(default=None, ge=0, le=10_000)
    match_labels: dict[str, str] | None = Field(default=None, min_length=1, max_length=16)

    @model_validator(mode="after")
    def _one(self) -> Self:
        given = (self.max_unavailable, self.min_available, self.match_labels)
        if sum(value is not None for value in given) != 1:
            raise ValueError("give one of maxUnavailable, minAvailable and matchLabels")
        return self

    def apply(self, raw: Object, others: Mapping[ObjectRef, Object]) -> Object:
        """Change the one field; a budget may hold only one of the two bounds."""
        spec = dict(raw.get("spec") or {})
        if self.match_labels is not None:
            spec["selector"] = {"matchLabels": dict(self.match_labels)}
        elif self.max_unavailable is not None:
            spec.pop("minAvailable", None)
            spec["maxUnavailable"] = self.max_unavailable
        else:
            spec.pop("maxUnavailable", None)
            spec["minAvailable"] = self.min_available
        raw["spec"] = spec
        return raw

    def command(self) -> str:
        """Return the `kubectl patch` line; null takes the other bound away."""
        fields: dict[str, Any]
        if self.match_labels is not None:
            fields = {"selector": {"matchLabels": self.match_labels, "matchExpressions": None}}
        elif self.max_unavailable is not None:
            fields = {"maxUnavailable": self.max_unavailable, "minAvailable": None}
        else:
            fields = {"minAvailable": self.min_available, "maxUnavailable": None}
        patch = json.dumps({"spec": fields})
        return f"{self.kubectl} patch {self.resource_name} --type=merge -p {shlex.quote(patch)}"
