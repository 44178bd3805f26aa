"""Actions on CronJobs change the one thing that they name, and come back as they were."""

import pytest
from pydantic import ValidationError

from podiatrist.actions.base import Action, ActionError
from podiatrist.actions.catalog import parse_action, to_record
from podiatrist.actions.compiler import compile_plan
from podiatrist.actions.make_native_sidecar import MakeNativeSidecar
from podiatrist.actions.set_concurrency_policy import SetConcurrencyPolicy
from podiatrist.actions.set_starting_deadline import SetStartingDeadline
from podiatrist.actions.suspend_cron_job import SuspendCronJob
from podiatrist.api.diagnosis import ObjectRef
from podiatrist.cluster.snapshot import Object
from tests.unit.builders import container, copy_of

TARGET = ObjectRef(api_version="batch/v1", kind="CronJob", namespace="shop", name="nightly")


def nightly() -> Object:
    """Return a CronJob of two containers."""
    spec = {"containers": [container("work"), container("proxy")]}
    return {
        "metadata": {"name": "nightly", "namespace": "shop", "uid": "uid-nightly"},
        "spec": {"schedule": "0 3 * * *", "jobTemplate": {"spec": {"template": {"spec": spec}}}},
    }


@pytest.mark.parametrize(
    ("action", "field", "value"),
    [
        (SetConcurrencyPolicy(object=TARGET, policy="Forbid"), "concurrencyPolicy", "Forbid"),
        (SetStartingDeadline(object=TARGET, seconds=120), "startingDeadlineSeconds", 120),
        (SuspendCronJob(object=TARGET, suspend=False), "suspend", False),
    ],
)
def test_one_field_is_set_and_the_rest_stays(action: Action, field: str, value: object) -> None:
    before = nightly()
    after = action.apply(copy_of(before), {})
    assert after["spec"].pop(field) == value
    assert after == before
    assert action.command().startswith("kubectl -n shop patch cronjob/nightly -p ")
    assert parse_action(to_record(action)) == action


def test_a_sidecar_moves_behind_the_init_containers() -> None:
    before = nightly()
    pod = before["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    pod["initContainers"] = [container("prepare")]
    action = MakeNativeSidecar(object=TARGET, container="proxy")
    after = action.apply(copy_of(before), {})["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    assert [c["name"] for c in after["containers"]] == ["work"]
    assert [c["name"] for c in after["initContainers"]] == ["prepare", "proxy"]
    assert after["initContainers"][1]["restartPolicy"] == "Always"
    assert parse_action(to_record(action)) == action


def test_a_sidecar_and_a_policy_make_one_plan_with_a_way_back() -> None:
    actions: tuple[Action, ...] = (
        MakeNativeSidecar(object=TARGET, container="proxy"),
        SetConcurrencyPolicy(object=TARGET, policy="Replace"),
    )
    plan = compile_plan(
        actions, {TARGET: nightly()}, target_uid="u", target_spec_hash="h", checks=[]
    )
    assert len(plan.patches) == len(plan.inverse) == 1
    assert len(plan.commands) == 2


def test_what_does_the_work_is_no_sidecar() -> None:
    alone = nightly()
    alone["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"].pop()
    for name in ("work", "nobody"):
        with pytest.raises(ActionError):
            MakeNativeSidecar(object=TARGET, container=name).apply(copy_of(alone), {})


def test_a_deadline_that_nobody_can_meet_is_refused() -> None:
    with pytest.raises(ValidationError):
        SetStartingDeadline(object=TARGET, seconds=5)
