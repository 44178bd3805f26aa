"""A change for the repository: it fits the manifest, which is not the object that is live."""

import copy
from typing import Any

import jsonpatch
import pytest
import yaml
from inline_snapshot import snapshot

from podiatrist.actions.add_toleration import AddToleration
from podiatrist.actions.base import Action
from podiatrist.actions.compiler import Plan, compile_plan
from podiatrist.actions.manifest_change import repository_change
from podiatrist.actions.patches import MISSING, Change, changes_of, patch_of
from podiatrist.actions.scale import Scale
from podiatrist.actions.set_command import SetCommand
from podiatrist.actions.set_env import SetEnv
from podiatrist.actions.set_image import SetImage
from podiatrist.actions.set_resources import SetResources
from podiatrist.actions.set_security_context import SetSecurityContext
from podiatrist.actions.set_strategy import SetStrategy
from podiatrist.api.diagnosis import AppliedPatch, RepositoryChange
from podiatrist.cluster.managed_by import ManagedBy
from tests.unit.action_examples import WEB

SHOP = ManagedBy("Argo CD", "Application shop", "the source of Argo CD Application shop")


def manifest(**container: Any) -> Any:
    """Return a Deployment as it stands in a repository."""
    app = {"name": "app", "image": "ngnix", "env": [{"name": "A", "value": "1"}], **container}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web"},
        "spec": {"template": {"spec": {"containers": [app]}}},
    }


def live_of(source: Any) -> Any:
    """Return the object that the API server makes of a manifest: with what it fills in."""
    made = copy.deepcopy(source)
    made["metadata"] |= {"uid": "u", "namespace": "shop"}
    rolling = {"maxSurge": "25%", "maxUnavailable": "25%"}
    made["spec"] |= {
        "replicas": 1,
        "strategy": {"type": "RollingUpdate", "rollingUpdate": rolling},
    }
    pod = made["spec"]["template"]["spec"]
    pod |= {"securityContext": {}, "restartPolicy": "Always"}
    pod["containers"][0] = {"resources": {}, "imagePullPolicy": "Always"} | pod["containers"][0]
    return made


def plan_of(live: Any, *actions: Action) -> Plan:
    return compile_plan(actions, {WEB: live}, target_uid="u", target_spec_hash="h", checks=[])


def change_of(*actions: Action, source: Any = None) -> RepositoryChange:
    live = live_of(source or manifest())
    return repository_change(SHOP, plan_of(live, *actions).patches, {WEB: live})


def patched(source: Any, change: RepositoryChange) -> Any:
    """Do what a kustomization with this patch does."""
    (entry,) = yaml.safe_load(change.patch)["patches"]
    return jsonpatch.apply_patch(source, yaml.safe_load(entry["patch"]))


def test_an_image_is_shown_as_an_entry_of_a_kustomization() -> None:
    change = change_of(SetImage(object=WEB, container="app", image="nginx"))
    assert change.model_dump(exclude={"patch"}) == {
        "manager": "Argo CD",
        "source": "Application shop",
        "hint": "the source of Argo CD Application shop",
    }
    assert change.patch == snapshot(
        """\
patches:
- target:
    group: apps
    version: v1
    kind: Deployment
    name: "web"
  patch: |-
    - op: add
      path: /spec/template/spec/containers/0/image
      value: "nginx"
"""
    )


@pytest.mark.parametrize(
    "action",
    [
        SetImage(object=WEB, container="app", image="nginx"),
        Scale(object=WEB, replicas=2),
        SetEnv(object=WEB, container="app", name="A", value="1e3"),
        SetEnv(object=WEB, container="app", name="B", value="on"),
        SetResources(object=WEB, container="app", limits={"memory": "64Mi"}, requests={"cpu": "1"}),
        SetSecurityContext(object=WEB, container="app", run_as_user=1000),
        SetSecurityContext(object=WEB, fs_group=7),
        SetCommand(object=WEB, container="app", run=["sh", "-c", "a: b # 'c' \u2028 \N{BUG}"]),
        AddToleration(object=WEB, key="gpu", effect="NoSchedule"),
    ],
    ids=lambda a: type(a).__name__,
)
def test_the_patch_makes_of_the_manifest_what_the_action_does(action: Action) -> None:
    """Given a manifest without what the API server fills in, the patch fits it all the same."""
    source = manifest()
    expected = action.apply(copy.deepcopy(source), {})
    assert patched(source, change_of(action)) == expected


def test_what_the_server_fills_in_as_a_whole_is_written_as_a_whole() -> None:
    change = change_of(SetStrategy(object=WEB, max_surge=0, max_unavailable=1))
    assert patched(manifest(), change)["spec"]["strategy"] == {
        "type": "RollingUpdate",
        "rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1},
    }


def test_text_that_other_readers_take_for_a_number_is_quoted() -> None:
    change = change_of(SetEnv(object=WEB, container="app", name="A", value="1e3"))
    assert 'value: "1e3"' in change.patch


def test_a_name_with_a_dot_means_no_other_object() -> None:
    source = manifest()
    source["metadata"]["name"] = "web.v1"
    ref = WEB.model_copy(update={"name": "web.v1"})
    live = live_of(source)
    plan = compile_plan(
        [Scale(object=ref, replicas=2)], {ref: live}, target_uid="", target_spec_hash="", checks=[]
    )
    change = repository_change(SHOP, plan.patches, {ref: live})
    assert yaml.safe_load(change.patch)["patches"][0]["target"]["name"] == r"web\.v1"


def test_a_secret_is_left_out_and_the_hint_says_so() -> None:
    """Given a new password beside another change: masked it would be another password."""
    change = change_of(
        SetEnv(object=WEB, container="app", name="DB_PASSWORD", value="hunter2"),
        SetImage(object=WEB, container="app", image="nginx"),
    )
    assert "hunter2" not in change.model_dump_json()
    assert "***" not in change.patch
    assert "nginx" in change.patch
    assert change.hint.endswith(
        "left out, since it may be secret: /spec/template/spec/containers/0/env/-"
    )


def test_the_value_of_a_variable_that_is_there_is_no_less_secret() -> None:
    source = manifest(env=[{"name": "DB_PASSWORD", "value": "old"}])
    change = change_of(
        SetEnv(object=WEB, container="app", name="DB_PASSWORD", value="new"), source=source
    )
    assert change.patch == ""
    assert "left out" in change.hint


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (["serve", "--password", "old"], ["serve", "--password", "hunter2"]),
        (["serve"], ["serve", "--password", "hunter2"]),
        (["serve", "-q"], ["--password", "hunter2", "serve"]),
    ],
    ids=["one word", "more words", "other words"],
)
def test_a_password_is_told_by_the_word_before_it(old: list[str], new: list[str]) -> None:
    action = SetCommand(object=WEB, container="app", run=["app"], args=new)
    change = change_of(action, source=manifest(command=["app"], args=old))
    assert "hunter2" not in change.patch
    assert "left out" in change.hint


def test_a_variable_is_added_beside_a_secret_one_without_telling_it() -> None:
    source = manifest(env=[{"name": "DB_PASSWORD", "value": "hunter2"}])
    change = change_of(SetEnv(object=WEB, container="app", name="B", value="2"), source=source)
    assert "hunter2" not in change.patch
    assert "/env/-" in change.patch
    assert patched(source, change)["spec"]["template"]["spec"]["containers"][0]["env"][1:] == [
        {"name": "B", "value": "2"}
    ]


def test_a_patch_that_is_too_long_is_left_out_as_a_whole() -> None:
    change = change_of(SetCommand(object=WEB, container="app", run=["x" * 5000]))
    assert change.patch == ""
    assert change.hint == (
        "the source of Argo CD Application shop; "
        "the patch is too long to be shown: see the commands"
    )


@pytest.mark.parametrize("before", [MISSING, {"podiatrist.dev/note": "1"}])
def test_our_own_marks_stay_out_of_the_repository(before: Any) -> None:
    """Given a patch that also annotates the object with the run, the manifest does not."""
    live = live_of(manifest())
    if before is not MISSING:
        live["metadata"]["annotations"] = before
    mark = {"podiatrist.dev/fix": "web-1/9f3c/1"}
    path: tuple[str, ...] = ("metadata", "annotations")
    new: Any = mark
    if before is not MISSING:
        path, new = (*path, "podiatrist.dev/fix"), "web-1/9f3c/1"
    changes = [Change(path, MISSING, new), Change(("spec", "replicas"), 1, 2)]
    patch = AppliedPatch(object=WEB, patch=patch_of(changes, "u"))
    assert "podiatrist" not in repository_change(SHOP, [patch], {WEB: live}).patch


def test_a_patch_is_read_back_as_the_changes_it_was_made_of() -> None:
    changes = [
        Change(("spec", "a~b/c"), MISSING, {"x": 1}),
        Change(("spec", "b"), 1, 2),
        Change(("spec", "c"), "x", MISSING),
        Change(("spec", "d"), None, 1),
    ]
    assert changes_of(patch_of(changes, "u")) == changes
