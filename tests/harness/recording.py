"""Snapshots as JSON files: recorded on a real cluster, replayed in tests without one."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from podiatrist.cluster.kinds import EVENT, POD, Kind, find_kind
from podiatrist.cluster.logs import ContainerLog
from podiatrist.cluster.snapshot import Snapshot

_NOISE = ("managedFields", "selfLink")


def dump(snapshot: Snapshot) -> dict[str, Any]:
    """Return everything of a snapshot as JSON values."""
    return {
        "kind": f"{snapshot.kind.api_version} {snapshot.kind.kind}",
        "takenAt": snapshot.taken_at.isoformat(),
        "target": _quiet(snapshot.target_raw),
        "pods": msgspec.to_builtins(snapshot.pods),
        "events": msgspec.to_builtins(snapshot.events),
        "around": {_text(k): [_quiet(o) for o in v] for k, v in snapshot.around.items()},
        "names": {_text(k): sorted(v) for k, v in snapshot.names.items()},
        "namespacePods": msgspec.to_builtins(snapshot.namespace_pods),
        "clusterPods": msgspec.to_builtins(snapshot.cluster_pods),
        "logs": [vars(log) for log in snapshot.logs],
    }


def load(path: Path) -> Snapshot:
    """Return the snapshot of a recording."""
    told = json.loads(path.read_text("utf-8"))
    objects = {_kind(k): v for k, v in told["around"].items()}
    return Snapshot.of(
        _kind(told["kind"]),
        told["target"],
        datetime.fromisoformat(told["takenAt"]),
        {**objects, POD: told["pods"], EVENT: told["events"]},
        told["clusterPods"],
        told["namespacePods"],
        {_kind(k): frozenset(v) for k, v in told["names"].items()},
        [ContainerLog(**log) for log in told["logs"]],
    )


def texts(snapshot: Snapshot) -> list[str]:
    """Return every text that a finding may quote: strings, and objects as compact JSON."""
    told = dump(snapshot)
    found: list[str] = []
    _collect(told, found)
    return found


def _collect(value: Any, found: list[str]) -> None:
    if isinstance(value, str):
        found.append(value)
        return
    if isinstance(value, dict):
        found.append(json.dumps(value, separators=(",", ":"), sort_keys=True, ensure_ascii=False))
        for inner in value.values():
            _collect(inner, found)
    elif isinstance(value, list):
        for inner in value:
            _collect(inner, found)


def _quiet(raw: dict[str, Any]) -> dict[str, Any]:
    metadata = {k: v for k, v in (raw.get("metadata") or {}).items() if k not in _NOISE}
    return {**raw, "metadata": metadata}


def _text(kind: Kind) -> str:
    return f"{kind.api_version} {kind.kind}"


def _kind(text: str) -> Kind:
    version, _, name = text.partition(" ")
    found = find_kind(version, name)
    assert found is not None, text
    return found
