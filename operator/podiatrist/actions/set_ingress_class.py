"""Choose who serves an Ingress."""

import shlex
from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from podiatrist.actions.base import Action, Object
from podiatrist.api.diagnosis import ObjectRef, Risk
from podiatrist.cluster.kinds import INGRESS

_OLD_WAY = "kubernetes.io/ingress.class"


class SetIngressClass(Action):
    """Set `ingressClassName`; the annotation that did the same before 1.18 goes."""

    risk = Risk.MEDIUM
    kinds = (INGRESS,)

    type: Literal["SetIngressClass"] = "SetIngressClass"
    ingress_class: str = Field(min_length=1, max_length=253)

    def apply(self, raw: Object, others: Mapping[ObjectRef, Object]) -> Object:
        """Change the field; controllers that know both ways let the annotation win."""
        raw["spec"] = {**(raw.get("spec") or {}), "ingressClassName": self.ingress_class}
        metadata = raw.get("metadata") or {}
        annotations = metadata.get("annotations") or {}
        if _OLD_WAY in annotations:
            kept = {key: value for key, value in annotations.items() if key != _OLD_WAY}
            raw["metadata"] = {**metadata, "annotations": kept}
        return raw

    def command(self) -> str:
        """Return the `kubectl patch` line."""
        patch = f'{{"spec":{{"ingressClassName":"{self.ingress_class}"}}}}'
        return f"{self.kubectl} patch {self.resource_name} -p {shlex.quote(patch)}"
