"""Stop a CronJob from starting runs, or let it start them again."""

import json
import shlex
from collections.abc import Mapping
from typing import Literal

from podiatrist.actions.base import Action, Object
from podiatrist.api.diagnosis import ObjectRef, Risk
from podiatrist.cluster.kinds import CRON_JOB


class SuspendCronJob(Action):
    """Suspend a CronJob, or resume it with `suspend` false; runs under way are left alone."""

    risk = Risk.MEDIUM
    kinds = (CRON_JOB,)

    type: Literal["SuspendCronJob"] = "SuspendCronJob"
    suspend: bool

    def apply(self, raw: Object, others: Mapping[ObjectRef, Object]) -> Object:
        """Change the one field."""
        raw["spec"] = {**(raw.get("spec") or {}), "suspend": self.suspend}
        return raw

    def command(self) -> str:
        """Return the `kubectl patch` line."""
        patch = json.dumps({"spec": {"suspend": self.suspend}})
        return f"{self.kubectl} patch {self.resource_name} -p {shlex.quote(patch)}"
