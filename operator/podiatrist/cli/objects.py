"""Diagnoses for programs: JSON, YAML and names, as kubectl prints them."""

import json
from collections.abc import Sequence

import click
import yaml

from podiatrist.api import names
from podiatrist.cluster.kinds import Object
from podiatrist.desk.find import Found


def print_one(found: Found, output: str) -> None:
    """Print one Diagnosis."""
    if output == "name":
        print_names([found])
    else:
        _print(_shown(found.raw), output)


def print_list(found: Sequence[Found], output: str) -> None:
    """Print a list of Diagnoses."""
    if output == "name":
        print_names(found)
    else:
        items = [_shown(f.raw) for f in found]
        _print({"apiVersion": "v1", "kind": "List", "metadata": {}, "items": items}, output)


def print_names(found: Sequence[Found]) -> None:
    """Print names as kubectl takes them."""
    for one in found:
        click.echo(f"{names.KIND.lower()}.{names.GROUP}/{one.diagnosis.metadata.name}")


def _shown(raw: Object) -> Object:
    """Return an object without managedFields, which kubectl leaves out as well."""
    metadata = {k: v for k, v in (raw.get("metadata") or {}).items() if k != "managedFields"}
    return {**raw, "metadata": metadata}


def _print(value: Object, output: str) -> None:
    # In ASCII: what was cleaned out of text comes back when JSON is read (CVE-2021-42574).
    if output == "json":
        click.echo(json.dumps(value, indent=4))
    else:
        click.echo(yaml.safe_dump(value, sort_keys=False), nl=False)
