"""Change how an update replaces pods."""

import json
import shlex
from collections.abc import Mapping
from typing import Literal, Self

from pydantic import Field, model_validator

from podiatrist.actions.base import Action, ActionError, Object
from podiatrist.api.diagnosis import ObjectRef, Risk
from podiatrist.cluster.kinds import DAEMON_SET, DEPLOYMENT, STATEFUL_SET


class SetStrategy(Action):
    """Set how many pods may be too many or missing, or from which ordinal on to update."""

    risk = Risk.MEDIUM
    kinds = (DEPLOYMENT, DAEMON_SET, STATEFUL_SET)

    type: Literal["SetStrategy"] = "SetStrategy"
    max_surge: int | None = Field(default=None, ge=0, le=1000)
    max_unavailable: int | None = Field(default=None, ge=0, le=1000)
    partition: int | None = Field(default=None, ge=0, le=2**31 - 1)

    @model_validator(mode="after")
    def _fits(self) -> Self:
        replaced = self.max_surge is not None or self.max_unavailable is not None
        if replaced == (self.partition is not None):
            raise ValueError("either a partition or how many pods may be too many or missing")
        return self

    @property
    def _field(self) -> str:
        return "strategy" if self.kind is DEPLOYMENT else "updateStrategy"

    def _values(self) -> dict[str, int]:
        named = {
            "maxSurge": self.max_surge,
            "maxUnavailable": self.max_unavailable,
            "partition": self.partition,
        }
        return {name: value for name, value in named.items() if value is not None}

    def apply(self, raw: Object, others: Mapping[ObjectRef, Object]) -> Object:
        """Change the named fields of a rolling update."""
        if (self.partition is None) == (self.kind is STATEFUL_SET):
            raise ActionError(f"a {self.kind.kind} has no such way of updating")
        spec = dict(raw.get("spec") or {})
        strategy = dict(spec.get(self._field) or {})
        if strategy.get("type", "RollingUpdate") != "RollingUpdate":
            raise ActionError(f"{self.object} is not updated pod by pod")
        strategy["rollingUpdate"] = {**(strategy.get("rollingUpdate") or {}), **self._values()}
        raw["spec"] = {**spec, self._field: strategy}
        return raw

    def command(self) -> str:
        """Return the `kubectl patch` line."""
        patch = json.dumps(
            {"spec": {self._field: {"rollingUpdate": self._values()}}}, separators=(",", ":")
        )
        return f"{self.kubectl} patch {self.resource_name} -p {shlex.quote(patch)}"
