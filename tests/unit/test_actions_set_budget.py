"""A budget has one bound: setting one takes the other away."""

import pytest
from pydantic import ValidationError

from podiatrist.actions.catalog import parse_action, to_record
from podiatrist.actions.set_budget import SetBudget
from podiatrist.api.diagnosis import ObjectRef
from podiatrist.cluster.snapshot import Object

TARGET = ObjectRef(
    api_version="policy/v1", kind="PodDisruptionBudget", namespace="shop", name="web"
)


def budget(**spec: object) -> Object:
    """Return a budget for web."""
    return {"spec": {"selector": {"matchLabels": {"app": "web"}}, **spec}}


def test_one_bound_replaces_the_other() -> None:
    spare = SetBudget(object=TARGET, max_unavailable=1)
    assert spare.apply(budget(minAvailable="100%"), {}) == budget(maxUnavailable=1)
    assert '"minAvailable": null' in spare.command()
    keep = SetBudget(object=TARGET, min_available=0)
    assert keep.apply(budget(maxUnavailable=1), {}) == budget(minAvailable=0)
    assert parse_action(to_record(keep)) == keep


def test_whose_pods_are_protected_leaves_the_bound_alone() -> None:
    action = SetBudget(object=TARGET, match_labels={"app": "api"})
    after = action.apply(budget(maxUnavailable=1), {})
    assert after["spec"] == {"selector": {"matchLabels": {"app": "api"}}, "maxUnavailable": 1}


def test_exactly_one_change_at_a_time() -> None:
    with pytest.raises(ValidationError):
        SetBudget(object=TARGET)
    with pytest.raises(ValidationError):
        SetBudget(object=TARGET, min_available=1, max_unavailable=1)
