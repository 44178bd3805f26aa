"""What `deploy/` holds: generated files are fresh, pods are restricted, names fit together."""

import os
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from podiatrist import __name__ as package
from podiatrist.api.crd import render_crd
from podiatrist.cli import run_role
from podiatrist.handlers.operator_settings import OperatorSettings
from podiatrist.handlers.settings import Settings
from podiatrist.handlers.settings_map import settings_map

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


@pytest.fixture
def uncommented() -> dict[str, str]:
    """The settings of somebody who takes all comments away, and changes nothing."""
    head, data, entries = (DEPLOY / "02-settings.yaml").read_text().partition("# data:\n")
    text = "".join(line.removeprefix("# ") for line in (data + entries).splitlines(keepends=True))
    found: dict[str, str] = yaml.safe_load(head + text)["data"]
    assert len(found) > 30
    return found


@pytest.mark.parametrize("kind", [Settings, OperatorSettings])
def test_every_default_may_be_given_in_the_environment(
    uncommented: dict[str, str], kind: type[Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    defaults = kind()
    for name, value in uncommented.items():
        monkeypatch.setenv(name, value)
    assert run_role._read(kind, {}) == defaults


@pytest.mark.parametrize("kind", [Settings, OperatorSettings])
def test_every_default_may_be_mounted(
    uncommented: dict[str, str],
    kind: type[Settings],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in uncommented.items():
        (tmp_path / name).write_text(value)
    monkeypatch.setattr(run_role, "_MOUNTED", (tmp_path,))
    assert run_role._read(kind, {}) == kind()


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
    assert "secretName" in text["operator"]
    assert "secret" not in text["executor"]


@pytest.mark.parametrize("role", ROLES)
def test_no_environment_is_made_of_what_may_be_edited(role: str) -> None:
    """A ConfigMap as environment would set LD_PRELOAD or PYTHONPATH for whoever may edit it."""
    (container,) = of("Deployment", role)["spec"]["template"]["spec"]["containers"]
    assert "envFrom" not in container
    assert {e["name"] for e in container["env"] if "valueFrom" in e} <= {"PODIATRIST_MODEL_KEY"}


def test_all_objects_are_labelled_so_that_they_can_be_found() -> None:
    unlabelled = [
        (m["kind"], m["metadata"]["name"])
        for m in manifests()
        if m["metadata"].get("labels", {}).get("app.kubernetes.io/name") != "podiatrist"
    ]
    assert unlabelled == []


def test_mounted_settings_are_read_and_the_environment_goes_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the Deployments mount them: a file for each key, the value without a newline or with."""
    (tmp_path / "PODIATRIST_SOAK").write_text("7")
    (tmp_path / "PODIATRIST_HEAL").write_text("8\n")
    (tmp_path / "LD_PRELOAD").write_text("evil.so")
    monkeypatch.setattr(run_role, "_MOUNTED", (tmp_path, tmp_path / "missing"))
    monkeypatch.setenv("PODIATRIST_HEAL", "9")
    settings = run_role._read(OperatorSettings, {})
    assert (settings.soak, settings.heal) == (7, 9.0)
    assert "LD_PRELOAD" not in os.environ
    (tmp_path / "PODIATRIST_SOAK").write_text("banana")
    with pytest.raises(click.ClickException, match="PODIATRIST_SOAK: "):
        run_role._read(OperatorSettings, {})
