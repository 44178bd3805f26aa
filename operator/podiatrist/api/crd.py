"""Generates the CustomResourceDefinition from the pydantic models.

`podiatrist crd > crds/diagnoses.podiatrist.dev.yaml` writes it; a test holds the two together.
The API server wants a *structural* schema (Kubernetes docs, "Specifying a structural schema"):
no $ref, no anyOf with null, no defaults of ours, a type at every level.
"""

from typing import Any

import yaml

from podiatrist.api import names
from podiatrist.api.diagnosis import Spec, Status

JSON = dict[str, Any]

_KEEP = ("description", "enum", "format", "maxItems", "minItems", "maxLength", "maxProperties")
_NUMBERS = ("minimum", "maximum")

COLUMNS: list[JSON] = [
    {"name": "Target", "type": "string", "jsonPath": ".spec.target.name"},
    {"name": "Reason", "type": "string", "jsonPath": ".status.findings[0].reason"},
    {"name": "State", "type": "string", "jsonPath": ".status.state"},
    {"name": "Risk", "type": "string", "jsonPath": ".status.options[0].risk"},
    {"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"},
    {"name": "Kind", "type": "string", "jsonPath": ".spec.target.kind", "priority": 1},
    {"name": "Summary", "type": "string", "jsonPath": ".status.summary", "priority": 1},
    {"name": "Model", "type": "string", "jsonPath": ".status.usage.model", "priority": 1},
    {"name": "Tokens", "type": "integer", "jsonPath": ".status.usage.promptTokens", "priority": 1},
]
for _column in COLUMNS:
    _column["description"] = f"See kubectl explain diagnosis{_column['jsonPath'].split('[')[0]}"


def _structural(schema: JSON, defs: JSON) -> JSON:
    """Turn one pydantic JSON schema node into a structural one."""
    if "$ref" in schema:
        referred = _structural(defs[schema["$ref"].rsplit("/", 1)[-1]], defs)
        return {**referred, **{k: schema[k] for k in ("description",) if k in schema}}
    if "anyOf" in schema:
        (inner,) = [s for s in schema["anyOf"] if s.get("type") != "null"]
        own = {k: v for k, v in schema.items() if k != "anyOf"}
        return _structural({**inner, **own}, defs)
    node: JSON = {"type": schema["type"]}
    node |= {key: schema[key] for key in _KEEP if key in schema}
    node |= {key: schema[key] for key in _NUMBERS if key in schema}
    if schema["type"] == "array":
        node["items"] = _structural(schema["items"], defs)
    elif schema["type"] == "object" and "properties" in schema:
        node["properties"] = {
            name: _structural(sub, defs) for name, sub in schema["properties"].items()
        }
        if schema.get("required"):
            node["required"] = list(schema["required"])
    elif schema["type"] == "object":
        node["x-kubernetes-preserve-unknown-fields"] = True
    elif schema["type"] == "integer" and schema.get("format") is None:
        node["format"] = "int64"
    return node


def _schema_of(model: type[Spec] | type[Status]) -> JSON:
    raw = model.model_json_schema(by_alias=True)
    node = _structural(raw, raw.get("$defs", {}))
    node["description"] = (model.__doc__ or "").strip()
    return node


def build_crd() -> JSON:
    """Return the CustomResourceDefinition as a Kubernetes object."""
    spec = _schema_of(Spec)
    spec["x-kubernetes-validations"] = [
        {
            "rule": "self == oldSelf",
            "message": "spec is immutable; delete this Diagnosis and create another one",
        }
    ]
    status = _schema_of(Status)
    conditions = status["properties"]["conditions"]
    conditions["x-kubernetes-list-type"] = "map"
    conditions["x-kubernetes-list-map-keys"] = ["type"]
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {
            "name": f"{names.PLURAL}.{names.GROUP}",
            "labels": dict(names.LABELS),
        },
        "spec": {
            "group": names.GROUP,
            "scope": "Namespaced",
            "names": {
                "kind": names.KIND,
                "listKind": f"{names.KIND}List",
                "plural": names.PLURAL,
                "singular": names.KIND.lower(),
                "shortNames": ["diag"],
                "categories": ["podiatrist"],
            },
            "versions": [
                {
                    "name": names.VERSION,
                    "served": True,
                    "storage": True,
                    "subresources": {"status": {}},
                    "additionalPrinterColumns": COLUMNS,
                    "schema": {
                        "openAPIV3Schema": {
                            "type": "object",
                            "description": "What is wrong with one workload, what would help, and "
                            "what was done about it.",
                            "required": ["spec"],
                            "properties": {"spec": spec, "status": status},
                        }
                    },
                }
            ],
        },
    }


def render_crd() -> str:
    """Return the CustomResourceDefinition as YAML text, as it lies in `crds/`."""
    head = "# Generated from operator/podiatrist/api/diagnosis.py by `make crds`. Do not edit.\n"
    return head + yaml.dump(build_crd(), Dumper=_PlainDumper, sort_keys=False, width=100)


class _PlainDumper(yaml.SafeDumper):
    """Writes repeated parts out: anchors are hard to read and to compare."""

    def ignore_aliases(self, data: Any) -> bool:
        return True
