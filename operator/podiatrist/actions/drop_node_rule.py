"""Relax where a workload may run: drop one requirement on node labels."""

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field

from podiatrist.actions.base import Action, ActionError, Object
from podiatrist.actions.template import pod_spec
from podiatrist.api.diagnosis import ObjectRef, Risk
from podiatrist.cluster.kinds import CRON_JOB, DAEMON_SET, DEPLOYMENT, REPLICA_SET, STATEFUL_SET

_RULES = "matchExpressions"
_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"


class DropNodeRule(Action):
    """Drop every required rule about one node label key, from nodeSelector and node affinity."""

    risk = Risk.MEDIUM
    kinds = (DEPLOYMENT, STATEFUL_SET, DAEMON_SET, REPLICA_SET, CRON_JOB)

    type: Literal["DropNodeRule"] = "DropNodeRule"
    key: str = Field(min_length=1)

    def apply(self, raw: Object, others: Mapping[ObjectRef, Object]) -> Object:
        """Remove the rules, and what is empty without them.

        A selector term without any requirement matches no node at all (Kubernetes API docs,
        NodeSelectorTerm), so an emptied term, list or affinity has to go as a whole.
        """
        spec = pod_spec(self.kind, raw)
        dropped = self._drop_selector(spec)
        dropped |= self._drop_affinity(spec)
        if not dropped:
            raise ActionError(f"nothing requires the node label {self.key}")
        return raw

    def _drop_selector(self, spec: Object) -> bool:
        selector = dict(spec.get("nodeSelector") or {})
        if self.key not in selector:
            return False
        del selector[self.key]
        _put(spec, "nodeSelector", selector)
        return True

    def _drop_affinity(self, spec: Object) -> bool:
        affinity = dict(spec.get("affinity") or {})
        node_affinity = dict(affinity.get("nodeAffinity") or {})
        terms = (node_affinity.get(_REQUIRED) or {}).get("nodeSelectorTerms") or []
        # A term that is empty from the start matches no node; it is none that we emptied.
        terms = [term for term in terms if any((term or {}).values())]
        if not any(r.get("key") == self.key for t in terms for r in t.get(_RULES) or []):
            return False
        relaxed = [self._relaxed(term) for term in terms]
        # One term without requirements means "any node would do": then nothing is required at
        # all, since one of the terms is enough.
        anywhere = any(not any(term.values()) for term in relaxed)
        _put(node_affinity, _REQUIRED, {} if anywhere else {"nodeSelectorTerms": relaxed})
        _put(affinity, "nodeAffinity", node_affinity)
        _put(spec, "affinity", affinity)
        return True

    def _relaxed(self, term: Object) -> Object:
        left = [r for r in term.get(_RULES) or [] if r.get("key") != self.key]
        kept = {field: rules for field, rules in term.items() if field != _RULES}
        return {**kept, _RULES: left} if left else kept

    def command(self) -> str:
        """Return how a human would do it; kubectl has no one-line form for this."""
        return self.edit(f"drop the rules about {self.key}")


def _put(parent: dict[str, Any], key: str, value: Any) -> None:
    """Set a key, or remove it where the value is empty."""
    if value:
        parent[key] = value
    else:
        parent.pop(key, None)
