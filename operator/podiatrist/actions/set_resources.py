"""Lower or raise what one container requests, and what it may use at most."""

import shlex
from collections.abc import Mapping
from typing import Literal, Self

from pydantic import Field, model_validator

from podiatrist.actions.base import Action, Object
from podiatrist.actions.template import container, pod_spec
from podiatrist.api.diagnosis import ObjectRef, Risk
from podiatrist.cluster.kinds import CRON_JOB, DAEMON_SET, DEPLOYMENT, REPLICA_SET, STATEFUL_SET


class SetResources(Action):
    """Set requests, limits or both of one container; amounts that are not named stay."""

    risk = Risk.MEDIUM
    kinds = (DEPLOYMENT, STATEFUL_SET, DAEMON_SET, REPLICA_SET, CRON_JOB)

    type: Literal["SetResources"] = "SetResources"
    container: str
    requests: dict[str, str] = Field(default_factory=dict, max_length=4)
    limits: dict[str, str] = Field(default_factory=dict, max_length=4)

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.requests and not self.limits:
            raise ValueError("neither requests nor limits are given")
        return self

    def apply(self, raw: Object, others: Mapping[ObjectRef, Object]) -> Object:
        """Change the named amounts."""
        found = container(pod_spec(self.kind, raw), self.container)
        resources = dict(found.get("resources") or {})
        for group, amounts in (("requests", self.requests), ("limits", self.limits)):
            if amounts:
                resources[group] = {**(resources.get(group) or {}), **amounts}
        found["resources"] = resources
        return raw

    def command(self) -> str:
        """Return the `kubectl set resources` line."""
        return (
            f"{self.kubectl} set resources {self.resource_name} -c {shlex.quote(self.container)}"
            f"{_flag('requests', self.requests)}{_flag('limits', self.limits)}"
        )


def _flag(name: str, amounts: dict[str, str]) -> str:
    if not amounts:
        return ""
    text = ",".join(f"{resource}={amount}" for resource, amount in sorted(amounts.items()))
    return f" --{name}={shlex.quote(text)}"
