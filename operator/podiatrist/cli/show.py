"""`podiatrist show`: one Diagnosis, readable: cause, evidence, options with diff and risk."""

import click

from podiatrist.cli.console import console
from podiatrist.cli.diagnosis_view import render
from podiatrist.cli.name_argument import name_argument
from podiatrist.cli.objects import print_one
from podiatrist.cli.options import Where, open_desk, output_option, where_options
from podiatrist.desk.find import find


@click.command()
@name_argument
@output_option("json", "yaml", "name")
@where_options()
def show(where: Where, name: str, output: str | None) -> None:
    """Print the Diagnosis NAME: what is wrong, how that is known, what would help.

    NAME is a Diagnosis, or its target: then its newest Diagnosis is meant.

    \b
    Examples:
      podiatrist show web-7f3a9c
      podiatrist show deployment/web -n shop
      podiatrist show web-7f3a9c -o json | jq '.status.options[].diff'
    """
    with open_desk(where) as desk:
        found = desk.ask(lambda client: find(client, desk.home, name))
        if output is not None:
            print_one(found, output)
        else:
            console().print(render(found.diagnosis))
