"""What is kept in a repository is changed there: what operator and executor make of an option."""

from typing import Any

import pytest
from rich.console import Console

from podiatrist.actions.base import Action
from podiatrist.actions.compiler import Plan, compile_plan, objects_needed
from podiatrist.actions.delete_pod import DeletePod
from podiatrist.actions.label_node import LabelNode
from podiatrist.actions.scale import Scale
from podiatrist.actions.set_image import SetImage
from podiatrist.api.conditions import Reason
from podiatrist.api.diagnosis import ObjectRef, Preview, RepositoryChange
from podiatrist.cli.diagnosis_view import render
from podiatrist.lifecycle.options.replan import Replan
from podiatrist.lifecycle.options.repository import repository_of, why_not_live, with_repository
from tests.unit.builders import World, container, deployment, node, not_found, pod_of
from tests.unit.stories import diagnosis, option

WEB = ObjectRef(api_version="apps/v1", kind="Deployment", namespace="shop", name="web")
N1 = ObjectRef(api_version="v1", kind="Node", name="n1")
TRACKED = {"argocd.argoproj.io/tracking-id": "shop:apps/Deployment:shop/web"}
IMAGE = SetImage(object=WEB, container="app", image="nginx")


def web(annotations: Any = None) -> Any:
    made = deployment(containers=[container(image="ngnix")])
    made["metadata"]["annotations"] = annotations or {}
    return made


def compiled(live: Any, *actions: Action) -> Plan:
    return compile_plan(actions, live, target_uid="u", target_spec_hash="h", checks=[])


def test_the_operator_shows_the_change_beside_the_option() -> None:
    """Given a mistyped image in what Argo CD keeps, the option holds a change for its source."""
    sick = web(TRACKED)
    said = World(sick, pods=[not_found(pod_of(sick), "ngnix")]).diagnose()
    change = said.options[0].repository
    assert change is not None
    assert (change.manager, change.source) == ("Argo CD", "Application shop")
    assert 'value: "nginx"' in change.patch


def test_what_nobody_keeps_is_an_option_as_ever() -> None:
    sick = web()
    said = World(sick, pods=[not_found(pod_of(sick), "ngnix")]).diagnose()
    assert said.options[0].repository is None


@pytest.mark.parametrize(
    ("annotations", "labels", "says"),
    [
        (
            TRACKED,
            {},
            (
                "Deployment web is kept by Argo CD Application shop: a live patch would be taken "
                "back. Change it in the repository: the source of Argo CD Application shop"
            ),
        ),
        (
            {},
            {"helm.sh/chart": "web-1.2.3"},
            (
                "Deployment web is kept by Helm chart web-1.2.3: the next upgrade would take a "
                "live patch back. Change it in the repository: values of chart web-1.2.3"
            ),
        ),
    ],
)
def test_the_executor_says_why_it_does_not_try_it(annotations: Any, labels: Any, says: str) -> None:
    raw = web(annotations)
    raw["metadata"]["labels"] = labels
    live = {WEB: raw}
    replanned = Replan(compiled(live, IMAGE), live)
    told = with_repository(option(), replanned, patch_managed=False)
    assert told.repository is not None
    assert told.preview == Preview(ok=False, message=says)


def test_where_it_is_allowed_the_change_stays_as_advice() -> None:
    live = {WEB: web(TRACKED)}
    told = with_repository(option(), Replan(compiled(live, IMAGE), live), patch_managed=True)
    assert told.repository is not None
    assert told.preview is None


def test_the_executor_believes_the_object_and_not_the_status() -> None:
    """Given a forged change in the status, of an object that nobody keeps, it is dropped."""
    live = {WEB: web()}
    forged = RepositoryChange(manager="Flux", source="x", hint="y", patch="z")
    claimed = option().model_copy(update={"repository": forged})
    told = with_repository(claimed, Replan(compiled(live, IMAGE), live), patch_managed=False)
    assert told.repository is None
    assert told.preview is None


def test_deleting_a_pod_is_no_change_of_a_manifest() -> None:
    owner = web(TRACKED)
    pod = pod_of(owner)
    pod["metadata"]["ownerReferences"] = [
        {"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "web", "uid": "uid-web",
         "controller": True}
    ]  # fmt: skip
    stateful = WEB.model_copy(update={"kind": "StatefulSet"})
    owner["kind"] = "StatefulSet"
    ref = ObjectRef(api_version="v1", kind="Pod", namespace="shop", name=pod["metadata"]["name"])
    action = DeletePod(object=ref, owner=stateful)
    live = {stateful: owner, ref: pod}
    assert set(objects_needed([action])) == set(live)
    assert why_not_live(compiled(live, action), live) is None


def test_of_several_objects_only_what_is_kept_is_in_the_change() -> None:
    live = {WEB: web(TRACKED), N1: node("n1")}
    plan = compiled(live, Scale(object=WEB, replicas=2), LabelNode(object=N1, key="a", value="b"))
    change = repository_of(plan, live)
    assert change is not None
    assert "Deployment" in change.patch
    assert "Node" not in change.patch


def test_show_prints_where_to_change_it_and_the_patch() -> None:
    live = {WEB: web(TRACKED)}
    told = with_repository(option(), Replan(compiled(live, IMAGE), live), patch_managed=False)
    console = Console(width=160, no_color=True)
    with console.capture() as shown:
        console.print(render(diagnosis(f"Diagnosed=True:{Reason.CAUSE_FOUND}", options=[told])))
    text = shown.get()
    assert "kept by Argo CD Application shop: change it there; it is not patched live" in text
    assert "where: the source of Argo CD Application shop" in text
    assert "path: /spec/template/spec/containers/0/image" in text
    assert "approve: podiatrist approve" not in text
