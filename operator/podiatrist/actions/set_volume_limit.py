"""Set how large an emptyDir volume may grow."""

from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from podiatrist.actions.base import Action, ActionError, Object
from podiatrist.actions.template import pod_spec
from podiatrist.api.diagnosis import ObjectRef, Risk
from podiatrist.cluster.kinds import CRON_JOB, DAEMON_SET, DEPLOYMENT, REPLICA_SET, STATEFUL_SET
from podiatrist.cluster.quantity import as_stored


class SetVolumeLimit(Action):
    """Set the sizeLimit of one emptyDir volume."""

    risk = Risk.MEDIUM
    kinds = (DEPLOYMENT, STATEFUL_SET, DAEMON_SET, REPLICA_SET, CRON_JOB)

    type: Literal["SetVolumeLimit"] = "SetVolumeLimit"
    volume: str
    size_limit: str = Field(min_length=1, max_length=32)

    def apply(self, raw: Object, others: Mapping[ObjectRef, Object]) -> Object:
        """Change the one field."""
        for found in pod_spec(self.kind, raw).get("volumes") or []:
            if found.get("name") == self.volume and isinstance(found.get("emptyDir"), dict):
                source = found["emptyDir"]
                source["sizeLimit"] = as_stored(self.size_limit, source.get("sizeLimit"))
                return raw
        raise ActionError(f"there is no emptyDir volume {self.volume!r}")

    def command(self) -> str:
        """Return how a human would do it; kubectl has no one-line form for this."""
        return self.edit(f"emptyDir volume {self.volume}: sizeLimit {self.size_limit}")
