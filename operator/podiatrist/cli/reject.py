"""`podiatrist reject`: ends the story of a Diagnosis without a change."""

import click

from podiatrist.cli.name_argument import name_argument
from podiatrist.cli.options import Where, open_desk, where_options
from podiatrist.cluster.client import Client
from podiatrist.cluster.whoami import whoami
from podiatrist.desk.find import find
from podiatrist.desk.turn import reject as send


@click.command()
@name_argument
@click.option("--reason", metavar="TEXT", help="Why; stands in the Diagnosis.")
@where_options()
def reject(where: Where, name: str, reason: str | None) -> None:
    """Reject the Diagnosis NAME: nothing is changed.

    Its target gets no other Diagnosis until somebody changes it; `retry` takes the no back.
    Exits 3 where there is nothing left to reject.

    \b
    Examples:
      podiatrist reject web-7f3a9c
      podiatrist reject web-7f3a9c --reason "goes away with release 12" -n shop
    """

    async def work(client: Client) -> str:
        diagnosis = (await find(client, desk.home, name)).diagnosis
        await send(client, diagnosis, reason or f"by {await whoami(client) or 'a human'}")
        return diagnosis.metadata.name

    with open_desk(where) as desk:
        click.echo(f"{desk.ask(work)} rejected")
