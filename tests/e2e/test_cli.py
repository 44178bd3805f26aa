"""What people type, on a real cluster: list, show, approve and undo, with their own rights."""

import json
import os
import subprocess
import sys

import pytest

from podiatrist.api import names
from tests.e2e.kube import Kube, deployment


def podiatrist(kube: Kube, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command in the story's namespace, without a terminal, however wide one would be."""
    environment = {k: v for k, v in os.environ.items() if k != "COLUMNS"}
    return subprocess.run(
        [sys.executable, "-m", "podiatrist", *arguments, "-n", kube.namespace],
        env=environment | {"KUBECONFIG": str(kube.cluster.kubeconfig)},
        capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
    )  # fmt: skip


@pytest.mark.containers
def test_a_fix_is_found_approved_followed_and_undone(kube: Kube) -> None:
    """Given a mistyped image, when it is approved with --wait, it heals; undo brings it back."""
    kube.apply(deployment(image="nnnnnnnnginx"))
    found = kube.wait_for_diagnosis("AwaitingApproval")
    name, digest = found.metadata.name, found.status.options[0].digest

    listed = podiatrist(kube, "list")
    assert listed.returncode == 0, listed.stderr
    head, row = (line.split() for line in listed.stdout.splitlines())
    assert head == ["NAME", "TARGET", "REASON", "STATE", "RISK", "AGE"]
    assert row[:4] == [name, "deployment/web", "ImageNotFound", "AwaitingApproval"]
    shown = podiatrist(kube, "show", "deployment/web").stdout
    assert f"approve: podiatrist approve {name} {digest} -n {kube.namespace}" in shown

    unasked = podiatrist(kube, "approve", name)
    assert (unasked.returncode, f"add {digest} --yes" in unasked.stderr) == (3, True)
    unseen = podiatrist(kube, "approve", name, "1", "--yes")
    assert (unseen.returncode, digest in unseen.stderr) == (3, True)
    assert names.APPROVE not in kube.diagnosis(name).metadata.annotations
    done = podiatrist(kube, "approve", "deployment/web", digest, "--yes", "--wait",
                      "--timeout", "90s")  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "You approve as admin" in done.stdout
    assert "\nSucceeded: " in done.stdout

    kube("set", "image", "deployment/web", "app=nginx:1.27")
    foreign = podiatrist(kube, "undo", name, "--yes")
    assert foreign.returncode == 3
    assert "Deployment" in foreign.stderr
    assert "was changed since by kubectl-set" in foreign.stderr
    kube("set", "image", "deployment/web", "app=nginx")
    undone = podiatrist(kube, "undo", name, "--yes")
    assert undone.returncode == 0, undone.stderr
    assert "-      - image: nginx\n" in undone.stdout
    web = kube.get("deployment", "web")
    assert web["spec"]["template"]["spec"]["containers"][0]["image"] == "nnnnnnnnginx"
    assert names.FIX not in web["metadata"]["annotations"]
    fields = kube("get", "deployment", "web", "--show-managed-fields", "-o", "json")
    assert '"manager": "podiatrist-cli"' in fields, "it was the user who changed it"


def test_a_question_of_a_human_is_answered_and_can_be_put_aside(kube: Kube) -> None:
    """Given a healthy workload, `run` has it looked at all the same; `reject` ends it."""
    kube.apply(deployment())
    asked = podiatrist(kube, "run", "deploy/web", "-q", "is it well?", "-o", "json",
                       "--timeout", "60s")  # fmt: skip
    assert asked.returncode == 0, asked.stderr
    found = json.loads(asked.stdout)
    assert found["spec"]["question"] == "is it well?"
    assert {c["type"] for c in found["status"]["conditions"]} >= {"Diagnosed", "Consulted"}
    name = found["metadata"]["name"]
    assert podiatrist(kube, "reject", name, "--reason", "it is well").returncode == 0
    kube.wait_for_diagnosis("Rejected")
    over = podiatrist(kube, "reject", name)
    assert (over.returncode, over.stderr) == (3, f"Error: {name} is over already (Rejected)\n")
