"""Patches carry their preconditions and can be taken back, whatever the objects hold."""

import json
from typing import Any

import jsonpatch
import jsonpointer
import pytest
from hypothesis import given
from hypothesis import strategies as st

from podiatrist.actions.patches import (
    changes_between,
    is_applied,
    patch_of,
    pointer,
    would_apply,
)
from podiatrist.api.diagnosis import AppliedPatch, ObjectRef
from tests.unit.builders import copy_of

Object = dict[str, Any]
UID = "uid-1"
REF = ObjectRef(api_version="v1", kind="Node", name="n1")

KEYS = st.sampled_from(["a", "b", "a/b", "~1", "", "0", "é"]) | st.text(max_size=3)
LEAVES = st.booleans() | st.integers(-2, 2) | st.sampled_from(["", "x", "1", "\x7f\u202e\x00"])
VALUES = st.recursive(
    LEAVES | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)
OBJECTS = st.dictionaries(KEYS, VALUES, max_size=4).map(lambda o: {**o, "metadata": {"uid": UID}})


class RefusedError(Exception):
    """The API server found a precondition unmet (422)."""


def send(raw: Object, patch: str) -> Object:
    """Apply a patch as the API server does, with another implementation of RFC 6902.

    Two differences of the API server's library are made up for: in `test`, a missing key of an
    object that is there is null, and values are compared as JSON (to Python, true equals 1).
    """
    done = copy_of(raw)
    for operation in json.loads(patch):
        if operation["op"] == "test":
            if text(found_at(done, operation["path"])) != text(operation["value"]):
                raise RefusedError(operation["path"])
        else:
            done = jsonpatch.apply_patch(done, [operation], in_place=True)
    return done


def found_at(raw: Object, path: str) -> Any:
    *parents, last = jsonpointer.JsonPointer(path).parts
    try:
        found = jsonpointer.JsonPointer.from_parts(parents).resolve(raw)
        if isinstance(found, dict):
            return found.get(last)
        if isinstance(found, list):  # to python's library, text is a list of letters
            return jsonpointer.JsonPointer.from_parts([last]).resolve(found)
    except jsonpointer.JsonPointerException:
        pass
    raise RefusedError(path)


def text(value: Any) -> str:
    """Return the value as JSON: to Python, True equals 1."""
    return json.dumps(value, sort_keys=True)


def there_and_back(a: Object, b: Object) -> tuple[str, str]:
    changes = changes_between(a, b)
    return patch_of(changes, UID), patch_of([c.reversed() for c in reversed(changes)], UID)


@given(OBJECTS, OBJECTS)
def test_the_patch_leads_there_and_the_inverse_back(a: Object, b: Object) -> None:
    forward, back = there_and_back(a, b)
    assert text(send(a, forward)) == text(b)
    assert text(send(b, back)) == text(a)


@given(OBJECTS, OBJECTS)
def test_we_know_beforehand_what_the_api_server_would_say(a: Object, b: Object) -> None:
    forward, back = there_and_back(a, b)
    assert would_apply(a, forward)
    assert is_applied(b, forward)
    assert would_apply(b, back)
    assert is_applied(a, back)
    if text(a) != text(b):
        assert not is_applied(a, forward)
        assert not would_apply(b, forward)


@given(OBJECTS, OBJECTS, OBJECTS)
def test_on_any_other_object_it_applies_exactly_where_we_say_so(
    a: Object, b: Object, other: Object
) -> None:
    forward, _ = there_and_back(a, b)
    try:
        send(other, forward)
    except RefusedError:
        assert not would_apply(other, forward)
    else:
        assert would_apply(other, forward)


@given(OBJECTS, OBJECTS)
def test_an_object_made_anew_is_never_touched(a: Object, b: Object) -> None:
    forward, _ = there_and_back(a, b)
    anew = {**a, "metadata": {"uid": "uid-2"}}
    assert not would_apply(anew, forward)
    assert not is_applied({**b, "metadata": {"uid": "uid-2"}}, forward)
    with pytest.raises(RefusedError):
        send(anew, forward)


@given(OBJECTS, OBJECTS)
def test_storing_a_patch_changes_no_byte_of_it(a: Object, b: Object) -> None:
    b = {**b, "é\x7f": "\u202e\ud800\x9b ü"}
    for patch in there_and_back(a, b):
        assert AppliedPatch(object=REF, patch=patch).patch == patch


@given(OBJECTS)
def test_equal_objects_need_no_change(a: Object) -> None:
    assert changes_between(a, copy_of(a)) == []


@pytest.mark.parametrize(
    ("old", "new"), [({"a": True}, {"a": 1}), ({"a": [0]}, {"a": [False]}), ({"a": 1}, {"a": 1.0})]
)
def test_what_only_python_calls_equal_is_a_change(old: Object, new: Object) -> None:
    assert len(changes_between(old, new)) == 1


def test_a_patch_tests_the_uid_and_each_old_value_first() -> None:
    changes = changes_between(
        {"spec": {"replicas": 3, "paused": True, "same": 1}}, {"spec": {"replicas": 1, "new": "x"}}
    )
    assert json.loads(patch_of(changes[:1], UID)) == [
        {"op": "test", "path": "/metadata/uid", "value": UID},
        {"op": "test", "path": "/spec/new", "value": None},
        {"op": "add", "path": "/spec/new", "value": "x"},
    ]
    verbs = [[op["op"] for op in change.operations()] for change in changes]
    assert verbs == [["test", "add"], ["test", "remove"], ["test", "replace"], ["test", "remove"]]


def test_a_list_that_grows_changes_as_a_whole() -> None:
    (change,) = changes_between({"a": [{"n": 1}, {"n": 2}]}, {"a": [{"n": 0}, {"n": 1}, {"n": 2}]})
    assert change.path == ("a",)
    (change,) = changes_between({"a": [{"n": 1}, {"n": 2}]}, {"a": [{"n": 1}, {"n": 3}]})
    assert change.path == ("a", "1", "n")


def test_keys_with_slashes_and_tildes_are_escaped() -> None:
    assert pointer(("metadata", "labels", "example.com/a~b")) == (
        "/metadata/labels/example.com~1a~0b"
    )


@pytest.mark.parametrize("path", ["/a/²", "/a/-1", "/a/9", "/a/x", "/a/0/b", "/nope/b"])
def test_a_path_that_leads_nowhere_is_missing(path: str) -> None:
    patch = json.dumps([{"op": "test", "path": path, "value": "x"}])
    assert not would_apply({"a": ["x"]}, patch)


@pytest.mark.parametrize(
    ("path", "holds"),
    [("/b", True), ("/a", False), ("/b/c", False), ("/a/9", False), ("/a/0/b", False)],
)
def test_a_missing_key_is_null_and_a_missing_parent_is_nowhere(path: str, holds: bool) -> None:
    patch = json.dumps([{"op": "test", "path": path, "value": None}])
    assert would_apply({"a": ["x"]}, patch) is holds
