"""Delete one pod, for its controller to make it anew."""

import itertools
from collections.abc import Mapping
from typing import Any, Literal

from podiatrist.actions.base import Action, ActionError, Object
from podiatrist.api.diagnosis import ObjectRef, Risk
from podiatrist.cluster.kinds import POD, REPLICA_SET


class DeletePod(Action):
    """Delete a pod of `owner`; only one whose controller makes it anew.

    Some sick pods are never replaced by a change of their template: those of a StatefulSet that
    updates in order, of `OnDelete` workloads, and those whose cause is gone. `replica_set` is the
    ReplicaSet between a Deployment and the pod. There is no way back: the inverse is empty.
    """

    risk = Risk.MEDIUM
    kinds = (POD,)
    verb = "delete"

    type: Literal["DeletePod"] = "DeletePod"
    owner: ObjectRef
    replica_set: str = ""

    def reads(self) -> list[ObjectRef]:
        """Return whoever must be the pod's controller, up to the target."""
        return list(dict.fromkeys((self._controller, self.owner)))

    @property
    def _controller(self) -> ObjectRef:
        if not self.replica_set:
            return self.owner
        return ObjectRef(
            api_version=REPLICA_SET.api_version,
            kind=REPLICA_SET.kind,
            namespace=self.owner.namespace,
            name=self.replica_set,
        )

    def apply(self, raw: Object, others: Mapping[ObjectRef, Object]) -> Object:
        """Check that the controller that makes it anew is the target, or the target's own."""
        chain = [raw, *(others.get(ref) for ref in self.reads())]
        for lower, upper in itertools.pairwise(chain):
            if not _uid(upper) or _controller_uid(lower) != _uid(upper):
                raise ActionError(
                    f"{self.object} is no pod of {self.owner}: nobody would make it anew"
                )
        return raw

    def command(self) -> str:
        """Return the `kubectl delete pod` line."""
        return f"{self.kubectl} delete {self.resource_name}"


def _uid(raw: Any) -> str:
    metadata = raw.get("metadata") if isinstance(raw, dict) else None
    return str((metadata or {}).get("uid") or "")


def _controller_uid(raw: Any) -> str:
    metadata = raw.get("metadata") if isinstance(raw, dict) else None
    owners = (metadata or {}).get("ownerReferences") or []
    return next((str(o.get("uid") or "") for o in owners if o.get("controller") is True), "")
