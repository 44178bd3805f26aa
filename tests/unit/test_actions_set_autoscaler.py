"""An autoscaler's bounds and target."""

import pytest
from pydantic import ValidationError

from podiatrist.actions.base import ActionError
from podiatrist.actions.catalog import parse_action, to_record
from podiatrist.actions.set_autoscaler import SetAutoscaler
from podiatrist.api.diagnosis import ObjectRef
from podiatrist.cluster.snapshot import Object

TARGET = ObjectRef(
    api_version="autoscaling/v2", kind="HorizontalPodAutoscaler", namespace="shop", name="web"
)
WEB = ObjectRef(api_version="apps/v1", kind="Deployment", namespace="shop", name="web")


def hpa() -> Object:
    """Return an autoscaler between 2 and 3 replicas."""
    scaled = {"apiVersion": "extensions/v1beta1", "kind": "Deployment", "name": "wbe"}
    return {"spec": {"scaleTargetRef": scaled, "minReplicas": 2, "maxReplicas": 3}}


def test_what_is_not_given_stays() -> None:
    action = SetAutoscaler(object=TARGET, max_replicas=6)
    spec = action.apply(hpa(), {})["spec"]
    assert spec == {**hpa()["spec"], "maxReplicas": 6}
    assert "maxReplicas" in action.command()


def test_the_target_is_replaced_as_a_whole() -> None:
    action = SetAutoscaler(object=TARGET, scale_target=WEB)
    spec = action.apply(hpa(), {})["spec"]
    assert spec["scaleTargetRef"] == {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
    assert parse_action(to_record(action)) == action


def test_bounds_that_cross_are_refused_and_so_is_nothing() -> None:
    with pytest.raises(ActionError, match="above"):
        SetAutoscaler(object=TARGET, max_replicas=1).apply(hpa(), {})
    with pytest.raises(ValidationError):
        SetAutoscaler(object=TARGET)
