"""A patch goes into the element of a list that it was made for, whatever stands there by then."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from podiatrist.actions.base import Action
from podiatrist.actions.compiler import Plan
from podiatrist.actions.patches import is_applied, is_same_place, would_apply
from podiatrist.actions.set_env import SetEnv
from podiatrist.actions.set_ingress_backend import SetIngressBackend
from podiatrist.actions.set_resources import SetResources
from podiatrist.actions.set_service_port import SetServicePort
from podiatrist.cluster.snapshot import Object
from podiatrist.lifecycle.reverted import reverted
from tests.unit.action_examples import WEB
from tests.unit.builders import container, copy_of, deployment
from tests.unit.test_actions_network import INGRESS, SERVICE
from tests.unit.test_way_back import plan_of, sent, world

MORE_CPU = SetResources(object=WEB, container="app", requests={"cpu": "200m"})
OTHER_HOST = SetEnv(object=WEB, container="app", name="HOST", value="db2")
Edit = Callable[[Any], None]


def web() -> Object:
    app = container(cpu="100m") | {"env": [{"name": "HOST", "value": "db"}]}
    return deployment(containers=[app])


def fixed(action: Action) -> tuple[Plan, Object]:
    """Return a fix of web, and web as it left it."""
    plan = plan_of(action, live={WEB: web()})
    return plan, sent(web(), plan.patches[0].patch)


def containers(raw: Any) -> Any:
    return raw["spec"]["template"]["spec"]["containers"]


def hungry_sidecar_first(raw: Any) -> None:
    containers(raw).insert(0, container("proxy", cpu="200m"))


def frugal_sidecar_first(raw: Any) -> None:
    containers(raw).insert(0, container("proxy", cpu="100m"))


def variable_renamed(raw: Any) -> None:
    containers(raw)[0]["env"][0]["name"] = "PORT"


@pytest.mark.parametrize(
    ("action", "edit"), [(MORE_CPU, hungry_sidecar_first), (OTHER_HOST, variable_renamed)]
)
def test_an_undo_never_writes_into_another_element(action: Action, edit: Edit) -> None:
    """Given another element that has the fix's value in its place, then nothing is undone there."""
    plan, after = fixed(action)
    inverse = plan.inverse[0].patch
    assert would_apply(after, inverse)
    edit(after)
    assert not would_apply(after, inverse)
    assert not is_same_place(after, inverse)


def test_the_old_value_of_another_element_is_no_undone_fix() -> None:
    """Given a sidecar that asks for what the app asked for, then the app's fix still stands."""
    plan, after = fixed(MORE_CPU)
    frugal_sidecar_first(after)
    assert not is_applied(after, plan.inverse[0].patch)
    assert reverted(plan.patches, {WEB: after}) == []


def test_names_are_tested_before_anything_is_written() -> None:
    (patch,) = fixed(MORE_CPU)[0].patches
    operations = json.loads(patch.patch)
    assert [(op["op"], op["path"].rpartition("/")[2]) for op in operations] == [
        ("test", "uid"),
        ("test", "name"),
        ("test", "cpu"),
        ("replace", "cpu"),
    ]


def test_what_has_no_name_is_told_by_port_or_path() -> None:
    live = world()
    port = SetServicePort(object=SERVICE, port=80, target_port=8080)
    assert '/spec/ports/0/port","value":80' in plan_of(port, live=live).inverse[0].patch
    backend = SetIngressBackend(object=INGRESS, service="a", port=80, to_service="b", to_port=80)
    told = plan_of(backend, live=live).inverse[0].patch
    assert '/http/paths/0/path","value":"/"' in told


def test_a_fix_recorded_without_names_can_still_be_undone() -> None:
    """Given an execution of a version that tested no names, then its inverse fits as it did."""
    _, after = fixed(MORE_CPU)
    path = "/spec/template/spec/containers/0/resources/requests/cpu"
    recorded = json.dumps([
        {"op": "test", "path": "/metadata/uid", "value": "uid-web"},
        {"op": "test", "path": path, "value": "200m"},
        {"op": "replace", "path": path, "value": "100m"},
    ])  # fmt: skip
    assert would_apply(after, recorded)
    back = sent(after, recorded)
    assert is_applied(back, recorded)
    assert copy_of(containers(back)[0]["resources"]) == {"requests": {"cpu": "100m"}}
