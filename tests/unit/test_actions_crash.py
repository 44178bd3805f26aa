"""SetCommand, SetEnv, SetProbe and SetResources: what they change, and what they refuse."""

import copy
from typing import Any

import pytest
from pydantic import ValidationError

from podiatrist.actions.base import Action, ActionError
from podiatrist.actions.catalog import parse_action, to_record
from podiatrist.actions.set_command import SetCommand
from podiatrist.actions.set_env import SetEnv
from podiatrist.actions.set_probe import SetProbe
from podiatrist.actions.set_resources import SetResources
from podiatrist.api.diagnosis import ObjectRef
from podiatrist.cluster.snapshot import Object
from tests.unit.builders import container, deployment

WEB = ObjectRef(api_version="apps/v1", kind="Deployment", namespace="shop", name="web")
NUMBERS = {"timeoutSeconds": 1, "periodSeconds": 10, "successThreshold": 1, "failureThreshold": 3}
HTTP = {
    "httpGet": {"path": "/", "port": 80, "scheme": "HTTP"},
    **NUMBERS,
    "failureThreshold": 2,
    "initialDelaySeconds": 5,
}


def applied(action: Action, **fields: Any) -> Object:
    """Return the container after the action; the action survives being stored."""
    side = container("side") | {"env": [{"name": "HOST", "value": "db"}]}
    raw = deployment(containers=[container() | copy.deepcopy(fields), side])
    again = parse_action(to_record(action))
    assert again == action
    found: Object = again.apply(raw, {})["spec"]["template"]["spec"]["containers"][0]
    return found


def test_a_command_replaces_both_halves() -> None:
    action = SetCommand(object=WEB, container="app", run=["sh", "-c", "true"])
    after = applied(action, command=["x"], args=["y"])
    assert after["command"] == ["sh", "-c", "true"]
    assert "args" not in after
    assert "kubectl -n shop edit deployment/web" in action.command()


def test_an_empty_command_leaves_it_to_the_image() -> None:
    after = applied(SetCommand(object=WEB, container="app"), command=["x"])
    assert "command" not in after


def test_a_command_has_a_bound() -> None:
    with pytest.raises(ValidationError, match="longer"):
        SetCommand(object=WEB, container="app", run=["x" * 9000])


def test_a_literal_variable() -> None:
    action = SetEnv(object=WEB, container="app", name="A", value="1; rm")
    assert applied(action, env=[{"name": "B", "value": "2"}])["env"] == [
        {"name": "B", "value": "2"},
        {"name": "A", "value": "1; rm"},
    ]
    assert action.command().endswith("'A=1; rm'")


def test_a_variable_is_replaced_where_it_stands() -> None:
    after = applied(
        SetEnv(object=WEB, container="app", name="A", value="new"),
        env=[{"name": "A", "valueFrom": {}}, {"name": "B"}],
    )
    assert after["env"] == [{"name": "A", "value": "new"}, {"name": "B"}]


def test_a_source_is_copied_without_being_read() -> None:
    secret = {"secretKeyRef": {"name": "db", "key": "url"}}
    action = SetEnv(object=WEB, container="app", name="A", like="B")
    after = applied(action, env=[{"name": "B", "valueFrom": secret}])
    assert after["env"][1] == {"name": "A", "valueFrom": secret}
    other = SetEnv(object=WEB, container="app", name="HOST", like="HOST", like_container="side")
    assert applied(other)["env"] == [{"name": "HOST", "value": "db"}]
    with pytest.raises(ActionError, match="no environment variable NOPE"):
        applied(SetEnv(object=WEB, container="app", name="A", like="NOPE"))
    with pytest.raises(ValidationError, match="not both"):
        SetEnv(object=WEB, container="app", name="A", value="1", like="B")


def test_a_probe_keeps_what_is_not_named() -> None:
    action = SetProbe(object=WEB, container="app", probe="livenessProbe", path="/ok", port="http")
    after = applied(action, livenessProbe=HTTP)["livenessProbe"]
    assert after == {**HTTP, "httpGet": {"path": "/ok", "port": "http", "scheme": "HTTP"}}


def test_a_probe_of_another_kind() -> None:
    action = SetProbe(
        object=WEB, container="app", probe="livenessProbe", handler="tcpSocket", port=80
    )
    after = applied(action, livenessProbe=HTTP)["livenessProbe"]
    assert after == {
        **NUMBERS,
        "tcpSocket": {"port": 80},
        "failureThreshold": 2,
        "initialDelaySeconds": 5,
    }


def test_a_startup_probe_like_the_liveness_probe() -> None:
    action = SetProbe(
        object=WEB, container="app", probe="startupProbe", like="livenessProbe",
        failure_threshold=30, period_seconds=10,
    )  # fmt: skip
    after = applied(action, livenessProbe=HTTP)
    assert after["startupProbe"] == {
        **NUMBERS,
        "httpGet": HTTP["httpGet"],
        "failureThreshold": 30,
    }
    assert after["livenessProbe"] == HTTP
    assert "failureThreshold 30" in action.command()


def test_a_probe_that_is_not_there() -> None:
    with pytest.raises(ActionError, match="no livenessProbe"):
        applied(SetProbe(object=WEB, container="app", probe="livenessProbe", port=80))
    with pytest.raises(ActionError, match="asks nothing"):
        applied(
            SetProbe(object=WEB, container="app", probe="livenessProbe"), livenessProbe={"a": 1}
        )


def test_limits_and_requests() -> None:
    action = SetResources(
        object=WEB, container="app", limits={"memory": "64Mi"}, requests={"memory": "64Mi"}
    )
    after = applied(action, resources={"limits": {"cpu": "1", "memory": "32Mi"}})
    assert after["resources"] == {
        "limits": {"cpu": "1", "memory": "64Mi"},
        "requests": {"memory": "64Mi"},
    }
    assert action.command().endswith("-c app --requests=memory=64Mi --limits=memory=64Mi")
    with pytest.raises(ValidationError, match="at least one"):
        SetResources(object=WEB, container="app")


@pytest.mark.parametrize(
    "action",
    [
        SetCommand(object=WEB, container="none"),
        SetEnv(object=WEB, container="none", name="A"),
        SetProbe(object=WEB, container="none", probe="livenessProbe"),
    ],
)
def test_no_such_container(action: Action) -> None:
    with pytest.raises(ActionError, match="no container 'none'"):
        applied(action)
