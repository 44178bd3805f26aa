"""A model's endpoint that fails: the Diagnosis says so and settles, and no pod crashes."""

from pathlib import Path
from typing import Any

import pytest

from podiatrist.api.conditions import condition
from tests.e2e.kube import Kube, deployment
from tests.incluster.installation import ROLES, Installation, image_name

KEY = "sk-not-a-real-key-0123456789abcdef"
PORT = 8080


def endpoint(kube: Kube) -> str:
    """Start the endpoint in the namespace; returns its URL."""
    script = (Path(__file__).parent / "endpoint.py").read_text()
    command = ["/opt/podiatrist/bin/python", "-c", script, str(PORT)]
    port: dict[str, Any] = {"port": PORT, "targetPort": PORT}
    kube.apply(
        deployment("model", image_name(), container={"command": command}),
        {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "model"},
         "spec": {"selector": {"app": "model"}, "ports": [port]}},
    )  # fmt: skip
    kube("rollout", "status", "deployment/model", "--timeout=60s")
    return f"http://model.{kube.namespace}.svc:{PORT}"


@pytest.mark.parametrize(("how", "says"), [("revoked", "401"), ("garbage", "answer")])
def test_a_model_that_fails_costs_nothing_but_its_opinion(
    installation: Installation, kube: Kube, how: str, says: str
) -> None:
    """Given a revoked key, or garbage for answers, then the rules' options wait for approval."""
    secret = ("secret", "generic", "podiatrist-model")
    installation.kube("create", *secret, f"--from-literal=api-key={KEY}")
    settings = {"PODIATRIST_MODEL": "some-model", "PODIATRIST_CONSULT_SECONDS": "20"}
    try:
        url = f"{endpoint(kube)}/{how}/v1"
        installation.set({**settings, "PODIATRIST_MODEL_URL": url})
        kube.apply(deployment(image="ngnix"))

        found = kube.wait_for_diagnosis("AwaitingApproval")
        until_told = condition(found.status, "Consulted")
        while until_told is None or until_told.status != "False":
            found = kube.wait_for_diagnosis("AwaitingApproval")
            until_told = condition(found.status, "Consulted")
        assert until_told.reason == "ModelFailed"
        assert says in until_told.message
        assert found.status.options
        for role in ROLES:
            statuses = [
                s for p in installation.pods(role) for s in p["status"]["containerStatuses"]
            ]
            assert [(s["ready"], s["restartCount"]) for s in statuses] == [(True, 0)] * 2
        assert KEY not in str(installation.log("operator")) + found.model_dump_json()
    finally:
        installation.kube("delete", "secret", "podiatrist-model")
        installation.set({**dict.fromkeys(settings), "PODIATRIST_MODEL_URL": None})
