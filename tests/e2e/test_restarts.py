"""SIGKILL at any moment: the story continues, and nothing runs twice."""

import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.e2e.kube import Kube, deployment, requiring, until
from tests.harness.processes import Podiatrist, Role

pytestmark = [pytest.mark.serial, pytest.mark.containers]


@contextmanager
def killed_now_and_then(*roles: Role, seed: int) -> Iterator[None]:
    """Kill the roles at random moments, 0.3 to 4 s apart, while the story goes on."""
    dice, over = random.Random(seed), threading.Event()  # noqa: S311 - a reproducible test

    def kill() -> None:
        while not over.wait(dice.uniform(0.3, 4.0)):
            dice.choice(roles).kill()

    started = sum(role.starts for role in roles)
    killer = threading.Thread(target=kill)
    killer.start()
    try:
        yield
    finally:
        over.set()
        killer.join()
    assert sum(role.starts for role in roles) > started, "nobody was killed: nothing was tested"


def patches_of(kube: Kube, resource: str, name: str) -> list[dict[str, Any]]:
    """Return the real (not dry-run) patches that the executor sent, from the audit log."""
    return [
        entry
        for entry in kube.audited()
        if entry["verb"] == "patch"
        and entry["user"]["username"] == "system:serviceaccount:podiatrist:executor"
        and (entry["objectRef"]["resource"], entry["objectRef"]["name"]) == (resource, name)
        and entry["objectRef"].get("namespace", kube.namespace) == kube.namespace
        and "dryRun" not in entry["requestURI"]
        and entry["responseStatus"]["code"] < 300
    ]


@pytest.mark.parametrize("seed", range(3))
def test_story_survives_kills_at_any_moment(kube: Kube, podiatrist: Podiatrist, seed: int) -> None:
    kube.apply(deployment(image="ngnix"))
    with killed_now_and_then(podiatrist.operator, podiatrist.executor, seed=seed):
        found = kube.wait_for_diagnosis("AwaitingApproval", patience=180)
        kube.approve(found, found.status.options[0])
        kube.wait_for_diagnosis("Succeeded", patience=180)
    assert len(kube.diagnoses()) == 1
    assert len(patches_of(kube, "deployments", "web")) == 1


def test_rollback_survives_kills_at_any_moment(kube: Kube, podiatrist: Podiatrist) -> None:
    kube.apply(deployment(image="ngnix:no-such-tag"))
    found = kube.wait_for_diagnosis("AwaitingApproval")
    with killed_now_and_then(podiatrist.executor, seed=7):
        kube.approve(found, found.status.options[0])
        kube.wait_for_diagnosis("RolledBack", patience=240)
    assert len(patches_of(kube, "deployments", "web")) == 2  # there and back
    containers = kube.get("deployment", "web")["spec"]["template"]["spec"]["containers"]
    assert containers[0]["image"] == "ngnix:no-such-tag"


def test_what_happened_while_all_were_down_is_found_again(
    kube: Kube, podiatrist: Podiatrist
) -> None:
    """Noticed, approved and fixed although nobody was there when it began, or was approved."""
    podiatrist.operator.stop()
    podiatrist.executor.stop()
    kube.apply(deployment(replicas=2, affinity=requiring("no-such-label")))
    podiatrist.operator.start()
    podiatrist.executor.start()
    found = kube.wait_for_diagnosis("AwaitingApproval")
    podiatrist.operator.stop()
    podiatrist.executor.stop()
    kube.approve(found, found.status.options[1])
    podiatrist.executor.start()  # the executor alone can finish what was approved
    kube.wait_for_diagnosis("Succeeded")
    podiatrist.operator.start()


def test_without_the_executor_it_only_diagnoses(kube: Kube, podiatrist: Podiatrist) -> None:
    """The kill switch: no executor, no preview, no write, and still a Diagnosis that says why."""
    podiatrist.executor.stop()
    try:
        kube.apply(deployment(image="ngnix"))

        def look() -> tuple[bool, Any]:
            found = kube.diagnoses()
            return bool(found and found[0].status.options), found

        (found,) = until(look, "Diagnosis without a preview")
        refused = kube.refusal(found, found.status.options[0])
        assert refused is not None
        assert "the executor has not tried it yet" in refused
        # The operator alone keeps looking: healed by hand, it is Resolved.
        kube("set", "image", "deployment/web", "app=nginx")
        kube.wait_for_diagnosis("Resolved")
        assert patches_of(kube, "deployments", "web") == []
    finally:
        podiatrist.executor.start()
