"""Who set what, from managedFields as a real API server keeps them, and from none or odd ones."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot

from podiatrist.cluster.field_managers import (
    FieldChange,
    FieldOwner,
    changed_since,
    describe_changes,
    managers_of,
    owner_of,
)

DATA = Path(__file__).parent / "data" / "managed_fields"
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
IMAGE = ("spec", "template", "spec", "containers", "0", "image")


def recorded(name: str) -> Any:
    return json.loads((DATA / f"{name}.json").read_text())


def touched(raw: Any) -> datetime:
    """Return when it was created, by the clock of the recording."""
    return datetime.fromisoformat(raw["metadata"]["creationTimestamp"])


def test_users_of_kubectl_are_told_apart_newest_first() -> None:
    """Given apply, set image, edit, annotate: each is told with the fields that are its own."""
    web = recorded("kubectl-users")
    since = touched(web)
    assert [(c.manager, c.paths) for c in changed_since(web, since)] == snapshot(
        [
            ("kubectl-edit", ("spec.template.spec.containers[side].image",)),
            ("kubectl-set", ("spec.template.spec.containers[app].image",)),
        ]
    )
    assert describe_changes(changed_since(web, since)) == (
        "spec.template.spec.containers[side].image by kubectl-edit at 18:41:54 UTC; "
        "spec.template.spec.containers[app].image by kubectl-set at 18:41:53 UTC"
    )


def test_annotations_and_ports_are_written_as_people_write_them() -> None:
    web = recorded("kubectl-users")
    below = [path for c in changed_since(web, LONG_AGO, "metadata") for path in c.paths]
    assert "metadata.annotations[podiatrist.dev/approve]" in below
    ports = [p for c in changed_since(web, LONG_AGO) for p in c.paths if "ports" in p]
    assert "spec.template.spec.containers[app].ports[80,TCP].containerPort" in ports


def test_the_owner_of_an_annotation_is_who_annotated() -> None:
    web = recorded("kubectl-users")
    owner = owner_of(web, ("metadata", "annotations", "podiatrist.dev/approve"))
    assert owner == FieldOwner("kubectl-annotate", datetime(2026, 11, 27, 18, 41, 56, tzinfo=UTC))
    assert owner_of(web, ("metadata", "annotations", "podiatrist.dev/reject")) is None


def test_an_index_is_found_by_the_keys_of_its_item() -> None:
    """Given two containers, the index of each leads to the one of that name."""
    web = recorded("kubectl-users")
    assert str(getattr(owner_of(web, IMAGE), "manager", None)) == "kubectl-set"
    side = (*IMAGE[:-2], "1", "image")
    assert str(getattr(owner_of(web, side), "manager", None)) == "kubectl-edit"
    assert owner_of(web, (*IMAGE[:-2], "2", "image")) is None


def test_a_fix_and_who_took_it_back_are_told_by_the_field_alone() -> None:
    fixed, back = recorded("argo-cd-fixed"), recorded("argo-cd-taken-back")
    assert str(getattr(owner_of(fixed, IMAGE), "manager", None)) == "podiatrist-executor"
    assert str(getattr(owner_of(back, IMAGE), "manager", None)) == "argocd-controller"


def test_an_autoscaler_is_named_though_its_time_is_not_recorded() -> None:
    """Given an HPA that scaled (subresource scale, an entry without a time), it is told last."""
    web = recorded("autoscaled")
    (change,) = changed_since(web, touched(web) + timedelta(days=1))
    assert change == FieldChange("kube-controller-manager", None, ("spec.replicas",), "scale")
    assert describe_changes([change]) == (
        "spec.replicas by kube-controller-manager (an autoscaler, through subresource scale) "
        "at a time that is not recorded"
    )
    owner = owner_of(web, ("spec", "replicas"))
    assert owner == FieldOwner("kube-controller-manager", None, "scale")


def test_what_is_owned_as_a_whole_is_owned_with_all_that_is_in_it() -> None:
    web = recorded("kubectl-users")
    inner = owner_of(web, ("spec", "selector", "matchLabels", "app"))
    assert str(getattr(inner, "manager", None)) == "kubectl-client-side-apply"


def test_managers_of_status_and_scale_own_no_spec() -> None:
    assert managers_of(recorded("argo-cd-taken-back"), "spec") == {"argocd-controller"}
    assert managers_of(recorded("autoscaled"), "spec") == {"kubectl-create"}


@pytest.mark.parametrize(
    "metadata",
    [
        {},
        {"managedFields": None},
        {"managedFields": []},
        {"managedFields": [{}]},
        {"managedFields": [{"manager": "a", "time": "yesterday", "fieldsV1": {"f:spec": []}}]},
        {"managedFields": [{"manager": 7, "fieldsV1": {"f:spec": {"f:a": {}}}}]},
        {"managedFields": {"manager": "a"}},
    ],
)
def test_wiped_or_odd_records_tell_nothing(metadata: Any) -> None:
    raw = {"metadata": metadata}
    assert changed_since(raw, LONG_AGO) == []
    assert owner_of(raw, ("spec", "replicas")) is None
    assert describe_changes([]) == ""


def test_a_deep_and_wide_record_costs_little_and_is_cut() -> None:
    deep: Any = {}
    for _ in range(3000):
        deep = {"f:a": deep}
    wide: Any = {f"f:{n}": {} for n in range(20_000)}
    broken: Any = {'k:{"name":' + "[" * 900: {}}
    entries = [
        {"manager": "m" * 9000, "time": "2026-11-03T12:00:00Z", "fieldsV1": {"f:spec": fields}}
        for fields in (deep, wide, broken)
    ]
    raw = {"metadata": {"managedFields": entries}}
    told = describe_changes(changed_since(raw, LONG_AGO))
    assert 0 < len(told) <= 300
    assert owner_of(raw, ("spec", *["a"] * 2000)) is not None


ODD = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text()
    | st.sampled_from(["0001-01-01T00:00:00+14:00"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "f:spec",
                    "f:a",
                    "k:{",
                    'k:{"name":"x"}',
                    "k:[]",
                    "v:1",
                    "v:",
                    "i:0",
                    ".",
                    "",
                    "f:",
                ]
            )
            | st.text(),
            inner,
            max_size=3,
        )
    ),
    max_leaves=20,
)
ENTRY = st.fixed_dictionaries(
    {},
    optional={
        "manager": ODD | st.just("m"),
        "subresource": ODD | st.just("scale"),
        "time": ODD | st.just("2026-11-03T12:00:00Z") | st.just("9999-12-31T23:59:59-14:00"),
        "fieldsV1": ODD,
    },
)


@given(st.lists(ENTRY | ODD, max_size=4) | ODD, ODD, st.lists(st.text(), max_size=4))
def test_whatever_stands_there_nothing_raises(entries: Any, spec: Any, path: list[str]) -> None:
    raw = {"metadata": {"managedFields": entries}, "spec": spec, "a": [spec]}
    assert len(describe_changes(changed_since(raw, LONG_AGO))) <= 300
    owner_of(raw, tuple(path))
    owner_of(raw, ("spec", "0", *path))
    owner_of(raw, ("a", "0", *path))
    managers_of(raw, "spec")
