"""From actions to exact patches, and the digest over everything that a human approves."""

import copy
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot

from podiatrist.actions.base import Action, ActionError
from podiatrist.actions.compiler import Plan, Proposal, compile_plan, objects_needed
from podiatrist.actions.diff import shorten
from podiatrist.actions.label_node import LabelNode
from podiatrist.actions.patches import is_applied, would_apply
from podiatrist.actions.rollout_undo import RolloutUndo
from podiatrist.actions.scale import Scale
from podiatrist.actions.set_image import SetImage
from podiatrist.actions.uncordon_node import UncordonNode
from podiatrist.api.diagnosis import ObjectRef, Risk
from tests.unit.builders import container, deployment, node

WEB = ObjectRef(api_version="apps/v1", kind="Deployment", namespace="shop", name="web")
N1 = ObjectRef(api_version="v1", kind="Node", name="n1")
OLD = ObjectRef(api_version="apps/v1", kind="ReplicaSet", namespace="shop", name="web-h1")
IMAGE = SetImage(object=WEB, container="app", image="nginx:1.28")
LABEL = LabelNode(object=N1, key="disk", value="ssd")


def plan_of(
    *actions: Action,
    web: Any = None,
    live: Any = None,
    uid: str = "uid-web",
    spec_hash: str = "abc",
    checks: Sequence[str] = ("rollout status deployment/web",),
) -> Plan:
    found = live or {WEB: web or deployment(), N1: node()}
    return compile_plan(
        actions or (IMAGE,), found, target_uid=uid, target_spec_hash=spec_hash, checks=checks
    )


def test_an_image_becomes_one_patch_its_inverse_and_what_admission_asks_about() -> None:
    plan = plan_of()
    assert plan.digest == snapshot("1cd78036")
    assert [p.patch for p in plan.patches] == snapshot(
        [
            '[{"op":"test","path":"/metadata/uid","value":"uid-web"},{"op":"test","path":"/spec/template/spec/containers/0/name","value":"app"},{"op":"test","path":"/spec/template/spec/containers/0/image","value":"nginx:1.27"},{"op":"replace","path":"/spec/template/spec/containers/0/image","value":"nginx:1.28"}]'
        ]
    )
    assert [p.patch for p in plan.inverse] == snapshot(
        [
            '[{"op":"test","path":"/metadata/uid","value":"uid-web"},{"op":"test","path":"/spec/template/spec/containers/0/name","value":"app"},{"op":"test","path":"/spec/template/spec/containers/0/image","value":"nginx:1.28"},{"op":"replace","path":"/spec/template/spec/containers/0/image","value":"nginx:1.27"}]'
        ]
    )
    (write,) = plan.writes
    assert write.model_dump() == snapshot(
        {
            "verb": "patch",
            "group": "apps",
            "resource": "deployments",
            "namespace": "shop",
            "name": "web",
        }
    )
    assert plan.diff == snapshot(
        [
            "--- Deployment shop/web",
            "+++ Deployment shop/web",
            "@@ -12,4 +12,4 @@",
            "     spec:",
            "       containers:",
            "-      - image: nginx:1.27",
            "+      - image: nginx:1.28",
            "         name: app",
        ]
    )


def test_compiling_leaves_the_objects_alone() -> None:
    web = deployment()
    before = copy.deepcopy(web)
    plan_of(web=web)
    assert web == before


def test_two_changes_of_one_object_are_one_patch() -> None:
    plan = plan_of(IMAGE, Scale(object=WEB, replicas=5), LABEL)
    assert [p.object for p in plan.patches] == [WEB, N1]
    assert [w.resource for w in plan.writes] == ["deployments", "nodes"]
    assert len(plan.commands) == 3


def test_the_digest_stands_for_everything_that_is_approved() -> None:
    longer = deployment(containers=[container(image="nginx:1.26")])
    anew = {**deployment(), "metadata": {**deployment()["metadata"], "uid": "uid-2"}}
    plans = [
        plan_of(),
        plan_of(uid="uid-2"),
        plan_of(spec_hash="abd"),
        plan_of(checks=["rollout status deployment/web", "for 60s"]),
        plan_of(checks=[]),
        plan_of(SetImage(object=WEB, container="app", image="nginx:1.29")),
        plan_of(web=longer),  # the inverse would be another one
        plan_of(web=anew),
        plan_of(IMAGE, LABEL),
        plan_of(LABEL),
    ]
    assert len({p.digest for p in plans}) == len(plans)
    assert plan_of().digest == plans[0].digest


def test_the_digest_does_not_depend_on_the_process() -> None:
    program = "from tests.unit.test_compiler import plan_of; print(plan_of().digest)"
    said = subprocess.run(
        [sys.executable, "-c", program],
        cwd=Path(__file__).parents[2],
        env={"PYTHONHASHSEED": "1", "PYTHONPATH": "operator:."},
        check=True,
        capture_output=True,
        text=True,
    )
    assert said.stdout.strip() == plan_of().digest


@given(st.text(max_size=8), st.text(max_size=8))
def test_any_other_image_is_another_digest_and_every_plan_can_be_taken_back(
    one: str, other: str
) -> None:
    plans = {}
    for image in {one, other}:
        web = deployment()
        plans[image] = plan_of(SetImage(object=WEB, container="app", image=image), web=web)
        assert would_apply(web, plans[image].patches[0].patch)
        web["spec"]["template"]["spec"]["containers"][0]["image"] = image
        assert is_applied(web, plans[image].patches[0].patch)
        assert would_apply(web, plans[image].inverse[0].patch)
    assert len({p.digest for p in plans.values()}) == len(plans)


def test_what_is_so_already_is_no_fix() -> None:
    with pytest.raises(ActionError, match="already as the option would make it"):
        plan_of(SetImage(object=WEB, container="app", image="nginx:1.27"))


def test_what_is_not_there_cannot_be_changed() -> None:
    with pytest.raises(ActionError, match="Node n1 does not exist"):
        plan_of(LABEL, live={WEB: deployment()})


@pytest.mark.parametrize(
    "actions",
    [
        [LabelNode(object=WEB, key="disk", value="ssd")],
        [UncordonNode(object=WEB)],
        [Scale(object=N1, replicas=1)],
        # The second action hides behind one that may change the object.
        [IMAGE, LabelNode(object=WEB, key="disk", value="ssd")],
    ],
)
def test_an_action_changes_only_its_own_kinds(actions: list[Action]) -> None:
    with pytest.raises(ActionError, match="cannot change a"):
        plan_of(*actions)


@pytest.mark.parametrize("kind", ["Secret", "ClusterRole", "Namespace", "Diagnosis", "Event"])
def test_no_action_reaches_other_kinds(kind: str) -> None:
    ref = ObjectRef(api_version="v1", kind=kind, namespace="shop", name="x")
    for action in (Scale(object=ref, replicas=1), LabelNode(object=ref, key="a", value="b")):
        with pytest.raises(ActionError, match=f"cannot change a {kind}"):
            plan_of(action, live={ref: {"metadata": {}, "spec": {}}})


def test_an_object_of_another_shape_is_refused_with_a_word() -> None:
    for spec in ("text", {"template": {"spec": {"containers": 5}}}, {"template": None}, None):
        web = {**deployment(), "spec": spec}
        with pytest.raises(ActionError):
            plan_of(web=web)


def test_a_change_too_large_to_store_is_refused() -> None:
    huge = SetImage(object=WEB, container="app", image="x" * 40_000)
    with pytest.raises(ActionError, match="too large"):
        plan_of(huge)


def test_more_changes_than_an_option_holds_are_refused() -> None:
    labels = [LabelNode(object=N1, key=f"k{i}", value="x") for i in range(9)]
    assert len(plan_of(*labels[:8]).commands) == 8
    with pytest.raises(ActionError, match="9 changes are too many"):
        plan_of(*labels)


def test_a_rollback_looks_at_the_replica_set_too() -> None:
    undo = RolloutUndo(object=WEB, revision=1, replica_set="web-h1")
    assert objects_needed([undo, IMAGE, LABEL]) == [WEB, OLD, N1]


@pytest.mark.parametrize(
    ("proposed", "actions", "overall"),
    [
        (Risk.LOW, [IMAGE], Risk.MEDIUM),
        (Risk.HIGH, [IMAGE], Risk.HIGH),
        (Risk.LOW, [UncordonNode(object=N1), IMAGE], Risk.HIGH),
        (Risk.LOW, [RolloutUndo(object=WEB, revision=1, replica_set="x")], Risk.LOW),
    ],
)
def test_a_proposal_may_raise_the_risk_of_its_actions_never_lower_it(
    proposed: Risk, actions: list[Action], overall: Risk
) -> None:
    assert Proposal("t", "r", tuple(actions), proposed).overall_risk is overall


@pytest.mark.parametrize("lines", [["é" * 300] * 59, ["x"] * 61, ["y" * 10_000] * 100, ["short"]])
def test_a_diff_has_room_in_the_status_and_counts_what_it_leaves_out(lines: list[str]) -> None:
    shown = shorten(lines)
    assert len(shown) <= 60
    assert sum(len(line.encode()) for line in shown) <= 6200
    left = len(lines) - (len(shown) - 1)
    assert shown[-1] == (lines[-1] if len(shown) == len(lines) else f"... {left} more lines")
