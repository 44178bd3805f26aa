"""What executors really did in the stories' namespaces, from the API server's audit log."""

import hashlib
import json
from collections import Counter
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from podiatrist.api import names

_EXECUTOR = b"system:serviceaccount:podiatrist:executor"
_OWN = {names.PLURAL, "events"}
"""Resources that tell of the work and are not it."""

Sent = Counter[str]
"""How often each change was made: `patch deployments/web #1f3a`, by its bytes."""


def sent(audit_log: Path, namespaces: Collection[str]) -> dict[str, Sent]:
    """Return what was changed in each namespace, and how often. Dry runs change nothing."""
    found: dict[str, Sent] = {namespace: Counter() for namespace in namespaces}
    for entry in _changes(audit_log):
        about = entry.get("objectRef") or {}
        namespace = about.get("namespace")
        if namespace in found and about.get("resource") not in _OWN:
            found[namespace][_told(entry)] += 1
    return found


def _changes(audit_log: Path) -> Iterator[dict[str, Any]]:
    """Yield the writes of executors that the API server accepted; a long log is in two files."""
    for file in sorted(audit_log.parent.glob(f"{audit_log.stem}*{audit_log.suffix}")):
        with file.open("rb") as lines:
            for line in lines:
                if _EXECUTOR not in line or b'"stage":"ResponseComplete"' not in line:
                    continue
                entry = json.loads(line)
                if (
                    entry["verb"] not in ("get", "list", "watch")
                    and entry["user"]["username"].encode() == _EXECUTOR
                    and entry["responseStatus"]["code"] < 300
                    and "dryRun" not in entry["requestURI"]
                ):
                    yield entry


def _told(entry: dict[str, Any]) -> str:
    about = entry["objectRef"]
    body = json.dumps(entry.get("requestObject"), sort_keys=True).encode()
    digest = hashlib.sha256(body).hexdigest()[:6]
    return f"{entry['verb']} {about['resource']}/{about.get('name', '')} #{digest}"
