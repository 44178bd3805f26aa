"""Raise or lower what one container requests, and how much it may use."""

import shlex
from collections.abc import Mapping
from typing import Literal, Self

from pydantic import Field, model_validator

from podiatrist.actions.base import Action, Object
from podiatrist.actions.template import container, pod_spec
from podiatrist.api.diagnosis import ObjectRef, Risk
from podiatrist.cluster.kinds import CRON_JOB, DAEMON_SET, DEPLOYMENT, REPLICA_SET, STATEFUL_SET
from podiatrist.cluster.quantity import as_stored


class SetResources(Action):
    """Set requests and limits of one container; amounts that are not named stay as they are."""

    risk = Risk.MEDIUM
    kinds = (DEPLOYMENT, STATEFUL_SET, DAEMON_SET, REPLICA_SET, CRON_JOB)

    type: Literal["SetResources"] = "SetResources"
    container: str
    requests: dict[str, str] = Field(default={}, max_length=4)
    limits: dict[str, str] = Field(default={}, max_length=4)

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not self.requests and not self.limits:
            raise ValueError("name at least one request or limit")
        return self

    def apply(self, raw: Object, others: Mapping[ObjectRef, Object]) -> Object:
        """Change the named amounts, written as the API server stores them."""
        found = container(pod_spec(self.kind, raw), self.container)
        resources = dict(found.get("resources") or {})
        for field, amounts in (("requests", self.requests), ("limits", self.limits)):
            if amounts:
                present = resources.get(field) or {}
                wanted = {name: as_stored(amounts[name], present.get(name)) for name in amounts}
                resources[field] = {**present, **wanted}
        found["resources"] = resources
        return raw

    def command(self) -> str:
        """Return the `kubectl set resources` line."""
        words = [f"{self.kubectl} set resources {self.resource_name} -c"]
        words.append(shlex.quote(self.container))
        for field, amounts in (("requests", self.requests), ("limits", self.limits)):
            if amounts:
                text = ",".join(f"{name}={amount}" for name, amount in sorted(amounts.items()))
                words.append(f"--{field}={shlex.quote(text)}")
        return " ".join(words)
