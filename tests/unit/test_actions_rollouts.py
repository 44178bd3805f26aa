"""Resuming a Deployment, changing how it is updated, and clearing a PriorityClass."""

import pytest
from pydantic import ValidationError

from podiatrist.actions.base import ActionError
from podiatrist.actions.clear_priority_class import ClearPriorityClass
from podiatrist.actions.resume_rollout import ResumeRollout
from podiatrist.actions.set_strategy import SetStrategy
from podiatrist.cluster.kinds import DAEMON_SET, DEPLOYMENT, STATEFUL_SET
from podiatrist.cluster.snapshot import ref_of
from tests.unit.builders import deployment, workload

WEB = ref_of(DEPLOYMENT, deployment())
DB = ref_of(STATEFUL_SET, workload("StatefulSet", "db"))


def test_a_pause_is_taken_away() -> None:
    web = deployment()
    web["spec"]["paused"] = True
    action = ResumeRollout(object=WEB)
    assert "paused" not in action.apply(web, {})["spec"]
    assert action.command() == "kubectl -n shop rollout resume deployment/web"


def test_what_is_not_paused_cannot_be_resumed() -> None:
    with pytest.raises(ActionError, match="not paused"):
        ResumeRollout(object=WEB).apply(deployment(), {})


def test_an_update_replaces_pods_in_place() -> None:
    web = deployment()
    web["spec"]["strategy"] = {
        "type": "RollingUpdate",
        "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": 0},
    }
    action = SetStrategy(object=WEB, max_surge=0, max_unavailable=1)
    assert action.apply(web, {})["spec"]["strategy"] == {
        "type": "RollingUpdate",
        "rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1},
    }
    assert action.command() == (
        "kubectl -n shop patch deployment/web -p "
        '\'{"spec":{"strategy":{"rollingUpdate":{"maxSurge":0,"maxUnavailable":1}}}}\''
    )


def test_a_partition_is_lowered() -> None:
    db = workload("StatefulSet", "db")
    db["spec"]["updateStrategy"] = {"rollingUpdate": {"partition": 3}}
    changed = SetStrategy(object=DB, partition=0).apply(db, {})
    assert changed["spec"]["updateStrategy"] == {"rollingUpdate": {"partition": 0}}


def test_recreate_has_nothing_to_roll() -> None:
    web = deployment()
    web["spec"]["strategy"] = {"type": "Recreate"}
    with pytest.raises(ActionError, match="pod by pod"):
        SetStrategy(object=WEB, max_surge=0, max_unavailable=1).apply(web, {})


def test_only_a_stateful_set_has_a_partition() -> None:
    with pytest.raises(ActionError, match="no such way"):
        SetStrategy(object=WEB, partition=0).apply(deployment(), {})
    agent = workload("DaemonSet", "agent")
    with pytest.raises(ActionError, match="no such way"):
        SetStrategy(object=ref_of(DAEMON_SET, agent), partition=0).apply(agent, {})


@pytest.mark.parametrize("said", [{}, {"partition": 0, "max_surge": 0}])
def test_it_is_one_way_or_the_other(said: dict[str, int]) -> None:
    with pytest.raises(ValidationError, match="either"):
        SetStrategy.model_validate({"object": DB, **said})


def test_a_priority_class_goes_with_its_number() -> None:
    web = deployment(priorityClassName="hihg", priority=5)
    action = ClearPriorityClass(object=WEB, name="hihg")
    assert set(action.apply(web, {})["spec"]["template"]["spec"]) == {"containers"}
    with pytest.raises(ActionError, match="names no"):
        action.apply(deployment(priorityClassName="high"), {})
