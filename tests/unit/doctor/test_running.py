"""What runs: Deployments, pods, leaders, model, the switch, Diagnoses."""

from dataclasses import replace

import pytest

from podiatrist.cluster.objects import Pod, Workload
from podiatrist.doctor.examine import examine, is_broken
from podiatrist.doctor.installation import Installation, Model
from podiatrist.doctor.verdict import Hidden, Level
from tests.unit.doctor.installations import (
    NOW,
    complaint,
    complaints,
    diagnosis,
    lease,
    pod,
    well,
    workload,
)

LOGS = "kubectl -n podiatrist logs executor-7d9f-abcde"


def with_executor(deployment: Workload | None, *pods: Pod) -> Installation:
    good = well()
    return replace(good, workloads={**good.workloads, "executor": deployment}, pods=list(pods))


def broken(installation: Installation, *seen: str) -> str:
    found = complaint(installation)
    assert found.level is Level.BROKEN
    assert all(part in found.seen for part in seen), found
    assert found.remedy is not None
    return found.remedy


def test_a_missing_deployment_is_applied() -> None:
    gone = with_executor(None)
    assert broken(gone, "no Deployment executor") == "kubectl apply -f deploy/executor.yaml"


def test_an_image_that_does_not_exist_is_named_though_old_pods_still_run() -> None:
    waiting = {"waiting": {"reason": "ImagePullBackOff", "message": "not found"}}
    sick = pod("executor", image="example.org/nothing:1", state=waiting, ready=False)
    remedy = broken(with_executor(workload("executor"), pod("executor"), sick),
                    "example.org/nothing:1", "ImagePullBackOff", "not found")  # fmt: skip
    assert remedy == "kubectl apply -f deploy/executor.yaml"


def test_a_crash_loop_is_told_with_the_last_words() -> None:
    ended = {"terminated": {"exitCode": 1, "reason": "Error"}}
    sick = pod("executor", state=ended, restartCount=4, ready=False)
    crashing = replace(with_executor(workload("executor", available=0), sick),
                       last_words={sick.metadata.name: "no credentials"})  # fmt: skip
    assert broken(crashing, "crashes, 4 times", "no credentials") == LOGS


def test_one_restart_may_be_anything() -> None:
    once = pod("executor", restartCount=1)
    assert not complaints(with_executor(workload("executor"), once))


def test_restarts_within_the_hour_are_a_warning() -> None:
    before = {"terminated": {"exitCode": 1, "finishedAt": NOW.isoformat()}}
    found = complaint(
        with_executor(workload("executor"), pod("executor", restartCount=7, lastState=before))
    )
    assert found.level is Level.WARNING
    assert "restarted 7 times" in found.seen
    assert found.remedy == f"{LOGS} --previous"


def test_an_init_container_that_came_to_its_end_does_not_crash() -> None:
    well_now = pod("executor")
    ended = pod("executor", state={"terminated": {"exitCode": 0}}, restartCount=2)
    well_now.status.init_container_statuses = ended.status.container_statuses
    assert not complaints(with_executor(workload("executor"), well_now))
    crashes = pod("executor", state={"terminated": {"exitCode": 1}}, restartCount=2)
    well_now.status.init_container_statuses = crashes.status.container_statuses
    broken(with_executor(workload("executor"), well_now), "crashes, 2 times")


def test_a_config_map_that_is_missing_keeps_pods_from_starting() -> None:
    waiting = {"waiting": {"reason": "CreateContainerConfigError",
                           "message": 'configmap "podiatrist" not found'}}  # fmt: skip
    sick = pod("executor", state=waiting, ready=False)
    broken(with_executor(workload("executor", available=0), sick), 'configmap "podiatrist"')


def test_a_pod_without_a_node_is_told_in_the_schedulers_words() -> None:
    no = [{"type": "PodScheduled", "status": "False", "message": "0/1 nodes are available"}]
    sick = pod("executor", conditions=no)
    broken(with_executor(workload("executor", available=1), sick), "0/1 nodes are available")


def test_pods_that_pod_security_refuses_are_told_by_the_deployment() -> None:
    refused = [{"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate",
                "message": 'pods "executor-1" is forbidden: violates PodSecurity'}]  # fmt: skip
    sick = workload("executor", available=0, conditions=refused)
    broken(with_executor(sick), "violates PodSecurity")


def test_too_few_pods_are_a_warning_and_none_is_broken() -> None:
    found = complaint(with_executor(workload("executor", available=1)))
    assert (found.level, found.seen[:16]) == (Level.WARNING, "1 of 2 available")
    broken(with_executor(workload("executor", available=0)), "0 of 2 available")


def test_an_executor_scaled_to_zero_is_a_kill_switch_and_an_operator_is_not() -> None:
    found = complaint(with_executor(workload("executor", replicas=0, available=0)))
    assert (found.check, found.level) == ("execution", Level.NOTE)
    assert found.remedy == "kubectl -n podiatrist scale deployment executor --replicas=2"
    good = well()
    none = workload("operator", replicas=0, available=0)
    broken(replace(good, workloads={**good.workloads, "operator": none}), "nothing is noticed")


def test_operator_and_executor_are_of_one_version() -> None:
    other = with_executor(workload("executor", image="example.org/podiatrist:0.0.9"))
    assert broken(other, "different versions") == "kubectl apply -f deploy"


def test_a_program_of_another_version_says_so() -> None:
    found = complaint(replace(well(), program="0.2.0"))
    assert found.level is Level.WARNING
    assert found.remedy == "pip install podiatrist==0.1.0"


@pytest.mark.parametrize("image", ["podiatrist@sha256:ab12", "podiatrist", "podiatrist:latest"])
def test_an_image_that_names_no_version_is_not_compared(image: str) -> None:
    good = well()
    both = {role: workload(role, image=image) for role in ("operator", "executor")}
    assert not complaints(replace(good, workloads=both))


def test_a_leader_that_stopped_renewing_its_lease_is_named() -> None:
    good = well()
    stale = replace(good, leases={**good.leases, "executor": lease(45)})
    assert broken(stale, "executor-7d9f-abcde", "45 seconds") == (
        "kubectl -n podiatrist rollout restart deployment/executor"
    )
    assert not complaints(replace(good, leases={**good.leases, "executor": lease(29)}))


def test_a_role_whose_pods_run_and_nobody_leads_does_nothing() -> None:
    good = well()
    unheld = broken(replace(good, leases={**good.leases, "operator": None}), "nobody leads")
    released = {**good.leases, "operator": lease(1, holder="")}
    left = broken(replace(good, leases=released), "nobody leads")
    assert unheld == left == logs_of_both_pods("operator")


def logs_of_both_pods(role: str) -> str:
    """Whichever of them leads: `logs deployment/...` would show one of the two."""
    return f"kubectl -n podiatrist logs --prefix --tail=-1 -l app.kubernetes.io/component={role}"


def asked(*reasons: tuple[str, str]) -> Installation:
    found = [diagnosis("NeedsHuman", 60 * i, reason, said, name=f"web-{i}")
             for i, (reason, said) in enumerate(reasons)]  # fmt: skip
    return replace(well(), diagnoses=found)


def test_an_endpoint_that_refuses_the_key_is_broken_and_the_key_is_typed_not_shown() -> None:
    said = "https://api.example does not take the key (401); look at PODIATRIST_MODEL_KEY"
    remedy = broken(asked(("ModelFailed", said), ("ModelAnswered", "")), "shop/web-0", "(401)")
    assert "--from-file=api-key=/dev/stdin" in remedy


def test_an_endpoint_that_is_none_is_looked_for_in_the_settings() -> None:
    said = "https://x knows no model 'y' (404); look at PODIATRIST_MODEL and PODIATRIST_MODEL_URL"
    assert "edit configmap podiatrist" in broken(asked(("ModelFailed", said)), "(404)")


def test_an_endpoint_that_failed_once_is_a_warning_and_three_times_broken() -> None:
    garbage = ("ModelFailed", "it answered with a web page")
    for so_far in (asked(garbage, ("ModelAnswered", "")), asked(garbage)):
        assert complaint(so_far).level is Level.WARNING
    broken(asked(garbage, garbage, garbage), "a web page")


def test_an_endpoint_that_answered_since_is_well() -> None:
    assert not complaints(asked(("ModelAnswered", ""), ("ModelFailed", "(401)")))


def test_failures_of_the_day_before_yesterday_count_no_more() -> None:
    old = diagnosis("NeedsHuman", 2 * 86400, "ModelFailed", "look at PODIATRIST_MODEL_KEY")
    assert not complaints(replace(well(), diagnoses=[old]))


def test_a_model_without_its_secret_is_a_warning() -> None:
    found = complaint(replace(well(), model=Model("gpt", secret=False)))
    assert found.level is Level.WARNING
    assert "podiatrist-model" in found.seen
    assert not is_broken(examine(replace(well(), model=Model("gpt", secret=False))))


def test_no_model_is_a_choice() -> None:
    assert complaint(replace(well(), model=Model())).level is Level.NOTE


def test_a_secret_that_may_not_be_looked_for_is_not_missed() -> None:
    unseen = Model("gpt", secret=Hidden("list secrets -n podiatrist"))
    found = complaint(replace(well(), model=unseen))
    assert found.level is Level.UNKNOWN


@pytest.mark.parametrize("value", ["off", "OFF", "", "maybe"])
def test_the_kill_switch_is_told_of(value: str) -> None:
    found = complaint(replace(well(), switch=value))
    assert found.level is Level.NOTE
    assert found.remedy == "kubectl -n podiatrist delete configmap executor"


def test_the_kill_switch_may_say_on() -> None:
    assert not complaints(replace(well(), switch=" On"))


def test_namespaces_without_execution_are_named() -> None:
    found = complaint(replace(well(), switched_off=["bank", "shop"]))
    assert found.level is Level.NOTE
    assert "bank, shop" in found.seen
    assert found.remedy == "kubectl label namespace bank podiatrist.dev/execution-"


@pytest.mark.parametrize(
    ("state", "role"),
    [("Investigating", "operator"), ("Executing", "executor"), ("Verifying", "executor")],
)
def test_a_diagnosis_that_does_not_move_is_stuck(state: str, role: str) -> None:
    found = complaint(replace(well(), diagnoses=[diagnosis(state, 3600)]))
    assert found.level is Level.WARNING
    assert "shop/web-1" in found.seen
    assert found.remedy == logs_of_both_pods(role)


def test_a_diagnosis_that_waits_for_a_human_or_is_young_is_not() -> None:
    waiting = [diagnosis(state, 9999) for state in ("AwaitingApproval", "NeedsHuman", "Succeeded")]
    young = diagnosis("Investigating", 60)
    paused = diagnosis("Investigating", 9999, annotations={"podiatrist.dev/pause": "true"})
    assert not complaints(replace(well(), diagnoses=[*waiting, young, paused]))


def test_what_others_wrote_cannot_steer_the_terminal() -> None:
    waiting = {"waiting": {"reason": "ErrImagePull", "message": "no\x1b[2J\nimage " + "x" * 2000}}
    sick = pod("executor", state=waiting, ready=False)
    found = complaint(with_executor(workload("executor"), sick))
    assert "\x1b" not in found.seen
    assert "\n" not in found.seen
    assert len(found.seen) <= 600
