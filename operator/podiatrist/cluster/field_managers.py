"""Who set which fields of an object, and when, as `metadata.managedFields` tells it.

The API server keeps that record; but anybody who may write the object can wipe it, and names in
it are the clients' own. So it explains, and proves nothing: where it is missing or odd, nothing is
returned, and nothing here raises.

Source: the format of FieldsV1 in sigs.k8s.io/structured-merge-diff (`f:` field, `k:` list item by
its keys, `v:` list item by its value, `i:` by its place, `.` the thing itself), and
https://kubernetes.io/docs/reference/using-api/server-side-apply/#field-management. The time of an
entry is that of its last change; what was read back of one field may be older than that.
"""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from podiatrist.api.text import clip

Object = dict[str, Any]

_MOST_ENTRIES = 100
_MOST_NODES = 5000
_MOST_PATHS = 50
_DEEPEST = 100
_LONGEST_PATH = 200
_LONGEST_KEY = 1000
_LONGEST_NAME = 128
_LONGEST_SENTENCE = 300
_PATHS_TOLD = 3
_LONG_AGO = datetime.min.replace(tzinfo=UTC)

_PLAIN = re.compile(r"[A-Za-z_$][A-Za-z0-9_$-]*")
_INDEX = re.compile(r"[0-9]{1,9}")

_KNOWN = {
    "kube-controller-manager": "an autoscaler or another controller",
    "argocd-controller": "Argo CD",
    "argocd-application-controller": "Argo CD",
    "kustomize-controller": "Flux",
    "helm-controller": "Flux",
    "helm": "Helm",
    "podiatrist-executor": "a fix of ours",
}


@dataclass(frozen=True)
class FieldChange:
    """What one manager changed at one time; `paths` as `spec.template.spec.containers[app].image`.

    `subresource` is the way by which it came: `scale` for autoscalers and `kubectl scale`, whose
    time the API server does not record (seen on 1.37): `time` is None then.
    """

    manager: str
    time: datetime | None
    paths: tuple[str, ...]
    subresource: str = ""


@dataclass(frozen=True)
class FieldOwner:
    """The last manager that set a field, and when its entry last changed (None: not told)."""

    manager: str
    time: datetime | None
    subresource: str = ""


@dataclass(frozen=True)
class _Entry:
    manager: str
    subresource: str
    time: datetime | None
    fields: Object


def changed_since(raw: Object, since: datetime, under: str = "spec") -> list[FieldChange]:
    """Return who owns fields below `under` and changed some of his after `since`, newest first.

    `under` is a dotted path of plain fields. Times of managers are whole seconds: a change within
    the second of `since` is not told. Who came through subresource scale is told last, without a
    time: it may have been before.
    """
    since = since if since.tzinfo else since.replace(tzinfo=UTC)
    prefix = tuple(f"f:{part}" for part in under.split("."))
    changes = []
    for entry in _entries(raw):
        if entry.time <= since if entry.time else entry.subresource != "scale":
            continue
        paths = tuple(_readable(keys) for keys in _leaves_below(entry.fields, prefix))
        if paths:
            changes.append(FieldChange(entry.manager, entry.time, paths, entry.subresource))
    return sorted(changes, key=lambda change: change.time or _LONG_AGO, reverse=True)


def owner_of(raw: Object, path: tuple[str, ...]) -> FieldOwner | None:
    """Return the last manager that set a field, None where nobody is known to have.

    `path` are map keys, and indexes where the object has a list:
    ("metadata", "annotations", "podiatrist.dev/approve"),
    ("spec", "template", "spec", "containers", "0", "image").
    """
    owners = [entry for entry in _entries(raw) if _owns(entry.fields, path, raw)]
    if not owners:
        return None
    last = sorted(owners, key=lambda e: e.time or _LONG_AGO)[-1]
    return FieldOwner(last.manager, last.time, last.subresource)


def managers_of(raw: Object, field: str) -> frozenset[str]:
    """Return who owns something below a top-level field, status and scale aside."""
    return frozenset(
        entry.manager
        for entry in _entries(raw)
        if not entry.subresource and f"f:{field}" in entry.fields
    )


def described(manager: str, subresource: str = "") -> str:
    """Return a manager's name with what it stands for: `argocd-controller (Argo CD)`."""
    what = _KNOWN.get(manager, "")
    if subresource == "scale":
        by = "an autoscaler, " if manager == "kube-controller-manager" else ""
        what = f"{by}through subresource scale"
    return clip(f"{manager} ({what})" if what else manager, _LONGEST_NAME)


def describe_changes(changes: Sequence[FieldChange]) -> str:
    """Return the changes as a sentence of at most 300 characters; empty where there are none."""
    told: list[str] = []
    for change in changes:
        shown = ", ".join(change.paths[:_PATHS_TOLD])
        more = len(change.paths) - _PATHS_TOLD
        what = f"{shown} and {more} more" if more > 0 else shown
        told.append(f"{what} by {described(change.manager, change.subresource)} {at(change.time)}")
        if len("; ".join(told)) > _LONGEST_SENTENCE:
            break
    return clip("; ".join(told), _LONGEST_SENTENCE)


def at(time: datetime | None) -> str:
    """Return a time of a manager as people read it: `at 14:03:07 UTC`."""
    return f"at {time.astimezone(UTC):%H:%M:%S} UTC" if time else "at a time that is not recorded"


def _entries(raw: Object) -> list[_Entry]:
    listed = _mapping(_mapping(raw).get("metadata")).get("managedFields")
    found = []
    for item in listed[:_MOST_ENTRIES] if isinstance(listed, list) else []:
        entry = _mapping(item)
        manager, subresource = entry.get("manager"), entry.get("subresource")
        if not isinstance(manager, str) or not manager:
            continue
        found.append(
            _Entry(
                manager=clip(manager, _LONGEST_NAME),
                subresource=clip(subresource, 32) if isinstance(subresource, str) else "",
                time=_time(entry.get("time")),
                fields=_mapping(entry.get("fieldsV1")),
            )
        )
    return found


def _mapping(value: Any) -> Object:
    return value if isinstance(value, dict) else {}


def _time(text: Any) -> datetime | None:
    if not isinstance(text, str):
        return None
    try:
        parsed = datetime.fromisoformat(text)
        return (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _leaves_below(fields: Object, prefix: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """Yield the owned fields below a prefix, or what is owned as a whole above it."""
    node: Any = fields
    for depth, key in enumerate(prefix):
        if depth and node == {}:
            yield prefix[:depth]
            return
        if not isinstance(node, dict) or key not in node:
            return
        node = node[key]
    pending: list[tuple[tuple[str, ...], Any]] = [(prefix, node)]
    paths = nodes = 0
    while pending and paths < _MOST_PATHS and nodes < _MOST_NODES:
        keys, node = pending.pop()
        nodes += 1
        inner = [k for k in node if k != "."] if isinstance(node, dict) else []
        if inner and len(keys) < _DEEPEST:
            pending += [((*keys, str(k)), node[k]) for k in reversed(inner[:_MOST_NODES])]
        else:
            paths += 1
            yield keys


def _owns(fields: Object, path: tuple[str, ...], raw: Object) -> bool:
    """Whether an entry's fields hold a path, or something above it as a whole."""
    node: Any = fields
    live: Any = raw
    for depth, part in enumerate(path):
        if not isinstance(node, dict):
            return False
        if depth and not node:
            return True  # an empty set at a field: it is owned with all that is in it
        if isinstance(live, list):
            if not _INDEX.fullmatch(part) or int(part) >= len(live):
                return False
            live = live[int(part)]
            key = next((k for k in node if _is_item(str(k), live, part)), None)
        else:
            live = live.get(part) if isinstance(live, dict) else None
            key = f"f:{part}"
        if key is None or key not in node:
            return False
        node = node[key]
    return bool(path)


def _is_item(key: str, item: Any, index: str) -> bool:
    """Whether a key of FieldsV1 means this item of a list."""
    kind, _, text = key.partition(":")
    if kind == "i":
        return text == index
    value = _json(text) if kind in ("k", "v") else None
    if kind == "v":
        return value is not None and value == item
    return (
        isinstance(value, dict)
        and bool(value)
        and isinstance(item, dict)
        and all(item.get(name) == wanted for name, wanted in value.items())
    )


def _json(text: str) -> Any:
    if len(text) > _LONGEST_KEY:
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _readable(keys: Sequence[str]) -> str:
    """Return a path of FieldsV1 as people write it, what is no plain name in brackets."""
    text = ""
    for key in keys:
        kind, _, rest = key.partition(":")
        if kind == "f" and _PLAIN.fullmatch(rest):
            text += f".{rest}" if text else rest
        elif kind == "k":
            text += f"[{_item_name(rest)}]"
        else:
            text += f"[{rest or key}]"
        if len(text) > _LONGEST_PATH:
            break
    return clip(text, _LONGEST_PATH)


def _item_name(text: str) -> str:
    """Return what a list item is called by: its name, else its keys' values: `80,TCP`."""
    keys = _json(text)
    if not isinstance(keys, dict) or not keys:
        return text
    name = keys.get("name")
    return name if isinstance(name, str) else ",".join(str(value) for value in keys.values())
