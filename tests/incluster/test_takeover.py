"""Leaders die in the middle of things: the other finishes, nothing is lost or done twice."""

import pytest

from podiatrist.api.diagnosis import State
from tests.e2e.kube import Kube, deployment, until
from tests.e2e.test_restarts import patches_of
from tests.incluster.installation import ROLES, Installation

HANDOVER = 15.0
"""Seconds that the issue allows."""


@pytest.mark.parametrize("role", ROLES)
def test_the_other_takes_over_in_time(installation: Installation, role: str) -> None:
    """Given two replicas, when the leader dies without a word, then the other leads within 15 s."""
    old = installation.kill(role)
    _, seconds = installation.new_leader(role, old, 60)
    assert seconds < HANDOVER
    installation.ready()


def test_a_leader_that_is_told_to_go_hands_over_at_once(installation: Installation) -> None:
    """Given an eviction, as a drain does it, then the Lease is given back, not waited for."""
    old, _ = installation.new_leader("operator", "", 30)
    installation.evict(old)
    _, seconds = installation.new_leader("operator", old, 60)
    assert seconds < 8
    installation.ready()


def test_a_drain_never_takes_both(installation: Installation) -> None:
    """Given the budgets, when every pod is evicted at once, then one of each role stays."""
    for role in ROLES:
        refused = 0
        for pod in installation.pods(role):
            refused += "disruption budget" in installation.evict(
                pod["metadata"]["name"], check=False
            )
        assert refused == 1
    installation.ready()


def test_nothing_is_lost_while_nobody_leads(installation: Installation, kube: Kube) -> None:
    """Given an operator that dies just then, when a workload gets sick, then it is told of."""
    kube.apply(deployment(image="ngnix"))
    installation.kill("operator")
    found = kube.wait_for_diagnosis("AwaitingApproval", patience=90)
    installation.kill("operator")  # it investigates again and again while it waits
    installation.kill("executor")
    kube.approve(found, found.status.options[0])

    def begun() -> tuple[bool, str]:
        state = kube.diagnosis(found.metadata.name).status.state
        return state not in (State.AWAITING_APPROVAL, None), str(state)

    until(begun, "execution that has begun")
    installation.kill("executor")
    kube.wait_for_diagnosis("Succeeded", patience=180)
    assert len(kube.diagnoses()) == 1, "no double work"
    assert len(patches_of(kube, "deployments", "web")) == 1, "nothing twice"
    installation.ready()
