"""The image: small, without tools, and with a list of its parts."""

import json

from tests.image.build import Image, built
from tests.incluster.installation import Installation

LARGEST = 150_000_000
"""Bytes as they travel; with the stand-in for the official base, which is the larger one."""


def image() -> Image:
    return built(lambda what: None)


def inside(installation: Installation, *command: str) -> str:
    return installation.kube("exec", "deploy/operator", "--", *command)


def test_it_is_small_and_runs_as_nobody(fresh: Installation) -> None:
    assert sum(image().layers()) < LARGEST
    config = image().config()["config"]
    assert isinstance(config, dict)
    assert config["User"] == "65532:65532"
    assert config["Entrypoint"] == ["podiatrist"]


def test_it_lists_its_parts(installation: Installation) -> None:
    """Given the SBOM, then it names what the lock file pins, and Podiatrist itself."""
    parts = json.loads(inside(installation, "cat", "/opt/podiatrist/sbom.cdx.json"))
    versions = {c["name"].replace("_", "-"): c["version"] for c in parts["components"]}
    assert parts["bomFormat"] == "CycloneDX"
    assert {"kopf", "kubernetes", "openai", "podiatrist", "prometheus-client"} <= versions.keys()
    assert versions["podiatrist"] == "0.1.0"


def test_it_has_no_tools_and_nothing_can_be_written(installation: Installation) -> None:
    """Given the running pod, then no installer is in it, and only /tmp takes a file."""
    find = "import os, sys; print([m for m in ('pip', 'setuptools') if __import__('importlib.util').util.find_spec(m)])"  # noqa: E501 - one line for -c
    assert inside(installation, "/opt/podiatrist/bin/python", "-c", find).strip() == "[]"
    said = installation.kube("exec", "deploy/operator", "--", "touch", "/opt/podiatrist/x",
                             check=False)  # fmt: skip
    assert "Read-only file system" in said
    assert "v1.37" in inside(installation, "kubectl", "version", "--client")
    assert inside(installation, "podiatrist", "--version").strip().endswith("0.1.0")
