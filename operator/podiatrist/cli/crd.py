"""`podiatrist crd`."""

import click

from podiatrist.api.crd import render_crd


@click.command()
def crd() -> None:
    """Print the CustomResourceDefinition as YAML."""
    click.echo(render_crd(), nl=False)
