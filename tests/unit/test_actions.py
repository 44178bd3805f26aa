"""Each action: what it changes, what it says, and what it refuses."""

from typing import Any

import pytest

from podiatrist.actions.add_toleration import AddToleration
from podiatrist.actions.base import Action, ActionError
from podiatrist.actions.catalog import ACTIONS, parse_action, to_record
from podiatrist.actions.delete_pod import DeletePod
from podiatrist.actions.drop_node_rule import DropNodeRule
from podiatrist.actions.label_node import LabelNode
from podiatrist.actions.rollout_undo import RolloutUndo
from podiatrist.actions.scale import Scale
from podiatrist.actions.set_claim import SetClaim
from podiatrist.actions.set_image import SetImage
from podiatrist.actions.set_resources import SetResources
from podiatrist.actions.uncordon_node import UncordonNode
from podiatrist.api.diagnosis import ActionRecord, ObjectRef, Risk
from tests.unit.action_examples import EXAMPLES as WORKLOAD_EXAMPLES
from tests.unit.builders import claim_volume, container, copy_of, deployment, node, revision
from tests.unit.test_actions_network import EXAMPLES as NETWORK_EXAMPLES

WEB = ObjectRef(api_version="apps/v1", kind="Deployment", namespace="shop", name="web")
N1 = ObjectRef(api_version="v1", kind="Node", name="n1")
OLD = ObjectRef(api_version="apps/v1", kind="ReplicaSet", namespace="shop", name="web-h1")

DB = ObjectRef(api_version="apps/v1", kind="StatefulSet", namespace="shop", name="db")
DB_0 = ObjectRef(api_version="v1", kind="Pod", namespace="shop", name="db-0")

EXAMPLES: list[tuple[Action, Risk, str]] = [
    (
        SetImage(object=WEB, container="app", image="nginx:1.27"),
        Risk.MEDIUM,
        "kubectl -n shop set image deployment/web app=nginx:1.27",
    ),
    (
        SetResources(object=WEB, container="app", requests={"memory": "1Gi", "cpu": "1"}),
        Risk.MEDIUM,
        "kubectl -n shop set resources deployment/web -c app --requests=cpu=1,memory=1Gi",
    ),
    (
        Scale(object=WEB, replicas=2),
        Risk.MEDIUM,
        "kubectl -n shop scale deployment/web --replicas=2",
    ),
    (
        RolloutUndo(object=WEB, revision=1, replica_set="web-h1"),
        Risk.LOW,
        "kubectl -n shop rollout undo deployment/web --to-revision=1",
    ),
    (
        LabelNode(object=N1, key="disk", value="ssd"),
        Risk.MEDIUM,
        "kubectl label node n1 disk=ssd",
    ),
    (UncordonNode(object=N1), Risk.HIGH, "kubectl uncordon n1"),
    (
        DropNodeRule(object=WEB, key="disk"),
        Risk.MEDIUM,
        "kubectl -n shop edit deployment/web  # drop the rules about disk",
    ),
    (
        AddToleration(object=WEB, key="team", value="red", effect="NoSchedule"),
        Risk.MEDIUM,
        "kubectl -n shop edit deployment/web  # tolerate team=red:NoSchedule",
    ),
    (
        SetClaim(object=WEB, volume="data", claim="web-data"),
        Risk.HIGH,
        "kubectl -n shop edit deployment/web  # volume data: web-data",
    ),
    (
        DeletePod(object=DB_0, owner=DB),
        Risk.MEDIUM,
        "kubectl -n shop delete pod/db-0",
    ),
    *((action, Risk.MEDIUM, command) for action, command in NETWORK_EXAMPLES),
    *WORKLOAD_EXAMPLES,
]


def applied(action: Action, raw: Any, **others: Any) -> Any:
    return action.apply(copy_of(raw), {OLD: others["old"]} if others else {})


def pod_spec(raw: Any) -> Any:
    return raw["spec"]["template"]["spec"]


def test_the_examples_cover_the_closed_set() -> None:
    assert {type(action) for action, _, _ in EXAMPLES} == set(ACTIONS)


@pytest.mark.parametrize(("action", "risk", "command"), EXAMPLES, ids=lambda e: type(e).__name__)
def test_risk_rendering_and_the_way_through_the_status(
    action: Action, risk: Risk, command: str
) -> None:
    assert action.risk is risk
    assert action.command() == command
    assert parse_action(to_record(action)) == action


@pytest.mark.parametrize("evil", ["a; rm -rf /", "$(reboot)", "a\nreboot", "`reboot`"])
def test_what_is_pasted_into_a_shell_stays_one_command(evil: str) -> None:
    quoted = f"'{evil}'"
    image = SetImage(object=WEB, container="app", image=evil).command()
    assert image.endswith(f"'app={evil}'")
    assert SetResources(object=WEB, container=evil, requests={"cpu": "1"}).command().count(quoted)
    for action in (
        DropNodeRule(object=WEB, key=evil),
        AddToleration(object=WEB, key=evil, effect="NoSchedule"),
        SetClaim(object=WEB, volume=evil, claim=evil),
    ):
        before, _, remark = action.command().partition("  # ")
        assert before == "kubectl -n shop edit deployment/web"
        assert "\n" not in remark


def test_one_container_gets_another_image() -> None:
    web = deployment(containers=[container(), container("log")], initContainers=[container("init")])
    for name, group, index in (("log", "containers", 1), ("init", "initContainers", 0)):
        done = applied(SetImage(object=WEB, container=name, image="new"), web)
        assert pod_spec(done)[group][index]["image"] == "new"
        pod_spec(done)[group][index]["image"] = "nginx:1.27"
        assert done == web
    with pytest.raises(ActionError, match="no container 'nobody'"):
        applied(SetImage(object=WEB, container="nobody", image="new"), web)


def test_only_the_named_request_changes() -> None:
    web = deployment(containers=[container(cpu="4", memory="1Gi")])
    pod_spec(web)["containers"][0]["resources"]["limits"] = {"cpu": "8"}
    done = applied(SetResources(object=WEB, container="app", requests={"cpu": "2"}), web)
    assert pod_spec(done)["containers"][0]["resources"] == {
        "requests": {"cpu": "2", "memory": "1Gi"}, "limits": {"cpu": "8"},
    }  # fmt: skip


def test_a_rollback_puts_the_template_back_without_the_controllers_label() -> None:
    web = deployment()
    old = revision(web, 1, image="nginx:1.26")
    done = applied(RolloutUndo(object=WEB, revision=1, replica_set="web-h1"), web, old=old)
    assert pod_spec(done)["containers"][0]["image"] == "nginx:1.26"
    assert done["spec"]["template"]["metadata"]["labels"] == {"app": "web"}
    assert old["spec"]["template"]["metadata"]["labels"]["pod-template-hash"] == "h1"
    with pytest.raises(ActionError, match="revision 1 is gone"):
        applied(RolloutUndo(object=WEB, revision=1, replica_set="web-h1"), web)


def test_a_label_is_added_never_overwritten_and_never_one_of_kubernetes() -> None:
    done = applied(LabelNode(object=N1, key="disk", value="ssd"), node(labels={"zone": "a"}))
    assert done["metadata"]["labels"] == {"zone": "a", "disk": "ssd"}
    with pytest.raises(ActionError, match="already has disk=hdd"):
        applied(LabelNode(object=N1, key="disk", value="ssd"), node(labels={"disk": "hdd"}))
    for key in ("kubernetes.io/arch", "node-role.kubernetes.io/x", "a.node-restriction.k8s.io/b"):
        with pytest.raises(ActionError, match="belongs to Kubernetes"):
            applied(LabelNode(object=N1, key=key, value="x"), node())
    assert applied(LabelNode(object=N1, key="notkubernetes.io/a", value="x"), node())


def test_uncordoning_takes_the_mark_away() -> None:
    assert "unschedulable" not in applied(UncordonNode(object=N1), node(cordoned=True))["spec"]
    with pytest.raises(ActionError, match="is not cordoned"):
        applied(UncordonNode(object=N1), node())


def test_a_toleration_is_added_once() -> None:
    action = AddToleration(object=WEB, key="team", value="red", effect="NoSchedule")
    done = applied(action, deployment(tolerations=[{"key": "other"}]))
    assert pod_spec(done)["tolerations"][1] == {
        "key": "team", "operator": "Equal", "value": "red", "effect": "NoSchedule",
    }  # fmt: skip
    with pytest.raises(ActionError, match="tolerated already"):
        applied(action, done)


def test_a_volume_gets_another_claim() -> None:
    web = deployment(volumes=[claim_volume("logs", "logs"), claim_volume("date"), {"name": "tmp"}])
    done = applied(SetClaim(object=WEB, volume="data", claim="web-data"), web)
    names = [v.get("persistentVolumeClaim", {}).get("claimName") for v in pod_spec(done)["volumes"]]
    assert names == ["logs", "web-data", None]
    with pytest.raises(ActionError, match="no volume 'tmp'"):
        applied(SetClaim(object=WEB, volume="tmp", claim="x"), web)


DISK = {"key": "disk", "operator": "In", "values": ["ssd"]}
ZONE = {"key": "zone", "operator": "Exists"}
NAME = {"key": "metadata.name", "operator": "In", "values": ["n1"]}


@pytest.mark.parametrize(
    ("terms", "left"),
    [
        ([{"matchExpressions": [DISK]}], None),
        ([{"matchExpressions": [DISK, ZONE]}], [{"matchExpressions": [ZONE]}]),
        # One term is enough, and one that asks for nothing more is met by every node.
        ([{"matchExpressions": [DISK]}, {"matchExpressions": [ZONE]}], None),
        # A term that was empty before matches no node: it does not open the others.
        ([{}, {"matchExpressions": [DISK, ZONE]}], [{"matchExpressions": [ZONE]}]),
        (
            [{"matchExpressions": [DISK], "matchFields": [NAME]}],
            [{"matchFields": [NAME]}],
        ),
    ],
)
def test_a_rule_is_dropped_with_what_is_empty_without_it(terms: Any, left: Any) -> None:
    required = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}}
    web = deployment(nodeSelector={"disk": "ssd", "a": "b"}, affinity={"nodeAffinity": required})
    spec = pod_spec(applied(DropNodeRule(object=WEB, key="disk"), web))
    assert spec["nodeSelector"] == {"a": "b"}
    if left is None:
        assert "affinity" not in spec
    else:
        (selector,) = spec["affinity"]["nodeAffinity"].values()
        assert selector == {"nodeSelectorTerms": left}


def test_what_nobody_requires_cannot_be_dropped() -> None:
    web = deployment(nodeSelector={"a": "b"})
    with pytest.raises(ActionError, match="nothing requires the node label disk"):
        applied(DropNodeRule(object=WEB, key="disk"), web)


@pytest.mark.parametrize(
    ("kind", "parameters", "why"),
    [
        ("DeleteNamespace", {}, "unknown action"),
        ("Action", {}, "unknown action"),
        ("Scale", {"replicas": 1, "force": True}, "force"),
        ("Scale", {"replicas": -1}, "replicas"),
        ("Scale", {"replicas": "many"}, "replicas"),
        ("Scale", {"replicas": 10**6}, "replicas"),
        ("Scale", {}, "replicas"),
        ("SetResources", {"container": "app", "requests": {}}, "at least one request"),
        ("AddToleration", {"key": "a", "effect": "PreferNoSchedule"}, "effect"),
        ("DropNodeRule", {"key": ""}, "key"),
        ("Scale", {"replicas": 1, "type": "SetImage"}, "type"),
    ],
)
def test_a_record_that_is_no_action_of_ours_is_refused(
    kind: str, parameters: dict[str, Any], why: str
) -> None:
    with pytest.raises(ActionError, match=why):
        parse_action(ActionRecord(type=kind, object=WEB, parameters=parameters))
