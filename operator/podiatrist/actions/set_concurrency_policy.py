"""Say what a CronJob does when a run is due while another one still runs."""

import json
import shlex
from collections.abc import Mapping
from typing import Literal

from podiatrist.actions.base import Action, Object
from podiatrist.api.diagnosis import ObjectRef, Risk
from podiatrist.cluster.kinds import CRON_JOB


class SetConcurrencyPolicy(Action):
    """Set a CronJob's concurrencyPolicy; `Replace` ends the run that is still going."""

    risk = Risk.MEDIUM
    kinds = (CRON_JOB,)

    type: Literal["SetConcurrencyPolicy"] = "SetConcurrencyPolicy"
    policy: Literal["Allow", "Forbid", "Replace"]

    def apply(self, raw: Object, others: Mapping[ObjectRef, Object]) -> Object:
        """Change the one field."""
        raw["spec"] = {**(raw.get("spec") or {}), "concurrencyPolicy": self.policy}
        return raw

    def command(self) -> str:
        """Return the `kubectl patch` line."""
        patch = json.dumps({"spec": {"concurrencyPolicy": self.policy}})
        return f"{self.kubectl} patch {self.resource_name} -p {shlex.quote(patch)}"
