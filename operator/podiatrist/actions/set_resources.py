"""Lower (or raise) what one container requests."""

import shlex
from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from podiatrist.actions.base import Action, Object
from podiatrist.actions.template import container, pod_spec
from podiatrist.api.diagnosis import ObjectRef, Risk
from podiatrist.cluster.kinds import CRON_JOB, DAEMON_SET, DEPLOYMENT, REPLICA_SET, STATEFUL_SET


class SetResources(Action):
    """Set requests of one container; limits stay as they are."""

    risk = Risk.MEDIUM
    kinds = (DEPLOYMENT, STATEFUL_SET, DAEMON_SET, REPLICA_SET, CRON_JOB)

    type: Literal["SetResources"] = "SetResources"
    container: str
    requests: dict[str, str] = Field(min_length=1, max_length=4)

    def apply(self, raw: Object, others: Mapping[ObjectRef, Object]) -> Object:
        """Change the named requests."""
        found = container(pod_spec(self.kind, raw), self.container)
        resources = dict(found.get("resources") or {})
        resources["requests"] = {**(resources.get("requests") or {}), **self.requests}
        found["resources"] = resources
        return raw

    def command(self) -> str:
        """Return the `kubectl set resources` line."""
        amounts = ",".join(f"{name}={amount}" for name, amount in sorted(self.requests.items()))
        return (
            f"{self.kubectl} set resources {self.resource_name} "
            f"-c {shlex.quote(self.container)} --requests={shlex.quote(amounts)}"
        )
