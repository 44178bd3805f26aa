"""Let a workload onto nodes with a certain taint."""

from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from podiatrist.actions.base import Action, ActionError, Object
from podiatrist.actions.template import pod_spec
from podiatrist.api.diagnosis import ObjectRef, Risk
from podiatrist.cluster.kinds import CRON_JOB, DAEMON_SET, DEPLOYMENT, REPLICA_SET, STATEFUL_SET


class AddToleration(Action):
    """Tolerate one taint, exactly."""

    risk = Risk.MEDIUM
    kinds = (DEPLOYMENT, STATEFUL_SET, DAEMON_SET, REPLICA_SET, CRON_JOB)

    type: Literal["AddToleration"] = "AddToleration"
    key: str = Field(min_length=1)
    value: str = ""
    effect: Literal["NoSchedule", "NoExecute"]

    def toleration(self) -> Object:
        """Return the toleration as Kubernetes stores it."""
        equal, exists = {"operator": "Equal", "value": self.value}, {"operator": "Exists"}
        how = equal if self.value else exists
        return {"key": self.key, **how, "effect": self.effect}

    def apply(self, raw: Object, others: Mapping[ObjectRef, Object]) -> Object:
        """Append the toleration."""
        spec = pod_spec(self.kind, raw)
        present = list(spec.get("tolerations") or [])
        if self.toleration() in present:
            raise ActionError(f"the taint {self.key} is tolerated already")
        spec["tolerations"] = [*present, self.toleration()]
        return raw

    def command(self) -> str:
        """Return how a human would do it; kubectl has no one-line form for this."""
        taint = (
            f"{self.key}={self.value}:{self.effect}" if self.value else f"{self.key}:{self.effect}"
        )
        return self.edit(f"tolerate {taint}")
