"""Set one environment variable of one container."""

import copy
import shlex
from collections.abc import Mapping
from typing import Literal, Self

from pydantic import Field, model_validator

from podiatrist.actions.base import Action, ActionError, Object
from podiatrist.actions.template import container, pod_spec
from podiatrist.api.diagnosis import ObjectRef, Risk
from podiatrist.cluster.kinds import CRON_JOB, DAEMON_SET, DEPLOYMENT, REPLICA_SET, STATEFUL_SET


class SetEnv(Action):
    """Set one variable: to a literal `value`, or to whatever the variable `like` is set to.

    `like` is of the same container, or of `like_container`; its source is copied as it stands,
    so a value out of a Secret is set without being read. Other variables stay as they are.
    """

    risk = Risk.MEDIUM
    kinds = (DEPLOYMENT, STATEFUL_SET, DAEMON_SET, REPLICA_SET, CRON_JOB)

    type: Literal["SetEnv"] = "SetEnv"
    container: str
    name: str = Field(min_length=1, max_length=253, pattern=r"^[^=\x00]+$")
    value: str = Field(default="", max_length=4096)
    like: str = ""
    like_container: str = ""

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if self.value and self.like:
            raise ValueError("give a value or a variable to copy, not both")
        return self

    def apply(self, raw: Object, others: Mapping[ObjectRef, Object]) -> Object:
        """Replace the variable where it stands, else add it at the end."""
        spec = pod_spec(self.kind, raw)
        found = container(spec, self.container)
        made: Object = {"name": self.name}
        if self.value:  # an empty one is not stored
            made["value"] = self.value
        if self.like:
            source = container(spec, self.like_container or self.container)
            made = {**copy.deepcopy(self._variable(source, self.like)), "name": self.name}
        variables = list(found.get("env") or [])
        places = [i for i, v in enumerate(variables) if _name(v) == self.name]
        if places:
            variables[places[-1]] = made  # of two with one name the kubelet takes the last
        else:
            variables.append(made)
        found["env"] = variables
        return raw

    def _variable(self, source: Object, name: str) -> Object:
        for variable in source.get("env") or []:
            if isinstance(variable, dict) and variable.get("name") == name:
                return variable
        raise ActionError(f"container {source.get('name')} has no environment variable {name}")

    def command(self) -> str:
        """Return the `kubectl set env` line, or an edit where a source is copied."""
        if self.like:
            of = f" of container {self.like_container}" if self.like_container else ""
            return self.edit(
                f"container {self.container}: env {self.name} as {self.like}{of} has it"
            )
        assignment = shlex.quote(f"{self.name}={self.value}")
        container_flag = f"-c {shlex.quote(self.container)}"
        return f"{self.kubectl} set env {self.resource_name} {container_flag} {assignment}"


def _name(variable: object) -> object:
    return variable.get("name") if isinstance(variable, dict) else None
