"""Turn a plain container into a native sidecar, which ends when the work is done."""

from collections.abc import Mapping
from typing import Literal

from podiatrist.actions.base import Action, ActionError, Object
from podiatrist.actions.template import pod_spec
from podiatrist.api.diagnosis import ObjectRef, Risk
from podiatrist.cluster.kinds import CRON_JOB


class MakeNativeSidecar(Action):
    """Move a container to the init containers, with restartPolicy Always (KEP-753, from 1.29)."""

    risk = Risk.MEDIUM
    kinds = (CRON_JOB,)

    type: Literal["MakeNativeSidecar"] = "MakeNativeSidecar"
    container: str

    def apply(self, raw: Object, others: Mapping[ObjectRef, Object]) -> Object:
        """Put it last among the init containers: as before, it starts after all of them."""
        spec = pod_spec(self.kind, raw)
        plain = spec.get("containers") or []
        moved = [c for c in plain if c.get("name") == self.container]
        if not moved:
            raise ActionError(f"there is no container {self.container!r}")
        if len(plain) == len(moved):
            raise ActionError(f"{self.container!r} is the only container: it does the work itself")
        spec["containers"] = [c for c in plain if c not in moved]
        sidecar = {**moved[0], "restartPolicy": "Always"}
        spec["initContainers"] = [*(spec.get("initContainers") or []), sidecar]
        return raw

    def command(self) -> str:
        """Return the `kubectl edit` line: no command moves a container."""
        return self.edit(f"move {self.container} to initContainers, with restartPolicy: Always")
