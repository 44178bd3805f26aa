"""Transcripts on a real API server: saved by the operator, read with the command, tidied up."""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

from podiatrist.agent.consultation.transcript import Transcript
from podiatrist.agent.messages import Call, Reply, TokenCount, system, user
from podiatrist.api import names
from podiatrist.api.diagnosis import Diagnosis
from podiatrist.cluster.connect import connect
from podiatrist.cluster.transcripts import Transcripts
from tests.cluster import Cluster
from tests.e2e.kube import Kube, deployment, until
from tests.harness.install import identity


def by_hand(name: str) -> dict[str, object]:
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
    return {
        "apiVersion": names.API_VERSION,
        "kind": names.KIND,
        "metadata": {"name": name, "annotations": {names.PAUSE: "true"}},
        "spec": {"target": target},
    }


def consultation() -> Transcript:
    transcript = Transcript("small-model")
    transcript.asking([system("You look at pods."), user("Why is web down?")])
    look = Call("1", "kubectl", '{"command": "get pods"}')
    transcript.replied(Reply("Pods first.", (look,), TokenCount(1200, 7)))
    transcript.observed(look, "web-1  0/1  password=hunter2hunter2\n" * 50)
    return transcript


def save(cluster: Cluster, folder: Path, diagnosis: Diagnosis) -> None:
    async def saving() -> None:
        async with connect(identity(cluster, "operator", folder), "test") as client:
            await Transcripts(client).save(diagnosis, consultation())

    asyncio.run(saving())


def podiatrist(kubeconfig: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "podiatrist", *arguments],
        env={**os.environ, "KUBECONFIG": str(kubeconfig)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_what_the_operator_saved_is_printed(kube: Kube, cluster: Cluster, tmp_path: Path) -> None:
    kube.apply(deployment(replicas=0), by_hand("why"))
    save(cluster, tmp_path, kube.diagnosis("why"))
    save(cluster, tmp_path, kube.diagnosis("why"))

    shown = podiatrist(cluster.kubeconfig, "transcript", "why", "-n", kube.namespace)

    assert shown.returncode == 0, shown.stderr
    assert "$ kubectl get pods" in shown.stdout
    assert "Why is web down?" in shown.stdout
    assert "hunter2" not in shown.stdout
    assert "\x1b" not in shown.stdout
    told = podiatrist(cluster.kubeconfig, "transcript", "why", "-n", kube.namespace, "-o", "json")
    assert json.loads(told.stdout)["model"] == "small-model"


def test_errors_say_what_to_do(kube: Kube, cluster: Cluster, tmp_path: Path) -> None:
    kube.apply(by_hand("web-7f3a9c"))
    here = ("-n", kube.namespace)

    near = podiatrist(cluster.kubeconfig, "transcript", "web-777777", *here)
    none = podiatrist(cluster.kubeconfig, "transcript", "web-7f3a9c", *here)
    kube("create", "serviceaccount", "nobody")
    kube("create", "rolebinding", "sees", "--clusterrole=podiatrist-approver",
         f"--serviceaccount={kube.namespace}:nobody")  # fmt: skip
    token = kube("create", "token", "nobody").strip()
    stranger = Path(tmp_path, "stranger")
    admin = json.loads(kube.admin("config", "view", "--raw", "--minify", "-o", "json"))
    admin["users"] = [{"name": admin["users"][0]["name"], "user": {"token": token}}]
    stranger.write_text(json.dumps(admin))
    refused = podiatrist(stranger, "transcript", "web-7f3a9c", *here)

    assert "did you mean web-7f3a9c?" in near.stderr
    assert "no transcript of web-7f3a9c: the model was not consulted yet" in none.stderr
    assert "Role transcript-reader in namespace podiatrist" in refused.stderr
    assert {near.returncode, none.returncode, refused.returncode} == {1}


def test_transcripts_go_when_their_diagnosis_has_gone(
    kube: Kube, cluster: Cluster, tmp_path: Path
) -> None:
    kube.apply(by_hand("stays"), by_hand("goes"))
    stays, goes = kube.diagnosis("stays"), kube.diagnosis("goes")
    save(cluster, tmp_path, stays)
    save(cluster, tmp_path, goes)

    def kept() -> set[str]:
        said = kube.admin("-n", "podiatrist", "get", "configmaps", "-o", "name")
        ours = {f"configmap/transcript-{d.metadata.uid}": d.metadata.name for d in (stays, goes)}
        return {ours[line] for line in said.split() if line in ours}

    assert kept() == {"stays", "goes"}
    kube("delete", "diagnosis", "goes")

    until(lambda: ("goes" not in kept(), kept()), "end of the transcript, at the next sweep")
    assert kept() == {"stays"}
