"""Go back to an earlier revision of a Deployment."""

import copy
from collections.abc import Mapping
from typing import Literal

from podiatrist.actions.base import Action, ActionError, Object
from podiatrist.api.diagnosis import ObjectRef, Risk
from podiatrist.cluster.kinds import DEPLOYMENT, REPLICA_SET

_HASH_LABEL = "pod-template-hash"


class RolloutUndo(Action):
    """Put back the pod template of an earlier revision, as `kubectl rollout undo` does.

    `replica_set` is the ReplicaSet that holds the revision's template.
    """

    risk = Risk.LOW
    kinds = (DEPLOYMENT,)

    type: Literal["RolloutUndo"] = "RolloutUndo"
    revision: int
    replica_set: str

    def _source(self) -> ObjectRef:
        return ObjectRef(
            api_version=REPLICA_SET.api_version,
            kind=REPLICA_SET.kind,
            namespace=self.object.namespace,
            name=self.replica_set,
        )

    def reads(self) -> list[ObjectRef]:
        """Return the ReplicaSet with the old template."""
        return [self._source()]

    def apply(self, raw: Object, others: Mapping[ObjectRef, Object]) -> Object:
        """Replace the pod template; the controller's own hash label stays out."""
        source = others.get(self._source())
        template = ((source or {}).get("spec") or {}).get("template")
        if not isinstance(template, dict):
            raise ActionError(f"revision {self.revision} is gone: no ReplicaSet {self.replica_set}")
        if _controller(source or {}) != _uid(raw):
            raise ActionError(f"ReplicaSet {self.replica_set} is no revision of {self.object}")
        template = copy.deepcopy(template)
        labels = (template.get("metadata") or {}).get("labels") or {}
        labels.pop(_HASH_LABEL, None)
        raw["spec"] = {**(raw.get("spec") or {}), "template": template}
        return raw

    def command(self) -> str:
        """Return the `kubectl rollout undo` line."""
        return f"{self.kubectl} rollout undo {self.resource_name} --to-revision={self.revision}"


def _uid(raw: Object) -> str:
    return str((raw.get("metadata") or {}).get("uid") or "")


def _controller(raw: Object) -> str | None:
    owners = (raw.get("metadata") or {}).get("ownerReferences") or []
    return next((str(o.get("uid")) for o in owners if o.get("controller") is True), None)
