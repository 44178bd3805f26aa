"""Ways into a workload's pod spec that create nothing and fail with a word."""

from typing import Any

from podiatrist.actions.base import ActionError, Object
from podiatrist.cluster.kinds import Kind


def pod_spec(kind: Kind, raw: Object) -> Object:
    """Return the pod spec inside a workload (or a pod), to be changed in place.

    Raises ActionError where there is none.
    """
    node: Any = raw
    for key in (*(kind.template or ()), "spec"):
        node = node.get(key) if isinstance(node, dict) else None
    if not isinstance(node, dict):
        raise ActionError(f"this {kind.kind} has no pod spec")
    return node


def container(spec: Object, name: str) -> Object:
    """Return the container or init container of that name. Raises ActionError."""
    for group in ("containers", "initContainers"):
        for found in spec.get(group) or []:
            if isinstance(found, dict) and found.get("name") == name:
                return found
    raise ActionError(f"there is no container {name!r}")
