"""Writes docs/crd.md: every field of a Diagnosis, from the CustomResourceDefinition."""

from collections.abc import Iterator
from typing import Any

from podiatrist.api.crd import COLUMNS, build_crd

JSON = dict[str, Any]

_HEAD = """\
<!-- Generated from the CustomResourceDefinition by `make pages`. Do not edit. -->

# The Diagnosis

The custom resource `{name}`, version `{version}`, namespaced; short name `{short}`. A Diagnosis
lives in the namespace of its target; that of a Node in `podiatrist`. `kubectl explain diagnosis`
tells the same as this page. States, conditions and annotations: [Conditions](conditions.md).

The spec never changes once it is created. The status is written by Podiatrist alone: admission
refuses it from anybody else. Fields without a word on it may be absent. Texts that are too long are
cut when they are stored.

## Columns

What `kubectl get diagnoses` shows; those marked wide with `-o wide`.

| Column | Field |
|---|---|
{columns}
"""


def crd_page() -> str:
    """Return the page as Markdown."""
    crd = build_crd()
    (version,) = crd["spec"]["versions"]
    head = _HEAD.format(
        name=crd["metadata"]["name"],
        version=version["name"],
        short=crd["spec"]["names"]["shortNames"][0],
        columns="\n".join(_column(column) for column in COLUMNS),
    )
    schema = version["schema"]["openAPIV3Schema"]
    sections = [
        _section(path, node)
        for name in ("spec", "status")
        for path, node in objects(name, schema["properties"][name])
    ]
    return "\n".join([head, *sections])


def objects(path: str, node: JSON) -> Iterator[tuple[str, JSON]]:
    """Yield every object with fields of its own, the outer ones first: `status.findings[]`."""
    node = _inner(node)
    if "properties" not in node:
        return
    yield path, node
    for name, sub in node["properties"].items():
        yield from objects(f"{path}.{name}{'[]' if 'items' in sub else ''}", sub)


def _inner(node: JSON) -> JSON:
    """Return what a list is of; anything else is itself."""
    inner: JSON = node.get("items", node)
    return inner


def _column(column: JSON) -> str:
    wide = " (wide)" if column.get("priority") else ""
    return f"| {column['name'].upper()}{wide} | `{column['jsonPath'].removeprefix('.')}` |"


def _section(path: str, node: JSON) -> str:
    required = node.get("required", ())
    rows = [
        f"| `{name}` | {_type(f'{path}.{name}', sub)}{', required' if name in required else ''} "
        f"| {_cell(sub.get('description', ''))} |"
        for name, sub in node["properties"].items()
    ]
    table = ["| Field | Type | What it is |", "|---|---|---|", *rows]
    return f"## {path}\n\n{_cell(node.get('description', ''))}\n\n" + "\n".join(table) + "\n"


def _type(path: str, node: JSON) -> str:
    """Return a field's type with its bounds, as words; objects lead to their section."""
    if "items" in node:
        inner = _type(f"{path}[]", node["items"])
        bounds = [
            f"{word} {node[key]}"
            for key, word in (("minItems", "at least"), ("maxItems", "at most"))
            if key in node
        ]
        return f"list of {' and '.join(bounds)}{':' if bounds else ''} {inner}"
    if "properties" in node:
        return f"[object](#{anchor(path)})"
    if "enum" in node:
        return "one of " + ", ".join(f"`{value}`" for value in node["enum"])
    if node["type"] == "object":
        return "object, any fields"
    if node.get("format") == "date-time":
        return "time"
    return f"{node['type']}{''.join(_bounds(node))}"


def _bounds(node: JSON) -> Iterator[str]:
    if "maxLength" in node:
        yield f", at most {node['maxLength']} characters"
    if "minimum" in node:
        yield f", at least {node['minimum']}"
    if "maximum" in node:
        yield f", at most {node['maximum']}"


def anchor(path: str) -> str:
    """Return how a heading's link is spelled: as GitHub does, without dots and brackets."""
    return "".join(letter for letter in path.lower() if letter.isalnum() or letter in "-_")


def _cell(text: str) -> str:
    """Return text that stands in a cell of a Markdown table."""
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")
