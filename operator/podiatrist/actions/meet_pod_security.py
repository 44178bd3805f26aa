"""Change a pod spec so that a Pod Security level allows it."""

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field

from podiatrist.actions.base import Action, Object
from podiatrist.actions.template import pod_spec
from podiatrist.api.diagnosis import ObjectRef, Risk
from podiatrist.cluster.kinds import CRON_JOB, DAEMON_SET, DEPLOYMENT, REPLICA_SET, STATEFUL_SET

_BASELINE_CAPABILITIES = frozenset(
    [
        "AUDIT_WRITE",
        "CHOWN",
        "DAC_OVERRIDE",
        "FOWNER",
        "FSETID",
        "KILL",
        "MKNOD",
        "NET_BIND_SERVICE",
        "SETFCAP",
        "SETGID",
        "SETPCAP",
        "SETUID",
        "SYS_CHROOT",
    ]
)
_RESTRICTED_CAPABILITIES = frozenset({"NET_BIND_SERVICE"})
_HOST = ("hostNetwork", "hostPID", "hostIPC")


class MeetPodSecurity(Action):
    """Set what a level of the Pod Security Standards asks for, in the pod and every container.

    `run_as_user` is set where nothing says a user but root: `runAsNonRoot` alone would leave an
    image that runs as root unable to start.
    """

    risk = Risk.MEDIUM
    kinds = (DEPLOYMENT, STATEFUL_SET, DAEMON_SET, REPLICA_SET, CRON_JOB)

    type: Literal["MeetPodSecurity"] = "MeetPodSecurity"
    level: Literal["baseline", "restricted"]
    run_as_user: int | None = Field(default=None, ge=1, le=2**31 - 1)

    def apply(self, raw: Object, others: Mapping[ObjectRef, Object]) -> Object:
        """Change pod and containers; what the level allows stays as it is."""
        spec = pod_spec(self.kind, raw)
        for field in _HOST:
            if spec.get(field):
                del spec[field]
        containers = [
            c for group in ("initContainers", "containers") for c in spec.get(group) or []
        ]
        for container in containers:
            for port in container.get("ports") or []:
                port.pop("hostPort", None)
            _set(container, self._container_context(dict(container.get("securityContext") or {})))
        _set(spec, self._pod_context(dict(spec.get("securityContext") or {}), containers))
        return raw

    def _container_context(self, context: Object) -> Object:
        if context.get("privileged"):
            context["privileged"] = False
        allowed = _BASELINE_CAPABILITIES
        if self.level == "restricted":
            allowed = _RESTRICTED_CAPABILITIES
            context["allowPrivilegeEscalation"] = False
            if context.get("runAsUser") == 0:
                del context["runAsUser"]
            if context.get("runAsNonRoot") is False:
                del context["runAsNonRoot"]
        _allow_seccomp(context)
        capabilities = dict(context.get("capabilities") or {})
        if "add" in capabilities:
            capabilities["add"] = [c for c in capabilities["add"] or [] if c in allowed]
            if not capabilities["add"]:
                del capabilities["add"]
        if self.level == "restricted":
            capabilities["drop"] = ["ALL"]
        if capabilities or "capabilities" in context:
            context["capabilities"] = capabilities
        return context

    def _pod_context(self, context: Object, containers: list[Object]) -> Object:
        _allow_seccomp(context)
        if self.level == "baseline":
            return context
        context["runAsNonRoot"] = True
        context.setdefault("seccompProfile", {"type": "RuntimeDefault"})
        if context.get("runAsUser") == 0:
            del context["runAsUser"]
        users = [(c.get("securityContext") or {}).get("runAsUser") for c in containers]
        if self.run_as_user and "runAsUser" not in context and not all(users):
            context["runAsUser"] = self.run_as_user
        return context

    def command(self) -> str:
        """Return how a human would do it; kubectl has no one-line form for this."""
        user = f", as user {self.run_as_user}" if self.run_as_user else ""
        return self.edit(f"securityContext as Pod Security level {self.level} asks for{user}")


def _allow_seccomp(context: Object) -> None:
    profile: Any = context.get("seccompProfile")
    if isinstance(profile, dict) and profile.get("type") == "Unconfined":
        context["seccompProfile"] = {"type": "RuntimeDefault"}


def _set(holder: Object, context: Object) -> None:
    if context or "securityContext" in holder:
        holder["securityContext"] = context
