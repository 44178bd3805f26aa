"""Set what one container, or the whole pod, is allowed and as whom it runs."""

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field

from podiatrist.actions.base import Action, ActionError, Object
from podiatrist.actions.template import container, pod_spec
from podiatrist.api.diagnosis import ObjectRef, Risk
from podiatrist.cluster.kinds import CRON_JOB, DAEMON_SET, DEPLOYMENT, REPLICA_SET, STATEFUL_SET

_CONTAINER_ONLY = {"privileged", "allowPrivilegeEscalation", "readOnlyRootFilesystem"}


class SetSecurityContext(Action):
    """Set fields of a securityContext; what is None here stays as it is.

    An empty `container` means the pod's own securityContext. `drop_capabilities` replaces both
    lists: what is dropped is not added any more, except for NET_BIND_SERVICE.
    """

    risk = Risk.MEDIUM
    kinds = (DEPLOYMENT, STATEFUL_SET, DAEMON_SET, REPLICA_SET, CRON_JOB)

    type: Literal["SetSecurityContext"] = "SetSecurityContext"
    container: str = ""
    run_as_user: int | None = Field(default=None, ge=0, le=2**31 - 1)
    run_as_group: int | None = Field(default=None, ge=0, le=2**31 - 1)
    fs_group: int | None = Field(default=None, ge=0, le=2**31 - 1)
    run_as_non_root: bool | None = None
    privileged: bool | None = None
    allow_privilege_escalation: bool | None = None
    read_only_root_filesystem: bool | None = None
    drop_capabilities: tuple[str, ...] = Field(default=(), max_length=8)
    seccomp_profile: Literal["RuntimeDefault"] | None = None

    def _fields(self) -> dict[str, Any]:
        found = {
            "runAsUser": self.run_as_user,
            "runAsGroup": self.run_as_group,
            "fsGroup": self.fs_group,
            "runAsNonRoot": self.run_as_non_root,
            "privileged": self.privileged,
            "allowPrivilegeEscalation": self.allow_privilege_escalation,
            "readOnlyRootFilesystem": self.read_only_root_filesystem,
            "seccompProfile": {"type": self.seccomp_profile} if self.seccomp_profile else None,
        }
        return {name: value for name, value in found.items() if value is not None}

    def apply(self, raw: Object, others: Mapping[ObjectRef, Object]) -> Object:
        """Set the fields, each in a place that has it."""
        spec, fields = pod_spec(self.kind, raw), self._fields()
        holder = container(spec, self.container) if self.container else spec
        if not self.container and (self.drop_capabilities or _CONTAINER_ONLY & set(fields)):
            raise ActionError("a pod's securityContext cannot say that; name a container")
        if self.container and self.fs_group is not None:
            raise ActionError("fsGroup is set for the whole pod only")
        context = dict(holder.get("securityContext") or {}) | fields
        if self.drop_capabilities:
            context["capabilities"] = self._capabilities(context)
        holder["securityContext"] = context
        return raw

    def _capabilities(self, context: Object) -> Object:
        added = (context.get("capabilities") or {}).get("add") or []
        kept = [c for c in added if c == "NET_BIND_SERVICE"]
        return {"drop": list(self.drop_capabilities)} | ({"add": kept} if kept else {})

    def command(self) -> str:
        """Return how a human would do it; kubectl has no one-line form for this."""
        said = [f"{k}: {v}" for k, v in self._fields().items()]
        said += [f"drop {', '.join(self.drop_capabilities)}"] if self.drop_capabilities else []
        where = f"container {self.container}" if self.container else "the pod"
        return self.edit(f"securityContext of {where}: {'; '.join(said)}")
