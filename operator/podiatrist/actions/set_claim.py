"""Point a volume at another PersistentVolumeClaim."""

from collections.abc import Mapping
from typing import Literal

from podiatrist.actions.base import Action, ActionError, Object
from podiatrist.actions.template import pod_spec
from podiatrist.api.diagnosis import ObjectRef, Risk
from podiatrist.cluster.kinds import CRON_JOB, DAEMON_SET, DEPLOYMENT, REPLICA_SET, STATEFUL_SET


class SetClaim(Action):
    """Set the name of the PersistentVolumeClaim behind one volume."""

    risk = Risk.HIGH
    kinds = (DEPLOYMENT, STATEFUL_SET, DAEMON_SET, REPLICA_SET, CRON_JOB)

    type: Literal["SetClaim"] = "SetClaim"
    volume: str
    claim: str

    def apply(self, raw: Object, others: Mapping[ObjectRef, Object]) -> Object:
        """Change the one field."""
        for found in pod_spec(self.kind, raw).get("volumes") or []:
            source = found.get("persistentVolumeClaim")
            if found.get("name") == self.volume and isinstance(source, dict):
                source["claimName"] = self.claim
                return raw
        raise ActionError(f"there is no volume {self.volume!r} from a PersistentVolumeClaim")

    def command(self) -> str:
        """Return how a human would do it; kubectl has no one-line form for this."""
        return self.edit(f"volume {self.volume}: {self.claim}")
