"""`podiatrist run`: asks for a Diagnosis of an object, and waits for it."""

import sys
from datetime import UTC, datetime, timedelta

import click

from podiatrist.api.diagnosis import Diagnosis
from podiatrist.cli.console import console, telling
from podiatrist.cli.diagnosis_view import render
from podiatrist.cli.exits import ENDED_BADLY
from podiatrist.cli.objects import print_one
from podiatrist.cli.options import Where, open_desk, output_option, where_options
from podiatrist.cli.spans import Span
from podiatrist.cluster.client import Client
from podiatrist.desk.by_hand import answered, ask_for, failed, target_named
from podiatrist.desk.find import Found, find
from podiatrist.desk.follow import Watch, follow


@click.command()
@click.argument("target", metavar="KIND/NAME")
@click.option("-q", "--question", metavar="TEXT", help="What you want to know, for the model.")
@click.option("--timeout", type=Span(), default="5m", show_default=True, help="How long to wait.")
@output_option("json", "yaml", "name")
@where_options()
def run(
    where: Where, target: str, question: str | None, timeout: timedelta, output: str | None
) -> None:
    """Have KIND/NAME diagnosed now, wait for it, and print it as `show` does.

    The operator in the cluster does it; `ask` needs none. Without a question, a Diagnosis that is
    still open is shown instead of making another. Nodes have theirs in namespace podiatrist.
    Exits 4 where it failed or time is up.

    \b
    Examples:
      podiatrist run deployment/web
      podiatrist run sts/db -n shop --question "why does it start so slowly?"
    """
    with open_desk(where) as desk:
        kind, name = target_named(target)
        diagnosis, made = desk.ask(lambda c: ask_for(c, desk.home, kind, name, question))
        said = "made" if made else "is open already"
        click.echo(f"Diagnosis {diagnosis.metadata.name} {said}", err=True)
        with telling() as tell:
            watch = Watch(timeout.total_seconds(), tell)
            found = desk.ask(lambda client: _answer(client, diagnosis, watch))
        if output is not None:
            print_one(found, output)
        else:
            console().print(render(found.diagnosis))
    sys.exit(ENDED_BADLY if failed(found.diagnosis) else 0)


async def _answer(client: Client, diagnosis: Diagnosis, watch: Watch) -> Found:
    await follow(client, diagnosis, lambda d: answered(d, datetime.now(UTC)), watch)
    return await find(client, *diagnosis.key)
