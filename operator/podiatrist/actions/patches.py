"""JSON patches that carry their own preconditions, and their inverse.

Every change is a path with an old and a new value. Forward, the patch tests the old value and
writes the new one; the inverse tests the new one and writes the old one back. A patch therefore
either finds the object as it was when the human approved, or changes nothing. Both also test the
UID, so that an object made anew under the same name is never touched, and the name of each element
of a list that they go into, so that no other one is that stands there by then.
"""

import json
import re
from dataclasses import dataclass
from typing import Any

from podiatrist.actions.elements import elements_on
from podiatrist.api.text import clean
from podiatrist.cluster.snapshot import compact

Object = dict[str, Any]
Patch = list[dict[str, Any]]


class _Missing:
    """Stands for a value that is not there, which null is not."""


MISSING = _Missing()

_NOWHERE = _Missing()
"""Stands for a path whose parent is not there: no `test` of it holds."""

_UNUSUAL = re.compile(r"[^ -~]")
_INDEX = re.compile(r"[0-9]{1,9}")


@dataclass(frozen=True)
class Change:
    """One path whose value changes; a side may be MISSING."""

    path: tuple[str, ...]
    old: Any
    new: Any

    def reversed(self) -> "Change":
        """Return the change that takes this one back."""
        return Change(self.path, self.new, self.old)

    def operations(self) -> Patch:
        """Return the RFC 6902 operations: test the old value, then write the new one.

        The API server's patch library takes a missing value for null in `test`.
        """
        path = pointer(self.path)
        test = {"op": "test", "path": path, "value": None if self.old is MISSING else self.old}
        if self.new is MISSING:
            return [test, {"op": "remove", "path": path}]
        verb = "add" if self.old is MISSING else "replace"
        return [test, {"op": verb, "path": path, "value": self.new}]


def pointer(path: tuple[str, ...]) -> str:
    """Return an RFC 6901 pointer."""
    return "".join("/" + part.replace("~", "~0").replace("/", "~1") for part in path)


def changes_between(old: Any, new: Any, path: tuple[str, ...] = ()) -> list[Change]:
    """Return the smallest changes that turn `old` into `new`.

    Lists of equal length are compared element by element; any other list changes as a whole, so
    that no index ever means another element than the human saw.
    """
    if isinstance(old, dict) and isinstance(new, dict):
        return [
            change
            for key in sorted({*old, *new})
            for change in changes_between(
                old.get(key, MISSING), new.get(key, MISSING), (*path, key)
            )
        ]
    if isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        return [
            change
            for index, pair in enumerate(zip(old, new, strict=True))
            for change in changes_between(*pair, (*path, str(index)))
        ]
    return [] if _equal(old, new) else [Change(path, old, new)]


def patch_of(changes: list[Change], uid: str, before: Object | None = None) -> str:
    """Return the patch as the exact text that is hashed, stored and sent.

    `before` is the object that is changed; names are tested before the first change to one.
    What a status does not take (control characters, bidirectional marks, see `api.text`) is
    written as JSON escapes, so that no cleaning ever changes a patch.
    """
    operations: Patch = [{"op": "test", "path": "/metadata/uid", "value": uid}]
    for path, value in elements_on([change.path for change in changes], before):
        operations.append({"op": "test", "path": pointer(path), "value": value})
    for change in changes:
        operations += change.operations()
    return _UNUSUAL.sub(_escaped, compact(operations))


def changes_of(patch: str) -> list[Change]:
    """Return the changes that `patch_of` made a patch of; what is not tested first is none."""
    operations: Patch = json.loads(patch)
    tested = {op["path"]: op["value"] for op in operations if op["op"] == "test"}
    return [
        Change(
            parts_of(op["path"]),
            MISSING if op["op"] == "add" else tested[op["path"]],
            MISSING if op["op"] == "remove" else op["value"],
        )
        for op in operations
        if op["op"] != "test" and op["path"] in tested
    ]


def deletion_of(uid: str) -> str:
    """Return the DeleteOptions of a deletion, as the exact text that is hashed, stored and sent.

    No resourceVersion: the status of a sick pod changes all the time, and that changes nothing.
    """
    options = {"apiVersion": "v1", "kind": "DeleteOptions", "preconditions": {"uid": uid}}
    return _UNUSUAL.sub(_escaped, compact(options))


def _escaped(found: re.Match[str]) -> str:
    letter = found[0]
    return letter if clean(letter) == letter else f"\\u{ord(letter):04x}"


def parts_of(path: str) -> tuple[str, ...]:
    """Return the path of an RFC 6901 pointer."""
    return tuple(part.replace("~1", "/").replace("~0", "~") for part in path.split("/")[1:])


def value_at(raw: Any, path: tuple[str, ...]) -> Any:
    """Return what is at a path, MISSING where nothing is."""
    found = _lookup(raw, pointer(path))
    return MISSING if found is _NOWHERE else found


def is_at(raw: Any, path: tuple[str, ...], value: Any) -> bool:
    """Say whether a value is at a path; for null and MISSING, whether none is."""
    return _same(value_at(raw, path), None if value is MISSING else value)


def _lookup(raw: Any, path: str) -> Any:
    node = raw
    for part in parts_of(path):
        if isinstance(node, dict):
            node = node.get(part, MISSING)
        elif isinstance(node, list) and _INDEX.fullmatch(part) and int(part) < len(node):
            node = node[int(part)]
        else:
            return _NOWHERE
    return node


def is_same_object(raw: Object, patch: str) -> bool:
    """Say whether an object is the one that a patch was made for, and not one made anew."""
    return all(
        _same(_lookup(raw, op["path"]), op["value"])
        for op in json.loads(patch)
        if op["op"] == "test" and op["path"] == "/metadata/uid"
    )


def is_same_place(raw: Object, patch: str) -> bool:
    """Say whether the paths of a patch still lead into the elements that it was made for."""
    operations: Patch = json.loads(patch)
    written = {op["path"] for op in operations if op["op"] != "test"}
    return all(
        _same(_lookup(raw, op["path"]), op["value"])
        for op in operations
        if op["op"] == "test" and op["path"] not in written
    )


def would_apply(raw: Object, patch: str) -> bool:
    """Say whether every `test` of a patch holds for an object."""
    return not unmet(raw, patch)


def unmet(raw: Object, patch: str) -> list[str]:
    """Return the paths whose `test` in a patch does not hold for an object."""
    return [
        op["path"]
        for op in json.loads(patch)
        if op["op"] == "test" and not _same(_lookup(raw, op["path"]), op["value"])
    ]


def is_applied(raw: Object, patch: str) -> bool:
    """Say whether an object already is what a patch makes of it (and is the same object)."""
    return is_same_place(raw, patch) and all(
        _lookup(raw, op["path"]) is MISSING
        if op["op"] == "remove"
        else _same(_lookup(raw, op["path"]), op["value"])
        for op in json.loads(patch)
        if op["op"] != "test"
    )


def _same(found: Any, wanted: Any) -> bool:
    return wanted is None if found is MISSING else _equal(found, wanted)


def _equal(one: Any, other: Any) -> bool:
    """Compare as JSON does: to Python, true is 1 and 1 is 1.0."""
    if isinstance(one, _Missing) or isinstance(other, _Missing):
        return one is other
    return compact(one) == compact(other)
