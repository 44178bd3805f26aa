"""What a command says, for programs: JSON and YAML, as kubectl prints them."""

import json

import click
import yaml


def print_structured(value: object, output: str) -> None:
    """Print in JSON or YAML.

    In ASCII: what was cleaned out of text for the eye (escape sequences, marks that turn the
    direction of writing, CVE-2021-42574) must not come back here; who parses it gets all of it.
    """
    if output == "json":
        click.echo(json.dumps(value, indent=4))
    else:
        click.echo(yaml.safe_dump(value, sort_keys=False), nl=False)
