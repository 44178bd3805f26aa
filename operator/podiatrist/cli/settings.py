"""`podiatrist settings`: every setting, its default, and what it is for."""

from textwrap import indent

import click
from pydantic import SecretStr

from podiatrist.handlers.operator_settings import OperatorSettings
from podiatrist.handlers.settings import Settings


@click.command()
def settings() -> None:
    """List every setting: its environment variable, its default, what it is for.

    Times are in seconds.
    """
    shared = set(Settings.model_fields)
    fields = OperatorSettings.model_fields.items()
    for name, field in sorted(fields, key=lambda item: item[0] not in shared):
        empty = field.default is None or isinstance(field.default, SecretStr)
        click.echo(f"PODIATRIST_{name.upper()}={'' if empty else field.default}")
        click.echo(indent(field.description or "", "    "))
