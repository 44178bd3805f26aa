"""Point a pod spec at another ConfigMap, Secret, key, ServiceAccount or PriorityClass."""

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from pydantic import Field

from podiatrist.actions.base import Action, ActionError, Object
from podiatrist.actions.template import pod_spec
from podiatrist.api.diagnosis import ObjectRef, Risk
from podiatrist.cluster.kinds import CRON_JOB, DAEMON_SET, DEPLOYMENT, REPLICA_SET, STATEFUL_SET

_FIELDS = {
    # kind: env valueFrom, envFrom and projected source, volume, the volume's field of the name
    "ConfigMap": ("configMapKeyRef", "configMapRef", "configMap", "name"),
    "Secret": ("secretKeyRef", "secretRef", "secret", "secretName"),
}
_SPEC_FIELDS = {
    # The API server keeps the deprecated twin in step; it must not contradict in a dry run.
    "ServiceAccount": ("serviceAccountName", "serviceAccount"),
    "PriorityClass": ("priorityClassName",),
}


class SetReference(Action):
    """Replace a name, or one key of it, wherever the pod spec cannot do without it.

    A name that does not exist is wrong in every place, so all of them change together; optional
    uses are left as they are. `key` empty means the name (`new` is a name), else that key of the
    named object (`new` is a key).
    """

    risk = Risk.MEDIUM
    kinds = (DEPLOYMENT, STATEFUL_SET, DAEMON_SET, REPLICA_SET, CRON_JOB)

    type: Literal["SetReference"] = "SetReference"
    to: Literal["ConfigMap", "Secret", "ServiceAccount", "PriorityClass"]
    name: str = Field(min_length=1, max_length=253)
    key: str = Field(default="", max_length=253)
    new: str = Field(min_length=1, max_length=253)

    def apply(self, raw: Object, others: Mapping[ObjectRef, Object]) -> Object:
        """Change every use."""
        spec = pod_spec(self.kind, raw)
        uses = self._of_spec(spec) if self.to in _SPEC_FIELDS else list(self._uses(spec))
        for holder, field in uses:
            holder[field] = self.new
        if not uses:
            what = f"key {self.key!r} of {self.to}" if self.key else self.to
            raise ActionError(f"nothing uses {what} {self.name!r}")
        return raw

    def _of_spec(self, spec: Object) -> list[tuple[Object, str]]:
        return [(spec, f) for f in _SPEC_FIELDS[self.to] if spec.get(f) == self.name]

    def _uses(self, spec: Object) -> Iterator[tuple[Object, str]]:
        env_field, from_field, volume_field, volume_name = _FIELDS[self.to]
        for group in ("containers", "initContainers"):
            for container in _dicts(spec.get(group)):
                for env in _dicts(container.get("env")):
                    yield from self._in(_dict(env.get("valueFrom")).get(env_field), "name")
                for source in _dicts(container.get("envFrom")):
                    yield from self._in(source.get(from_field), "name")
        for volume in _dicts(spec.get("volumes")):
            yield from self._in(volume.get(volume_field), volume_name)
            for source in _dicts(_dict(volume.get("projected")).get("sources")):
                yield from self._in(source.get(volume_field), "name")

    def _in(self, ref: Any, name_field: str) -> Iterator[tuple[Object, str]]:
        """Yield what to change in one reference: its name, or the keys that it asks for."""
        if not isinstance(ref, dict) or ref.get(name_field) != self.name:
            return
        if ref.get("optional") is True:
            return
        if not self.key:
            yield ref, name_field
        elif ref.get("key") == self.key:
            yield ref, "key"
        else:
            yield from ((i, "key") for i in _dicts(ref.get("items")) if i.get("key") == self.key)

    def command(self) -> str:
        """Return how a human would do it; kubectl has no one-line form for most of them."""
        if self.to == "ServiceAccount":
            return f"{self.kubectl} set serviceaccount {self.resource_name} {self.new}"
        where = f"{self.to} {self.name}: key {self.key}" if self.key else f"{self.to} {self.name}"
        return self.edit(f"{where} -> {self.new}")


def _dict(value: Any) -> Object:
    return value if isinstance(value, dict) else {}


def _dicts(value: Any) -> list[Object]:
    return [v for v in value if isinstance(v, dict)] if isinstance(value, list) else []
