"""Take the name of a PriorityClass out of a pod spec."""

from collections.abc import Mapping
from typing import Literal

from podiatrist.actions.base import Action, ActionError, Object
from podiatrist.actions.template import pod_spec
from podiatrist.api.diagnosis import ObjectRef, Risk
from podiatrist.cluster.kinds import CRON_JOB, DAEMON_SET, DEPLOYMENT, REPLICA_SET, STATEFUL_SET


class ClearPriorityClass(Action):
    """Let pods have the cluster's default priority instead of that of a missing class."""

    risk = Risk.MEDIUM
    kinds = (DEPLOYMENT, STATEFUL_SET, DAEMON_SET, REPLICA_SET, CRON_JOB)

    type: Literal["ClearPriorityClass"] = "ClearPriorityClass"
    name: str

    def apply(self, raw: Object, others: Mapping[ObjectRef, Object]) -> Object:
        """Remove the field, and the number that came with it."""
        spec = pod_spec(self.kind, raw)
        if spec.get("priorityClassName") != self.name:
            raise ActionError(f"the pod spec names no PriorityClass {self.name!r}")
        del spec["priorityClassName"]
        spec.pop("priority", None)
        return raw

    def command(self) -> str:
        """Return how a human would do it; kubectl has no one-line form for this."""
        return self.edit(f"remove priorityClassName: {self.name}")
