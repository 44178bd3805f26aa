"""A healthy cluster with all its ordinary unrest gives no Diagnosis at all."""

import time
from typing import Any

import pytest

from tests.e2e.kube import Kube, deployment

pytestmark = pytest.mark.containers


def job(name: str, command: str, **spec: Any) -> dict[str, Any]:
    container = {"name": "job", "image": "busybox", "command": ["sh", "-c", command]}
    template = {"spec": {"restartPolicy": "Never", "containers": [container]}}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name},
        "spec": {"template": template, **spec},
    }


def test_ordinary_unrest_is_left_alone(kube: Kube) -> None:
    """Rollouts, scaling, finished Jobs, slow starts, init containers, deletions: silence."""
    probe = {"exec": {"command": ["test", "-f", "/tmp/ready"]}, "periodSeconds": 1}  # noqa: S108
    slow = {"command": ["sh", "-c", "sleep 12; touch /tmp/ready; sleep 600"]}
    waits = {
        "name": "wait",
        "image": "busybox",
        "command": ["sh", "-c", "sleep 8"],
    }
    kube.apply(
        deployment("rolling", image="nginx:1.22", replicas=2),
        deployment("scaling", replicas=1),
        deployment("slow", image="busybox", container={**slow, "readinessProbe": probe}),
        deployment("init", initContainers=[waits]),
        deployment("off", replicas=0),
        deployment("doomed"),
        job("done", "true"),
        job("busy", "sleep 15"),
        job("retried", "test -f /tmp/x || exit 1", backoffLimit=0, ttlSecondsAfterFinished=1),
    )
    kube("rollout", "status", "deployment/rolling", "--timeout=90s")
    kube("set", "image", "deployment/rolling", "app=nginx:latest")
    kube("scale", "deployment/scaling", "--replicas=4")
    kube("delete", "deployment", "doomed", "--wait=false")
    kube("rollout", "status", "deployment/slow", "--timeout=90s")
    kube("rollout", "restart", "deployment/scaling")
    kube("scale", "deployment/scaling", "--replicas=1")
    kube("rollout", "status", "deployment/rolling", "--timeout=90s")
    time.sleep(10)
    assert kube.diagnoses() == []


def test_pod_that_finds_a_node_within_its_grace_is_left_alone(kube: Kube) -> None:
    """Unschedulable for a moment is what an autoscaler, or a leaving pod, looks like."""
    gate = [{"name": "example.com/wait"}]
    kube.apply(deployment("gated", schedulingGates=gate))
    time.sleep(12)
    assert kube.diagnoses() == []
