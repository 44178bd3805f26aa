"""The mark of a fix: set and taken away by the patches of the fix themselves."""

import json
from typing import Any

import jsonpatch
import pytest
from hypothesis import given
from hypothesis import strategies as st

from podiatrist.actions.marker import generation_of, marker_of, marker_on, marking, unmarking
from podiatrist.actions.patches import MISSING, Change, patch_of
from podiatrist.api import names

RUN = marker_of("web-7f3a9c", "9f3c2a7b", "1a2b3c4d")
SCALE = Change(("spec", "replicas"), 1, 3)
FORWARD, BACK = (patch_of([c], "uid-1") for c in (SCALE, SCALE.reversed()))


def deployment(
    annotations: dict[str, str] | None = None, *, generation: int | None = 4
) -> dict[str, Any]:
    metadata: dict[str, Any] = {"name": "web", "uid": "uid-1"}
    if generation is not None:
        metadata["generation"] = generation
    if annotations:
        metadata["annotations"] = annotations
    return {"metadata": metadata, "spec": {"replicas": 1}}


def apply(raw: dict[str, Any], patch: list[dict[str, Any]]) -> dict[str, Any]:
    """Apply a patch as the API server does: a missing value is null in a `test`."""
    for op in patch:
        if op["op"] == "test" and op["value"] is None:
            assert jsonpatch.JsonPointer(op["path"]).resolve(raw, None) is None
    kept = [op for op in patch if op["op"] != "test" or op["value"] is not None]
    done: dict[str, Any] = jsonpatch.apply_patch(raw, kept)
    return done


@pytest.mark.parametrize("annotations", [{}, {"team": "shop"}, {names.FIX: "web-1/0/0"}])
def test_a_fix_sets_the_mark_and_its_way_back_takes_it_away(annotations: dict[str, str]) -> None:
    raw = deployment(annotations)
    fixed = apply(raw, marking(FORWARD, raw, RUN, 4))
    assert (fixed["spec"]["replicas"], marker_on(fixed)) == (3, RUN)
    back = apply(fixed, unmarking(BACK, RUN))
    assert (back["spec"]["replicas"], marker_on(back)) == (1, None)
    others = {k: v for k, v in annotations.items() if k != names.FIX}
    assert (back["metadata"].get("annotations") or {}) == others


def test_a_fix_fits_only_the_object_as_it_was_read() -> None:
    """Whatever changed between the look and the patch: the API server refuses it."""
    raw = deployment({"team": "shop"})
    patch = marking(FORWARD, raw, RUN, 4)
    edited = deployment({"team": "shop"}, generation=5)
    marked = deployment({"team": "shop", names.FIX: "other/0/0"})
    for changed in (edited, marked):
        with pytest.raises((jsonpatch.JsonPatchTestFailed, AssertionError)):
            apply(changed, patch)


def test_an_annotation_that_came_meanwhile_is_not_overwritten() -> None:
    raw = deployment()
    with pytest.raises(AssertionError):
        apply(deployment({"team": "new"}), marking(FORWARD, raw, RUN, 4))


def test_the_way_back_fits_only_where_the_mark_of_its_run_stands() -> None:
    raw = deployment({"team": "shop"})
    fixed = apply(raw, marking(FORWARD, raw, RUN, 4))
    other = marker_of("web-7f3a9c", "9f3c2a7b", "ffffffff")
    with pytest.raises(jsonpatch.JsonPatchTestFailed):
        apply(fixed, unmarking(BACK, other))


def test_objects_without_a_generation_are_held_to_their_resource_version() -> None:
    """A patch that arrives late, after the fix was undone, would else find its old values again."""
    raw = deployment(generation=None)
    raw["metadata"]["resourceVersion"] = "7"
    assert generation_of(raw) == 0
    patch = marking(FORWARD, raw, RUN, 0)
    assert marker_on(apply(raw, patch)) == RUN
    raw["metadata"]["resourceVersion"] = "8"
    with pytest.raises(jsonpatch.JsonPatchTestFailed):
        apply(raw, patch)


def test_the_approved_operations_stand_in_the_middle_unchanged() -> None:
    raw = deployment({"team": "shop"})
    approved = json.loads(FORWARD)
    sent = marking(FORWARD, raw, RUN, 4)
    at = sent.index(approved[0])
    assert sent[at : at + len(approved)] == approved
    added = [op for op in (*sent[:at], *sent[at + len(approved) :]) if op["op"] != "test"]
    assert [op["path"] for op in added] == [f"/metadata/annotations/{names.FIX.replace('/', '~1')}"]


def test_an_annotation_that_a_fix_removes_comes_back() -> None:
    """The only other annotation goes with the fix, and the map itself stays for the mark."""
    change = Change(("metadata", "annotations", "class"), "nginx", MISSING)
    raw = deployment({"class": "nginx"})
    fixed = apply(raw, marking(patch_of([change], "uid-1"), raw, RUN, 4))
    assert fixed["metadata"]["annotations"] == {names.FIX: RUN}
    back = apply(fixed, unmarking(patch_of([change.reversed()], "uid-1"), RUN))
    assert back["metadata"]["annotations"] == {"class": "nginx"}


@given(st.dictionaries(st.text(max_size=5), st.none() | st.integers() | st.text(max_size=5)))
def test_odd_metadata_carries_no_mark(metadata: dict[str, Any]) -> None:
    assert marker_on({"metadata": metadata}) is None
    assert generation_of({"metadata": {"generation": "4"}}) == 0
    assert marker_on({"metadata": None}) is None
    assert marker_on({"metadata": {"annotations": ["x"]}}) is None
