"""Parts of the target's pod template as the API server gave them: what findings quote."""

from typing import Any

from podiatrist.api.diagnosis import Evidence
from podiatrist.cluster.redaction_words import without_secret_words
from podiatrist.cluster.snapshot import Snapshot, compact


def raw_container(snapshot: Snapshot, name: str) -> dict[str, Any]:
    """Return a container of the target's template, no secret in its commands; else nothing."""
    node: Any = snapshot.target_raw
    for key in (*(snapshot.kind.template or ()), "spec"):
        node = node.get(key) if isinstance(node, dict) else None
    for group in ("containers", "initContainers"):
        found = node.get(group) if isinstance(node, dict) else None
        for container in found if isinstance(found, list) else []:
            if isinstance(container, dict) and container.get("name") == name:
                shown: dict[str, Any] = without_secret_words(container)
                return shown
    return {}


def spec_evidence(snapshot: Snapshot, part: Any) -> list[Evidence]:
    """Return a part of the target's spec as evidence, without secrets; nothing for an empty one."""
    if not part:
        return []
    kind = snapshot.kind.kind.lower()
    source = f"kubectl -n {snapshot.namespace} get {kind} {snapshot.metadata.name} -o json"
    return [Evidence(source=source, quote=compact(without_secret_words(part)))]
