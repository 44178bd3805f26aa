"""Make a Service select other pods."""

import shlex
from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from podiatrist.actions.base import Action, ActionError, Object
from podiatrist.api.diagnosis import ObjectRef, Risk
from podiatrist.cluster.kinds import SERVICE


class SetServiceSelector(Action):
    """Replace the whole selector of a Service."""

    risk = Risk.MEDIUM
    kinds = (SERVICE,)

    type: Literal["SetServiceSelector"] = "SetServiceSelector"
    selector: dict[str, str] = Field(min_length=1, max_length=16)

    def apply(self, raw: Object, others: Mapping[ObjectRef, Object]) -> Object:
        """Change the one field; a Service without a selector keeps its hand-made endpoints."""
        spec = raw.get("spec")
        if not isinstance(spec, dict) or not spec.get("selector"):
            raise ActionError("this Service has no selector on purpose")
        raw["spec"] = {**spec, "selector": dict(self.selector)}
        return raw

    def command(self) -> str:
        """Return the `kubectl set selector` line."""
        labels = ",".join(f"{key}={value}" for key, value in sorted(self.selector.items()))
        return f"{self.kubectl} set selector {self.resource_name} {shlex.quote(labels)}"
