"""Making a pod spec meet a level of the Pod Security Standards."""

from typing import Any

from podiatrist.actions.meet_pod_security import MeetPodSecurity
from podiatrist.cluster.kinds import DEPLOYMENT
from podiatrist.cluster.snapshot import Object, ref_of
from tests.unit.builders import container, copy_of, deployment


def meet(web: Object, **fields: Any) -> Object:
    action = MeetPodSecurity.model_validate({"object": ref_of(DEPLOYMENT, web), **fields})
    found: Object = action.apply(copy_of(web), {})["spec"]["template"]["spec"]
    assert action.apply({"spec": {"template": {"spec": copy_of(found)}}}, {}) == {
        "spec": {"template": {"spec": found}}
    }, "what meets the level is left alone"
    return found


def test_restricted_asks_for_much() -> None:
    made = meet(deployment(), level="restricted", run_as_user=1000)
    assert made["securityContext"] == {
        "runAsNonRoot": True,
        "runAsUser": 1000,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    assert made["containers"][0]["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
    }


def test_a_user_who_is_not_root_stays() -> None:
    app = container() | {"securityContext": {"runAsUser": 101, "runAsNonRoot": False}}
    made = meet(deployment(containers=[app]), level="restricted", run_as_user=1000)
    assert "runAsUser" not in made["securityContext"]
    assert made["containers"][0]["securityContext"]["runAsUser"] == 101
    assert "runAsNonRoot" not in made["containers"][0]["securityContext"]


def test_init_containers_are_changed_as_well() -> None:
    web = deployment(initContainers=[container("prepare")])
    made = meet(web, level="restricted")
    assert made["initContainers"][0]["securityContext"]["capabilities"] == {"drop": ["ALL"]}


def test_baseline_takes_away_what_reaches_the_node() -> None:
    app = container(host_port=80) | {
        "securityContext": {"privileged": True, "capabilities": {"add": ["SYS_ADMIN", "CHOWN"]}}
    }
    web = deployment(
        containers=[app],
        hostNetwork=True,
        securityContext={"seccompProfile": {"type": "Unconfined"}, "fsGroup": 5},
    )
    made = meet(web, level="baseline")
    assert "hostNetwork" not in made
    assert made["securityContext"] == {"seccompProfile": {"type": "RuntimeDefault"}, "fsGroup": 5}
    assert made["containers"][0]["securityContext"] == {
        "privileged": False,
        "capabilities": {"add": ["CHOWN"]},
    }
    assert made["containers"][0]["ports"] == [{"containerPort": 80, "protocol": "TCP"}]


def test_baseline_leaves_an_ordinary_pod_alone() -> None:
    web = deployment()
    assert meet(web, level="baseline") == web["spec"]["template"]["spec"]
