"""Set the image of one container."""

import shlex
from collections.abc import Mapping
from typing import Literal

from podiatrist.actions.base import Action, Object
from podiatrist.actions.template import container, pod_spec
from podiatrist.api.diagnosis import ObjectRef, Risk
from podiatrist.cluster.kinds import (
    CRON_JOB,
    DAEMON_SET,
    DEPLOYMENT,
    POD,
    REPLICA_SET,
    STATEFUL_SET,
)


class SetImage(Action):
    """Set the image of one container; a running pod's image can be set too."""

    risk = Risk.MEDIUM
    kinds = (DEPLOYMENT, STATEFUL_SET, DAEMON_SET, REPLICA_SET, CRON_JOB, POD)

    type: Literal["SetImage"] = "SetImage"
    container: str
    image: str

    def apply(self, raw: Object, others: Mapping[ObjectRef, Object]) -> Object:
        """Change the one field."""
        container(pod_spec(self.kind, raw), self.container)["image"] = self.image
        return raw

    def command(self) -> str:
        """Return the `kubectl set image` line."""
        assignment = shlex.quote(f"{self.container}={self.image}")
        return f"{self.kubectl} set image {self.resource_name} {assignment}"
