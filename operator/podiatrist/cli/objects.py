"""Diagnoses for programs: JSON, YAML and names, as kubectl prints them."""

from collections.abc import Sequence

import click

from podiatrist.api import names
from podiatrist.cli.structured import print_structured
from podiatrist.cluster.kinds import Object
from podiatrist.desk.find import Found


def print_one(found: Found, output: str) -> None:
    """Print one Diagnosis."""
    if output == "name":
        print_names([found])
    else:
        print_structured(_shown(found.raw), output)


def print_list(found: Sequence[Found], output: str) -> None:
    """Print a list of Diagnoses."""
    if output == "name":
        print_names(found)
    else:
        items = [_shown(f.raw) for f in found]
        listed = {"apiVersion": "v1", "kind": "List", "metadata": {}, "items": items}
        print_structured(listed, output)


def print_names(found: Sequence[Found]) -> None:
    """Print names as kubectl takes them."""
    for one in found:
        click.echo(f"{names.KIND.lower()}.{names.GROUP}/{one.diagnosis.metadata.name}")


def _shown(raw: Object) -> Object:
    """Return an object without managedFields, which kubectl leaves out as well."""
    metadata = {k: v for k, v in (raw.get("metadata") or {}).items() if k != "managedFields"}
    return {**raw, "metadata": metadata}
