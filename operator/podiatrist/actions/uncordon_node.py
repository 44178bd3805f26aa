"""Let the scheduler use a node again."""

from collections.abc import Mapping
from typing import Literal

from podiatrist.actions.base import Action, ActionError, Object
from podiatrist.api.diagnosis import ObjectRef, Risk
from podiatrist.cluster.kinds import NODE


class UncordonNode(Action):
    """Clear a node's unschedulable mark. High risk: whoever cordoned it had a reason."""

    risk = Risk.HIGH
    kinds = (NODE,)

    type: Literal["UncordonNode"] = "UncordonNode"

    def apply(self, raw: Object, others: Mapping[ObjectRef, Object]) -> Object:
        """Remove the mark; the node controller takes its taint away."""
        spec = dict(raw.get("spec") or {})
        if not spec.pop("unschedulable", False):
            raise ActionError(f"node {self.object.name} is not cordoned")
        raw["spec"] = spec
        return raw

    def command(self) -> str:
        """Return the `kubectl uncordon` line."""
        return f"kubectl uncordon {self.object.name}"
