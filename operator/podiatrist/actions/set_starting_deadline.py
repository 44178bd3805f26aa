"""Say how late a CronJob may still start a run."""

import json
import shlex
from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from podiatrist.actions.base import Action, Object
from podiatrist.api.diagnosis import ObjectRef, Risk
from podiatrist.cluster.kinds import CRON_JOB


class SetStartingDeadline(Action):
    """Set a CronJob's startingDeadlineSeconds; below 10 s runs may never start."""

    risk = Risk.LOW
    kinds = (CRON_JOB,)

    type: Literal["SetStartingDeadline"] = "SetStartingDeadline"
    seconds: int = Field(ge=10, le=7 * 24 * 3600)

    def apply(self, raw: Object, others: Mapping[ObjectRef, Object]) -> Object:
        """Change the one field."""
        raw["spec"] = {**(raw.get("spec") or {}), "startingDeadlineSeconds": self.seconds}
        return raw

    def command(self) -> str:
        """Return the `kubectl patch` line."""
        patch = json.dumps({"spec": {"startingDeadlineSeconds": self.seconds}})
        return f"{self.kubectl} patch {self.resource_name} -p {shlex.quote(patch)}"
