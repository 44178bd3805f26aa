"""One workload before and after a plan, and which of its pods were made of which template."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

from podiatrist.actions.compiler import Plan
from podiatrist.cluster.kinds import CONTROLLER_REVISION, Kind
from podiatrist.cluster.objects import Metadata, Pod, Workload, parse
from podiatrist.cluster.snapshot import Object, Snapshot
from podiatrist.lifecycle.options.consequences.pod_state import is_there

_REVISION = "controller-revision-hash"
"""Label of a pod: the revision that it was made of (by name for StatefulSets, by hash for
DaemonSets)."""

_MARKS = ("pod-template-hash", "$patch")
"""What controllers add to the templates that they keep as revisions."""

_HASH = "controller.kubernetes.io/hash"


def same_template(kind: Kind, one: Object, other: Object) -> bool:
    """Say whether two workloads make the same pods, but for the mark of their revision."""
    return bool(_template(kind, one) == _template(kind, other))


def _template(kind: Kind, raw: Object) -> Any:
    node: Any = raw
    for key in kind.template or ("spec",):  # a Pod is its own template
        node = node.get(key) if isinstance(node, dict) else None
    return _comparable(node)


def _comparable(value: Any) -> Any:
    """Return a value without what says nothing, as controllers compare: null, empty, the hash."""
    if isinstance(value, dict):
        parts = {k: _comparable(v) for k, v in value.items() if k not in _MARKS}
        return {k: v for k, v in parts.items() if v not in (None, {}, [])}
    return [_comparable(v) for v in value] if isinstance(value, list) else value


@dataclass(frozen=True)
class Change:
    """The target before and after, its pods, and the names of those that are deleted."""

    snapshot: Snapshot
    raw: Object
    workload: Workload
    pods: list[Pod]
    deleted: frozenset[str]

    @classmethod
    def of(cls, snapshot: Snapshot, plan: Plan, raw: Object) -> Self:
        """Return the change that makes the target `raw` and deletes the pods that a plan names."""
        deleted = frozenset(p.object.name for p in plan.patches if p.verb == "delete")
        pods = [p for p in snapshot.pods if is_there(p)]
        return cls(snapshot, raw, parse(Workload, raw) or snapshot.workload, pods, deleted)

    @property
    def wanted(self) -> int:
        """How many pods the target wants."""
        return max(0, self.workload.replicas)

    @cached_property
    def new_template(self) -> bool:
        """Whether new pods are made otherwise than before."""
        return not same_template(self.snapshot.kind, self.snapshot.target_raw, self.raw)

    @cached_property
    def same_revisions(self) -> set[str]:
        """Marks of the pods that were made of the very template that the target will have."""
        found = set()
        for raw in self.snapshot.raws(CONTROLLER_REVISION):
            data, metadata = raw.get("data"), parse(Metadata, raw.get("metadata") or {})
            same = isinstance(data, dict) and same_template(self.snapshot.kind, data, self.raw)
            if metadata and same:
                marks = (metadata.labels.get(label, "") for label in (_REVISION, _HASH))
                found |= {metadata.name, *marks}
        return found - {""}

    def is_behind(self, pod: Pod) -> bool:
        """Say whether a pod was made of another template than the target will have."""
        mark = pod.metadata.labels.get(_REVISION, "")
        if not self.same_revisions or not mark:
            return self.new_template
        return mark not in self.same_revisions

    def rolling(self, field: str) -> tuple[str, Mapping[str, Any]]:
        """Return type and parameters of the update strategy."""
        strategy = getattr(self.workload.spec, field)
        rolling = strategy.get("rollingUpdate")
        return str(strategy.get("type") or "RollingUpdate"), (
            rolling if isinstance(rolling, dict) else {}
        )
