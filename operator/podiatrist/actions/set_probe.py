"""Change one probe of one container, or give it a startup probe."""

import copy
from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field

from podiatrist.actions.base import Action, ActionError, Object
from podiatrist.actions.template import container, pod_spec
from podiatrist.api.diagnosis import ObjectRef, Risk
from podiatrist.cluster.kinds import CRON_JOB, DAEMON_SET, DEPLOYMENT, REPLICA_SET, STATEFUL_SET

ProbeName = Literal["livenessProbe", "readinessProbe", "startupProbe"]
_HANDLERS = ("httpGet", "tcpSocket", "grpc", "exec")

_NUMBERS = {"timeoutSeconds": 1, "periodSeconds": 10, "successThreshold": 1, "failureThreshold": 3}
_ASKED: dict[str, Object] = {"httpGet": {"path": "/", "scheme": "HTTP"}, "grpc": {"service": ""}}
"""What the API server fills in where nothing is given (SetDefaults_Probe and those around it).
Written by us, it is there when the inverse patch tests for it."""


class SetProbe(Action):
    """Change what a probe asks and how patient it is; what is not given stays as it is.

    `handler` replaces the way of asking: `httpGet` by HTTP, `tcpSocket` by connecting, `exec` by
    a command (`run`). `like` makes a probe that is not there yet as a copy of another one, with
    its thresholds at their defaults. Numbers are seconds and counts; 0 leaves them.
    """

    risk = Risk.MEDIUM
    kinds = (DEPLOYMENT, STATEFUL_SET, DAEMON_SET, REPLICA_SET, CRON_JOB)

    type: Literal["SetProbe"] = "SetProbe"
    container: str
    probe: ProbeName
    like: ProbeName | Literal[""] = ""
    handler: Literal["", "httpGet", "tcpSocket", "exec"] = ""
    path: str = Field(default="", max_length=1024)
    port: int | str = 0
    scheme: Literal["", "HTTP", "HTTPS"] = ""
    run: list[str] = Field(default=[], max_length=64)
    timeout_seconds: int = Field(default=0, ge=0, le=3600)
    period_seconds: int = Field(default=0, ge=0, le=3600)
    failure_threshold: int = Field(default=0, ge=0, le=3600)

    def apply(self, raw: Object, others: Mapping[ObjectRef, Object]) -> Object:
        """Change the named parts of the probe."""
        found = container(pod_spec(self.kind, raw), self.container)
        probe = self._present(found)
        if self.handler and self.handler not in probe:
            probe = {k: v for k, v in probe.items() if k not in _HANDLERS}
            probe[self.handler] = {}
        asked = next((probe[h] for h in _HANDLERS if isinstance(probe.get(h), dict)), None)
        if asked is None:
            raise ActionError(f"{self.probe} of container {self.container} asks nothing")
        wanted: dict[str, Any] = {"path": self.path, "port": self.port, "scheme": self.scheme}
        asked.update({k: v for k, v in wanted.items() if v})
        if self.run:
            asked["command"] = list(self.run)
        numbers = {
            "timeoutSeconds": self.timeout_seconds,
            "periodSeconds": self.period_seconds,
            "failureThreshold": self.failure_threshold,
        }
        probe.update({k: v for k, v in numbers.items() if v})
        found[self.probe] = _completed(probe)
        return raw

    def _present(self, found: Object) -> Object:
        if isinstance(found.get(self.probe), dict):
            return copy.deepcopy(found[self.probe])
        model = found.get(self.like) if self.like else None
        if not isinstance(model, dict):
            raise ActionError(f"container {self.container} has no {self.like or self.probe}")
        return {k: copy.deepcopy(v) for k, v in model.items() if k in _HANDLERS}

    def command(self) -> str:
        """Return an edit: kubectl has no command for it."""
        given = self.model_dump(
            by_alias=True, exclude={"type", "object", "container", "probe"}, exclude_defaults=True
        )
        words = ", ".join(f"{name} {value}" for name, value in given.items())
        return self.edit(f"container {self.container}: {self.probe}: {words}")


def _completed(probe: Object) -> Object:
    asked = {h: {**_ASKED.get(h, {}), **probe[h]} for h in _HANDLERS if h in probe}
    return {**_NUMBERS, **probe, **asked}
