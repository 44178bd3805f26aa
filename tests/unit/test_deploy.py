"""What `deploy/` holds: generated files are fresh, pods are restricted, names fit together."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client import generate_latest

from podiatrist import __name__ as package
from podiatrist.api.crd import render_crd
from podiatrist.handlers.operator_settings import OperatorSettings
from podiatrist.handlers.settings_map import settings_map
from podiatrist.handlers.vitals import Vitals

DEPLOY = Path(__file__).parents[2] / "deploy"
ROLES = ("operator", "executor")


def manifests(file: str = "*.yaml") -> list[Any]:
    found = [m for f in sorted(DEPLOY.glob(file)) for m in yaml.safe_load_all(f.read_text())]
    assert found
    return found


def of(kind: str, name: str) -> Any:
    (found,) = (m for m in manifests() if (m["kind"], m["metadata"]["name"]) == (kind, name))
    return found


def test_the_crd_and_the_settings_are_those_of_the_code() -> None:
    assert (DEPLOY / "01-crd.yaml").read_text() == render_crd(), "run `make crds`"
    assert (DEPLOY / "02-settings.yaml").read_text() == settings_map(), "run `make crds`"
    assert package == "podiatrist"


def test_every_setting_is_listed_and_none_that_is_a_secret() -> None:
    listed = (DEPLOY / "02-settings.yaml").read_text()
    for name, field in OperatorSettings.model_fields.items():
        secret = "SecretStr" in str(field.annotation)
        deployed = name in {"leader_election", "status_port", "log_format"}
        assert (f"#   PODIATRIST_{name.upper()}: " in listed) == (not secret and not deployed), name


def test_an_uncommented_setting_is_read_back_as_its_default() -> None:
    text = (DEPLOY / "02-settings.yaml").read_text()
    data = yaml.safe_load(text.partition("\n# data:\n")[2].replace("\n#", "\n")[1:])
    assert len(data) > 30
    given = {k.removeprefix("PODIATRIST_").lower(): v for k, v in data.items() if v != ""}
    settings = OperatorSettings(**{k: v for k, v in given.items() if k != "model_url"})
    assert settings == OperatorSettings()


@pytest.mark.parametrize("role", ROLES)
def test_pods_are_restricted_and_named_alike(role: str) -> None:
    deployment = of("Deployment", role)
    pod = deployment["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert deployment["spec"]["replicas"] == 2
    assert pod["securityContext"]["runAsNonRoot"]
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert pod["serviceAccountName"] == role
    labels = deployment["spec"]["template"]["metadata"]["labels"]
    for kind in ("PodDisruptionBudget", "NetworkPolicy"):
        selector = of(kind, role)["spec"].get("selector") or of(kind, role)["spec"]["podSelector"]
        assert selector["matchLabels"].items() <= labels.items()
    assert {e["name"]: e.get("value") for e in container["env"]}["PODIATRIST_LEADER_ELECTION"]


def test_only_the_operator_is_given_secrets() -> None:
    text = {role: yaml.safe_dump(of("Deployment", role)) for role in ROLES}
    assert "secret" in text["operator"]
    assert "secret" not in text["executor"]


def test_all_objects_are_labelled_so_that_they_can_be_found() -> None:
    unlabelled = [
        (m["kind"], m["metadata"]["name"])
        for m in manifests()
        if m["metadata"].get("labels", {}).get("app.kubernetes.io/name") != "podiatrist"
    ]
    assert unlabelled == []


def test_alerts_dashboard_and_docs_speak_of_metrics_that_exist() -> None:
    vitals = Vitals()
    vitals.metrics.budget(lambda: 1)
    vitals.metrics.held_back(lambda: [("*", 1)])
    vitals.metrics.counts("notifications", "", ("sink", "outcome"), lambda: [(("s", "sent"), 1)])
    text = generate_latest(vitals.metrics.registry).decode()
    there = {line.split()[2] for line in text.splitlines() if line.startswith("# TYPE podiatrist")}
    there -= {name for name in there if name.endswith("_created")}
    docs = (DEPLOY.parent / "docs/operations.md").read_text()
    told = set(re.findall(r"^\| `(podiatrist_\w+)`", docs, re.M))
    assert told == there
    for file in (DEPLOY / "monitoring").glob("*.yaml"):
        used = set(re.findall(r"podiatrist_[a-z_]+", file.read_text()))
        assert {name.removesuffix("_bucket") for name in used} <= there, file
