"""Mount a volume elsewhere in one container, or only one file of it."""

from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from podiatrist.actions.base import Action, ActionError, Object
from podiatrist.actions.template import container, pod_spec
from podiatrist.api.diagnosis import ObjectRef, Risk
from podiatrist.cluster.kinds import CRON_JOB, DAEMON_SET, DEPLOYMENT, REPLICA_SET, STATEFUL_SET


class SetMount(Action):
    """Change mountPath and subPath of one mount; `mount_path` says which one, as it is now."""

    risk = Risk.MEDIUM
    kinds = (DEPLOYMENT, STATEFUL_SET, DAEMON_SET, REPLICA_SET, CRON_JOB)

    type: Literal["SetMount"] = "SetMount"
    container: str
    mount_path: str = Field(min_length=1, max_length=1024)
    new_path: str = Field(default="", max_length=1024)
    sub_path: str = Field(default="", max_length=1024)

    def apply(self, raw: Object, others: Mapping[ObjectRef, Object]) -> Object:
        """Change the one mount."""
        for mount in container(pod_spec(self.kind, raw), self.container).get("volumeMounts") or []:
            if mount.get("mountPath") == self.mount_path:
                mount["mountPath"] = self.new_path or self.mount_path
                if self.sub_path:
                    mount["subPath"] = self.sub_path
                return raw
        raise ActionError(f"container {self.container!r} mounts nothing at {self.mount_path!r}")

    def command(self) -> str:
        """Return how a human would do it; kubectl has no one-line form for this."""
        said = [f"mountPath: {self.new_path}"] if self.new_path else []
        said += [f"subPath: {self.sub_path}"] if self.sub_path else []
        return self.edit(f"container {self.container}, mount {self.mount_path}: {', '.join(said)}")
