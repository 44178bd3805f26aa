"""Give a node a label that a workload asks for."""

import shlex
from collections.abc import Mapping
from typing import Literal

from podiatrist.actions.base import Action, ActionError, Object
from podiatrist.api.diagnosis import ObjectRef, Risk
from podiatrist.cluster.kinds import NODE

_RESERVED = ("kubernetes.io", "k8s.io")


def is_reserved_label(key: str) -> bool:
    """Say whether a label key belongs to Kubernetes itself.

    Those state facts (architecture, zone, host name) or grant things (node-restriction); setting
    one to make a pod fit would be a lie that other workloads act upon.
    """
    prefix = key.rpartition("/")[0]
    return any(prefix == domain or prefix.endswith(f".{domain}") for domain in _RESERVED)


class LabelNode(Action):
    """Set one label of a node. An existing label is not overwritten."""

    risk = Risk.MEDIUM
    kinds = (NODE,)

    type: Literal["LabelNode"] = "LabelNode"
    key: str
    value: str

    def apply(self, raw: Object, others: Mapping[ObjectRef, Object]) -> Object:
        """Add the label."""
        if is_reserved_label(self.key):
            raise ActionError(f"label {self.key} belongs to Kubernetes and is never set")
        metadata = raw.setdefault("metadata", {})
        labels = metadata.get("labels") or {}
        if self.key in labels:
            raise ActionError(
                f"node {self.object.name} already has {self.key}={labels[self.key]}; "
                "other workloads may rely on it"
            )
        metadata["labels"] = {**labels, self.key: self.value}
        return raw

    def command(self) -> str:
        """Return the `kubectl label` line."""
        return f"kubectl label node {self.object.name} {shlex.quote(f'{self.key}={self.value}')}"
