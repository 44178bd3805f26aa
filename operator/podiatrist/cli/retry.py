"""`podiatrist retry`: has a Diagnosis looked at again."""

from datetime import UTC, datetime

import click

from podiatrist.cli.name_argument import name_argument
from podiatrist.cli.options import Where, open_desk, where_options
from podiatrist.cli.spoken import ours
from podiatrist.cluster.client import Client
from podiatrist.desk.find import find
from podiatrist.desk.turn import retry as send


@click.command()
@name_argument
@where_options()
def retry(where: Where, name: str) -> None:
    """Have the Diagnosis NAME looked at again, whether it is over, rejected or open.

    A model, if there is one, is asked again as well. A fix that is under way comes to its end
    first.

    \b
    Example:
      podiatrist retry web-7f3a9c -n shop
    """

    async def work(client: Client) -> str:
        diagnosis = (await find(client, desk.home, name)).diagnosis
        await send(client, diagnosis, datetime.now(UTC))
        return f"{diagnosis.metadata.name} -n {diagnosis.metadata.namespace}"

    with open_desk(where) as desk:
        place = desk.ask(work)
        click.echo(f"{place.split()[0]} is looked at again")
        click.echo(f"see what comes of it: {ours(f'show {place}')}", err=True)
