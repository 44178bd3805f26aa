"""Let a paused Deployment go on."""

from collections.abc import Mapping
from typing import Literal

from podiatrist.actions.base import Action, ActionError, Object
from podiatrist.api.diagnosis import ObjectRef, Risk
from podiatrist.cluster.kinds import DEPLOYMENT


class ResumeRollout(Action):
    """Take the pause away; what was changed meanwhile is rolled out."""

    risk = Risk.MEDIUM
    kinds = (DEPLOYMENT,)

    type: Literal["ResumeRollout"] = "ResumeRollout"

    def apply(self, raw: Object, others: Mapping[ObjectRef, Object]) -> Object:
        """Remove the one field."""
        spec = dict(raw.get("spec") or {})
        if not spec.pop("paused", False):
            raise ActionError(f"{self.object} is not paused")
        raw["spec"] = spec
        return raw

    def command(self) -> str:
        """Return the `kubectl rollout resume` line."""
        return f"{self.kubectl} rollout resume {self.resource_name}"
