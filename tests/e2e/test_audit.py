"""The trail of a fix on a real API server: Events, field managers, and `podiatrist audit`."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import cast
from urllib.parse import parse_qs, urlsplit

import pytest

from podiatrist.api import names
from podiatrist.api.diagnosis import Diagnosis, Target
from podiatrist.cluster.connect import connect
from podiatrist.cluster.kinds import DEPLOYMENT, POD
from podiatrist.cluster.reader import Reader
from podiatrist.lifecycle.approval.switch import held
from podiatrist.lifecycle.context import Context
from podiatrist.lifecycle.telling.announce import Announcement, announce
from tests.cluster import Cluster
from tests.e2e.kube import Kube, Object, deployment, until
from tests.harness.install import ROOT, identity, install


@asynccontextmanager
async def executor(cluster: Cluster, folder: Path) -> AsyncIterator[Context]:
    """A step's view of the cluster, with the executor's identity."""
    config = identity(cluster, "executor", folder)
    async with connect(config, "podiatrist-executor") as client:
        yield cast(Context, SimpleNamespace(client=client, clock=lambda: datetime.now(UTC)))


def podiatrist(cluster: Cluster, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "podiatrist", *arguments],
        env={**os.environ, "KUBECONFIG": str(cluster.kubeconfig)},
        capture_output=True,
        text=True,
        check=False,
    )


def healed(kube: Kube) -> Diagnosis:
    """Let a Deployment fall sick and be healed; returns its Diagnosis."""
    kube.apply(deployment(image="nnnnnnnnginx"))
    found = kube.wait_for_diagnosis("AwaitingApproval")
    kube.approve(found, found.status.options[0])
    return kube.wait_for_diagnosis("Succeeded")


@pytest.mark.containers
def test_who_looks_at_the_target_sees_what_was_done_and_for_whom(
    kube: Kube, cluster: Cluster, tmp_path: Path
) -> None:
    story = healed(kube)
    assert story.status.approval is not None
    digest = story.status.approval.digest

    async def announcing() -> None:
        async with executor(cluster, tmp_path) as context:
            for _ in range(2):
                await announce(context, story, Announcement.FIX_APPLIED, "1 patch applied")
            await announce(context, story, Announcement.FIX_FAILED, "ü" * 3000)
            reader = Reader(context.client)
            seen = await reader.read(DEPLOYMENT, kube.namespace, "web", datetime.now(UTC))
            assert "FixFailed" not in {e.reason for e in seen.events}, "no evidence of a fault"

    asyncio.run(announcing())

    whose = f"option {digest} of Diagnosis {story.metadata.name}, approved by admin"
    said = f"{whose}: 1 patch(es) applied"
    for what in (f"diagnosis/{story.metadata.name}", "deployment/web"):
        lines = kube("describe", what).splitlines()
        [told] = [line for line in lines if said in line]
        assert told.split()[:2] == ["Normal", "FixApplied"]
        assert "podiatrist.dev/executor" in told
        reasons = [line.split()[1] for line in lines if whose in line]
        assert {"FixApproved", "FixApplied", "FixVerified"} <= set(reasons)
        assert any(line.split()[:2] == ["Warning", "FixFailed"] for line in lines)


def test_a_fix_of_a_node_is_told_below_the_node(
    kube: Kube, cluster: Cluster, tmp_path: Path
) -> None:
    node = json.loads(kube.admin("get", "nodes", "-o", "json"))["items"][0]["metadata"]
    target = Target(api_version="v1", kind="Node", name=node["name"], uid=node["uid"])
    story = Diagnosis.model_validate(
        {
            "metadata": {"name": "node-1", "namespace": "podiatrist", "uid": kube.namespace},
            "spec": {"target": target},
        }
    )

    async def announcing() -> None:
        async with executor(cluster, tmp_path) as context:
            await announce(context, story, Announcement.FIX_APPLIED, f"for {kube.namespace}")

    asyncio.run(announcing())
    assert f"for {kube.namespace}" in kube.admin("describe", "node", node["name"])


def test_every_write_names_its_fix(kube: Kube, cluster: Cluster) -> None:
    kube.apply(deployment())
    pods: list[Object] = until(lambda: (bool(found := kube.all("pods")), found), "pod of web")
    gone = pods[0]["metadata"]
    whose = names.field_manager("web-7f3a9c", "9f3c2a7b")
    change = [{"op": "add", "path": "/metadata/annotations/a", "value": "b"}]

    async def writing() -> None:
        async with connect(cluster.kubeconfig, "test") as client:
            here = (DEPLOYMENT, kube.namespace, "web")
            await client.json_patch(*here, change, field_manager=whose)
            body = {"metadata": {"labels": {"c": "d"}}}
            await client.merge_patch(*here, body, field_manager=names.field_manager("x" * 200, "1"))
            await client.delete(
                POD, kube.namespace, gone["name"], {"preconditions": {"uid": gone["uid"]}},
                field_manager=whose,
            )  # fmt: skip

    asyncio.run(writing())

    managed = json.loads(kube("get", "deployment", "web", "-o", "json", "--show-managed-fields"))
    managers = {entry["manager"] for entry in managed["metadata"]["managedFields"]}
    assert whose in managers
    assert any(len(m) == 128 and m.endswith("xxx/1") for m in managers)
    until(lambda: (gone["uid"] not in {p["metadata"]["uid"] for p in kube.all("pods")}, gone),
          "end of the pod: the query beside the body is no obstacle")  # fmt: skip
    named = [
        entry["verb"]
        for entry in kube.audited()
        if (entry.get("objectRef") or {}).get("namespace") == kube.namespace
        and parse_qs(urlsplit(entry["requestURI"]).query).get("fieldManager") == [whose]
    ]
    assert named == ["patch", "delete"]


@pytest.mark.containers
def test_what_was_executed_is_listed(kube: Kube, cluster: Cluster) -> None:
    story = healed(kube)
    assert story.status.approval is not None
    here = ("-n", kube.namespace)

    listed = podiatrist(cluster, "audit", *here)

    assert listed.returncode == 0, listed.stderr
    head, row = listed.stdout.splitlines()
    assert head.split()[-1] == "OUTCOME"
    for part in (f"{kube.namespace}/{story.metadata.name}", story.status.approval.digest,
                 "patch deployment/web", "Succeeded"):  # fmt: skip
        assert part in row
    [entry] = json.loads(podiatrist(cluster, "audit", *here, "-o", "json").stdout)
    assert {o["op"] for o in entry["writes"][0]["patch"]} >= {"test"}
    detail = podiatrist(cluster, "audit", *here, "--diagnosis", story.metadata.name)
    assert "undone by" in detail.stdout
    assert podiatrist(cluster, "audit", "-A", "--since", "1s", "-o", "json").stdout == "[]\n"


def test_who_may_not_list_is_told_what_to_ask_for(
    kube: Kube, cluster: Cluster, tmp_path: Path
) -> None:
    kube("create", "serviceaccount", "nobody")
    token = kube("create", "token", "nobody").strip()
    config = json.loads(kube.admin("config", "view", "--raw", "--minify", "-o", "json"))
    config["users"] = [{"name": config["users"][0]["name"], "user": {"token": token}}]
    stranger = tmp_path / "stranger"
    stranger.write_text(json.dumps(config))

    refused = podiatrist(cluster, "audit", "-A", "--kubeconfig", str(stranger))

    assert refused.returncode == 1
    assert "name a namespace with -n, or ask for the right to list diagnoses" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_the_executor_sees_the_switches(kube: Kube, cluster: Cluster, tmp_path: Path) -> None:
    async def asked(namespace: str) -> str | None:
        async with executor(cluster, tmp_path) as context:
            return await held(context, namespace)

    assert asyncio.run(asked(kube.namespace)) is None
    kube.admin("label", "namespace", kube.namespace, f"{names.EXECUTION}=off")
    why = asyncio.run(asked(kube.namespace))
    assert why is not None
    assert f"namespace {kube.namespace}" in why
    assert asyncio.run(asked("default")) is None
    undo = why.split("kubectl ")[1].split()
    kube.admin(*undo)
    assert asyncio.run(asked(kube.namespace)) is None


@pytest.mark.serial
def test_an_upgrade_does_not_switch_on_what_somebody_switched_off(
    kube: Kube, cluster: Cluster, tmp_path: Path
) -> None:
    async def asked() -> str | None:
        async with executor(cluster, tmp_path) as context:
            return await held(context, kube.namespace)

    off = "-n podiatrist create configmap executor --from-literal=execution=off"
    assert off in (ROOT / "deploy/executor.yaml").read_text()
    kube.admin(*off.split())
    try:
        install(cluster)
        why = asyncio.run(asked())
        assert why is not None
        assert "whole cluster" in why
    finally:
        kube.admin("-n", "podiatrist", "delete", "configmap", "executor")
    assert why.endswith("kubectl -n podiatrist delete configmap executor")
    assert asyncio.run(asked()) is None
