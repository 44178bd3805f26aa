"""`podiatrist settings`: every setting, its default, and what it is for."""

from textwrap import indent

import click
from pydantic import SecretStr

from podiatrist.handlers.operator_settings import OperatorSettings
from podiatrist.handlers.settings import Settings
from podiatrist.handlers.settings_map import settings_map


@click.command()
@click.option(
    "-o",
    "output",
    type=click.Choice(["text", "configmap"]),
    default="text",
    help="configmap: as the YAML of deploy/02-settings.yaml, entries as comments.",
)
def settings(output: str) -> None:
    """List every setting: its environment variable, its default, what it is for.

    Times are in seconds.
    """
    if output == "configmap":
        click.echo(settings_map(), nl=False)
        return
    shared = set(Settings.model_fields)
    fields = OperatorSettings.model_fields.items()
    for name, field in sorted(fields, key=lambda item: item[0] not in shared):
        empty = field.default is None or isinstance(field.default, SecretStr)
        click.echo(f"PODIATRIST_{name.upper()}={'' if empty else field.default}")
        click.echo(indent(field.description or "", "    "))
