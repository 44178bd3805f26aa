"""Who changed the spec of an object, from what the API server keeps about field managers."""

from datetime import datetime
from typing import Any

from podiatrist.actions.base import Object

_OURS = "podiatrist"


def who_changed(raw: Object, since: datetime) -> str:
    """Return the field manager that changed the spec last, `somebody` where none is known.

    The names are chosen by the clients: they are a hint for a human, never a proof.
    """
    entries = (raw.get("metadata") or {}).get("managedFields") or []
    found = [entry for entry in entries if isinstance(entry, dict) and _is_other(entry, since)]
    if not found:
        return "somebody"
    last = max(found, key=_time)
    return f"{last['manager']} ({last.get('operation') or 'Update'} at {_time(last)})"


def _is_other(entry: dict[str, Any], since: datetime) -> bool:
    """Whether an entry is about the spec, of another client, and not older (whole seconds)."""
    try:
        changed = datetime.fromisoformat(_time(entry))
    except ValueError:
        return False
    return (
        "f:spec" in (entry.get("fieldsV1") or {})
        and entry.get("subresource") != "status"
        and not str(entry.get("manager") or _OURS).startswith(_OURS)
        and changed >= since.replace(microsecond=0)
    )


def _time(entry: dict[str, Any]) -> str:
    return str(entry.get("time") or "")
