"""An option as a change for the repository: what its patches do, as kustomize takes it.

The text is an entry of `patches:` in a kustomization.yaml, RFC 6902 operations without our `test`
operations: a manifest has no UID, and lacks what the API server filled in. For that reason a
field is set by `add`, which also replaces (RFC 6902, 4.1), and as part of the nearest thing above
it that stands in the manifest.

Source: https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/patches/.
"""

import copy
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import yaml

from podiatrist.actions.diff import masked
from podiatrist.actions.patches import (
    MISSING,
    Change,
    Object,
    Patch,
    changes_of,
    parts_of,
    pointer,
    value_at,
)
from podiatrist.api import names
from podiatrist.api.diagnosis import AppliedPatch, ObjectRef, RepositoryChange
from podiatrist.api.text import clip
from podiatrist.cluster.managed_by import ManagedBy
from podiatrist.cluster.snapshot import compact

_PATCH_LIMIT = 4096
_HINT_LIMIT = 256
_NOTE_LIMIT = 140

_FILLED_IN = (("spec", "strategy"), ("spec", "updateStrategy"))
"""Fields that the API server fills in as a whole: a manifest may well lack them."""

_PLAIN = re.compile(r"[A-Za-z0-9/_.~-]+")
_KEY = re.compile(r"[a-z][A-Za-z0-9]+")


def repository_change(
    managed: ManagedBy, patches: Sequence[AppliedPatch], live: Mapping[ObjectRef, Object]
) -> RepositoryChange:
    """Return the patches of objects that are managed as a change for their repository.

    `live` are the objects as they are. What looks like a secret is left out, since masked it would
    be another value, and a text too long for a Diagnosis as a whole; the hint says so.
    """
    entries, notes = [], []
    for patch in patches:
        operations = []
        raw = live[patch.object]
        after = _after(changes_of(patch.patch), raw)
        shown = masked(after)
        for operation in manifest_operations(patch.patch, raw):
            if _is_secret(operation, after, shown):
                notes.append(f"left out, since it may be secret: {operation['path']}")
            else:
                operations.append(operation)
        if operations:
            entries.append(_entry(patch.object, operations))
    text = "patches:\n" + "".join(entries) if entries else ""
    if len(text) > _PATCH_LIMIT:
        text, notes = "", ["the patch is too long to be shown: see the commands"]
    note = clip("; ".join(notes), _NOTE_LIMIT)
    room = _HINT_LIMIT - (len(note) + 2 if note else 0)
    return RepositoryChange(
        manager=managed.manager,
        source=managed.source,
        hint="; ".join(filter(None, (clip(managed.hint, room), note))),
        patch=text,
    )


def manifest_operations(patch: str, raw: Object) -> Patch:
    """Return what a patch of ours does to an object as operations that fit its manifest."""
    changes = changes_of(patch)
    after = _after(changes, raw)
    found: dict[str, dict[str, Any]] = {}
    for change in changes:
        for operation in _operations(change, raw, after):
            found.setdefault(compact(operation), operation)
    return list(found.values())


def _operations(change: Change, raw: Object, after: Object) -> Iterator[dict[str, Any]]:
    if _is_mark(change):
        return
    path = _in_manifest(change.path, raw)
    old, new = value_at(raw, path), value_at(after, path)
    if new is MISSING:
        yield {"op": "remove", "path": pointer(path)}
    elif isinstance(value_at(raw, path[:-1]), list):
        yield {"op": "replace", "path": pointer(path), "value": new}  # `add` would insert here
    elif isinstance(old, list) and isinstance(new, list) and old and new[: len(old)] == old:
        for item in new[len(old) :]:
            yield {"op": "add", "path": pointer((*path, "-")), "value": item}
    else:
        yield {"op": "add", "path": pointer(path), "value": new}


def _in_manifest(path: tuple[str, ...], raw: Object) -> tuple[str, ...]:
    """Return the path, or the nearest above it whose parent a manifest is sure to have."""
    for whole in _FILLED_IN:
        if path[: len(whole)] == whole:
            return whole
    while len(path) > 1 and value_at(raw, path[:-1]) in ({}, MISSING):
        path = path[:-1]
    return path


def _is_mark(change: Change) -> bool:
    """Whether a change is but an annotation of ours."""
    path, new = change.path, change.new
    keys = path[2:3] or (tuple(new) if isinstance(new, dict) else ())
    ours = all(str(key).startswith(f"{names.GROUP}/") for key in keys)
    return path[:2] == ("metadata", "annotations") and bool(keys) and ours


def _after(changes: Sequence[Change], raw: Object) -> Object:
    after = copy.deepcopy(raw)
    for change in changes:
        _make(after, change)
    return after


def _is_secret(operation: Mapping[str, Any], after: Object, shown: Object) -> bool:
    """Whether a value is masked where it will stand: what is beside it tells of a secret."""
    if "value" not in operation:
        return False
    path = parts_of(operation["path"])
    if path[-1] != "-":
        return bool(value_at(shown, path) != value_at(after, path))
    beside = zip(value_at(after, path[:-1]), value_at(shown, path[:-1]), strict=True)
    return any(item == operation["value"] != kept for item, kept in beside)


def _entry(ref: ObjectRef, operations: Patch) -> str:
    """Return one entry of `patches:`. A target's name is a regular expression there."""
    group, _, version = ref.api_version.rpartition("/")
    target = [f"group: {group}"] if group else []
    name = json.dumps(ref.name.replace(".", r"\."))
    target += [f"version: {version}", f"kind: {ref.kind}", f"name: {name}"]
    lines = ["- target:", *(f"    {line}" for line in target), "  patch: |-"]
    for operation in operations:
        lines += [f"    {line}" for line in _operation_lines(operation)]
    return "\n".join(lines) + "\n"


def _operation_lines(operation: Mapping[str, Any]) -> list[str]:
    path = str(operation["path"])
    shown = path if _PLAIN.fullmatch(path) else json.dumps(path)
    lines = [f"- op: {operation['op']}", f"  path: {shown}"]
    if "value" in operation:
        value = yaml.dump({"value": operation["value"]}, Dumper=_Quoting, width=1_000_000)
        lines += [f"  {line}" for line in value.splitlines()]
    return lines


class _Quoting(yaml.SafeDumper):
    """Quotes every text but keys: to kustomize's YAML `1e3` and `0o7` are numbers, to ours not."""

    def represent_mapping(
        self, tag: str, mapping: Any, flow_style: bool | None = None
    ) -> yaml.MappingNode:
        node = super().represent_mapping(tag, mapping, flow_style)
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and _KEY.fullmatch(key.value):
                key.style = None
        return node

    def ignore_aliases(self, data: Any) -> bool:
        return True


_Quoting.add_representer(
    str,
    lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"'),
)


def _make(raw: Object, change: Change) -> None:
    """Make a change in place; in a list it only ever replaces an element."""
    parent, last = value_at(raw, change.path[:-1]), change.path[-1]
    if isinstance(parent, list):
        parent[int(last)] = change.new
    elif change.new is MISSING:
        parent.pop(last, None)
    else:
        parent[last] = copy.deepcopy(change.new)
