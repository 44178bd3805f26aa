"""Actions on references, security contexts, mounts and volume limits of a pod spec."""

from typing import Any

import pytest

from podiatrist.actions.base import Action, ActionError
from podiatrist.actions.catalog import parse_action, to_record
from podiatrist.actions.set_mount import SetMount
from podiatrist.actions.set_reference import SetReference
from podiatrist.actions.set_security_context import SetSecurityContext
from podiatrist.actions.set_volume_limit import SetVolumeLimit
from podiatrist.api.diagnosis import ObjectRef
from tests.unit.builders import copy_of, deployment

WEB = ObjectRef(api_version="apps/v1", kind="Deployment", namespace="shop", name="web")


def env(kind: str, name: str, key: str, **more: Any) -> Any:
    return {"name": "A", "valueFrom": {f"{kind}KeyRef": {"name": name, "key": key, **more}}}


def everywhere() -> Any:
    """A Deployment that uses ConfigMap and Secret `old` in every way there is."""
    app = {
        "name": "app",
        "image": "nginx",
        "env": [env("configMap", "old", "a"), env("secret", "old", "a"), {"name": "B"}],
        "envFrom": [{"configMapRef": {"name": "old"}}, {"secretRef": {"name": "old"}}],
    }
    optional = {"name": "side", "env": [env("configMap", "old", "a", optional=True)]}
    volumes = [
        {"name": "c", "configMap": {"name": "old", "items": [{"key": "a", "path": "x"}]}},
        {"name": "s", "secret": {"secretName": "old"}},
        {
            "name": "p",
            "projected": {
                "sources": [{"configMap": {"name": "old"}}, {"secret": {"name": "old"}}, {}]
            },
        },
    ]
    return deployment(
        containers=[app, optional],
        volumes=volumes,
        serviceAccountName="old",
        serviceAccount="old",
        priorityClassName="old",
    )


def applied(action: Action, raw: Any) -> Any:
    return action.apply(copy_of(raw), {})["spec"]["template"]["spec"]


@pytest.mark.parametrize(
    "action",
    [
        SetReference(object=WEB, to="ConfigMap", name="a", new="b"),
        SetReference(object=WEB, to="Secret", name="a", key="k", new="l"),
        SetSecurityContext(object=WEB, container="app", run_as_user=1000),
        SetSecurityContext(object=WEB, container="app", drop_capabilities=("ALL",)),
        SetMount(object=WEB, container="app", mount_path="/a", sub_path="b"),
        SetVolumeLimit(object=WEB, volume="tmp", size_limit="1Gi"),
    ],
)
def test_each_comes_back_from_its_record(action: Action) -> None:
    assert parse_action(to_record(action)) == action
    assert "\n" not in action.command()


def test_a_name_changes_in_every_place_that_needs_it() -> None:
    spec = applied(SetReference(object=WEB, to="ConfigMap", name="old", new="new"), everywhere())
    app, side = spec["containers"]
    assert app["env"][0] == env("configMap", "new", "a")
    assert app["env"][1] == env("secret", "old", "a")
    assert app["envFrom"] == [{"configMapRef": {"name": "new"}}, {"secretRef": {"name": "old"}}]
    assert side["env"][0]["valueFrom"]["configMapKeyRef"]["name"] == "old", "optional: left alone"
    assert spec["volumes"][0]["configMap"]["name"] == "new"
    assert spec["volumes"][1]["secret"]["secretName"] == "old"
    assert spec["volumes"][2]["projected"]["sources"][0] == {"configMap": {"name": "new"}}


def test_a_secrets_name_changes_too() -> None:
    spec = applied(SetReference(object=WEB, to="Secret", name="old", new="new"), everywhere())
    assert spec["containers"][0]["env"][1] == env("secret", "new", "a")
    assert spec["volumes"][1]["secret"]["secretName"] == "new"
    assert spec["volumes"][0]["configMap"]["name"] == "old"


def test_only_the_key_changes() -> None:
    action = SetReference(object=WEB, to="ConfigMap", name="old", key="a", new="b")
    spec = applied(action, everywhere())
    assert spec["containers"][0]["env"][0] == env("configMap", "old", "b")
    assert spec["volumes"][0]["configMap"] == {"name": "old", "items": [{"key": "b", "path": "x"}]}


def test_account_and_priority_class() -> None:
    spec = applied(SetReference(object=WEB, to="ServiceAccount", name="old", new="n"), everywhere())
    assert (spec["serviceAccountName"], spec["serviceAccount"]) == ("n", "n")
    spec = applied(SetReference(object=WEB, to="PriorityClass", name="old", new="n"), everywhere())
    assert spec["priorityClassName"] == "n"


@pytest.mark.parametrize("to", ["ConfigMap", "Secret", "ServiceAccount", "PriorityClass"])
def test_what_is_not_used_cannot_change(to: Any) -> None:
    with pytest.raises(ActionError, match="nothing uses"):
        applied(SetReference(object=WEB, to=to, name="other", new="n"), everywhere())


def test_a_container_gets_a_user_and_keeps_the_rest() -> None:
    raw = deployment(
        containers=[{"name": "app", "securityContext": {"runAsNonRoot": True, "runAsUser": 0}}]
    )
    spec = applied(SetSecurityContext(object=WEB, container="app", run_as_user=7), raw)
    assert spec["containers"][0]["securityContext"] == {"runAsNonRoot": True, "runAsUser": 7}


def test_dropped_capabilities_are_not_added_any_more() -> None:
    added = {"capabilities": {"add": ["SYS_ADMIN", "NET_BIND_SERVICE"]}}
    raw = deployment(containers=[{"name": "app", "securityContext": added}])
    action = SetSecurityContext(object=WEB, container="app", drop_capabilities=("ALL",))
    spec = applied(action, raw)
    wanted = {"drop": ["ALL"], "add": ["NET_BIND_SERVICE"]}
    assert spec["containers"][0]["securityContext"]["capabilities"] == wanted


def test_the_pods_own_context() -> None:
    action = SetSecurityContext(object=WEB, seccomp_profile="RuntimeDefault", fs_group=1)
    spec = applied(action, deployment())
    wanted = {"seccompProfile": {"type": "RuntimeDefault"}, "fsGroup": 1}
    assert spec["securityContext"] == wanted


@pytest.mark.parametrize(
    "action",
    [
        SetSecurityContext(object=WEB, privileged=False),
        SetSecurityContext(object=WEB, drop_capabilities=("ALL",)),
        SetSecurityContext(object=WEB, container="app", fs_group=1),
        SetSecurityContext(object=WEB, container="other", run_as_user=1),
    ],
)
def test_a_field_must_have_a_place(action: Action) -> None:
    with pytest.raises(ActionError):
        applied(action, deployment())


def test_one_mount_changes() -> None:
    mounts = [{"name": "v", "mountPath": "/a"}, {"name": "v", "mountPath": "/b", "subPath": "x"}]
    raw = deployment(containers=[{"name": "app", "volumeMounts": mounts}])
    spec = applied(SetMount(object=WEB, container="app", mount_path="/a", sub_path="k"), raw)
    changed = {"name": "v", "mountPath": "/a", "subPath": "k"}
    assert spec["containers"][0]["volumeMounts"] == [changed, mounts[1]]
    spec = applied(SetMount(object=WEB, container="app", mount_path="/b", new_path="/c"), raw)
    assert spec["containers"][0]["volumeMounts"][1]["mountPath"] == "/c"
    with pytest.raises(ActionError, match="mounts nothing"):
        applied(SetMount(object=WEB, container="app", mount_path="/x", new_path="/c"), raw)


def test_only_an_empty_dir_has_a_limit() -> None:
    raw = deployment(volumes=[{"name": "tmp", "emptyDir": {"medium": "Memory"}}, {"name": "v"}])
    spec = applied(SetVolumeLimit(object=WEB, volume="tmp", size_limit="1Gi"), raw)
    assert spec["volumes"][0]["emptyDir"] == {"medium": "Memory", "sizeLimit": "1Gi"}
    with pytest.raises(ActionError, match="no emptyDir"):
        applied(SetVolumeLimit(object=WEB, volume="v", size_limit="1Gi"), raw)
