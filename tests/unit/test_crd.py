"""The CRD on disk is the one that the models make, documented and bounded in every corner."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from podiatrist.api.crd import COLUMNS, build_crd, render_crd

CRD = Path(__file__).parents[2] / "crds" / "diagnoses.podiatrist.dev.yaml"


def fields(node: dict[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    for name, sub in node.get("properties", {}).items():
        yield f"{path}.{name}", sub
        yield from fields(sub, f"{path}.{name}")
    if "items" in node:
        yield from fields(node["items"], f"{path}[]")


def nodes(node: dict[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    yield path, node
    for name, sub in node.get("properties", {}).items():
        yield from nodes(sub, f"{path}.{name}")
    if "items" in node:
        yield from nodes(node["items"], f"{path}[]")


(VERSION,) = build_crd()["spec"]["versions"]
SCHEMA: dict[str, Any] = VERSION["schema"]["openAPIV3Schema"]
FIELDS = dict(fields(SCHEMA))
NODES = dict(nodes(SCHEMA))


def test_the_file_is_what_the_models_make() -> None:
    assert CRD.read_text("utf-8") == render_crd(), "run `make crds`"


def test_the_file_is_yaml_without_anchors() -> None:
    text = CRD.read_text("utf-8")
    assert yaml.safe_load(text) == build_crd()
    assert "&id" not in text


@pytest.mark.parametrize("path", FIELDS)
def test_kubectl_explain_has_a_sentence_for_every_field(path: str) -> None:
    description = FIELDS[path].get("description", "")
    assert description
    assert description.rstrip().endswith((".", "?")), description


@pytest.mark.parametrize("path", NODES)
def test_every_corner_is_structural_and_bounded(path: str) -> None:
    node = NODES[path]
    assert node["type"] in ("object", "array", "string", "integer", "number", "boolean")
    assert not {"$ref", "anyOf", "allOf", "oneOf", "default", "title"} & set(node)
    if node["type"] == "array":
        assert 0 < node["maxItems"] <= 60
    if node["type"] == "string":
        assert "maxLength" in node or "enum" in node or "format" in node


def test_the_columns_lead_to_fields() -> None:
    for column in COLUMNS:
        path = column["jsonPath"].replace("[0]", "[]")
        assert path in FIELDS or path == ".metadata.creationTimestamp", path


def test_a_status_is_a_subresource_and_the_spec_immutable() -> None:
    assert VERSION["subresources"] == {"status": {}}
    (rule,) = SCHEMA["properties"]["spec"]["x-kubernetes-validations"]
    assert rule["rule"] == "self == oldSelf"
    assert SCHEMA["required"] == ["spec"]
