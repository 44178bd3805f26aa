"""`podiatrist undo`: takes back a fix that was carried out, with the user's own rights."""

from datetime import UTC, datetime

import click
from rich.text import Text

from podiatrist.api.diagnosis import Diagnosis
from podiatrist.cli.confirm import confirm
from podiatrist.cli.console import console
from podiatrist.cli.diagnosis_view import diff_line, head, inside
from podiatrist.cli.name_argument import name_argument
from podiatrist.cli.options import FIELD_MANAGER, Where, open_desk, where_options
from podiatrist.cluster.client import Client
from podiatrist.cluster.reader import Reader
from podiatrist.cluster.store import Store
from podiatrist.desk.find import find
from podiatrist.desk.take_back import WayBack, take_back, way_back
from podiatrist.lifecycle.context import Context, Timing


@click.command()
@name_argument
@click.option("-y", "--yes", is_flag=True, help="Do not ask; what is undone is shown all the same.")
@where_options()
def undo(where: Where, name: str, yes: bool) -> None:
    """Undo the fix of the Diagnosis NAME, as it was recorded when it was carried out.

    Shows the diff and asks. It is you who changes the object, with your own rights. What somebody
    else changed since is not touched: then nothing is undone (exit code 3), and it says who.
    If that makes the target sick again, it gets a new Diagnosis.

    \b
    Example:
      podiatrist undo web-7f3a9c -n shop
    """

    async def look(client: Client) -> tuple[Diagnosis, WayBack]:
        diagnosis = (await find(client, desk.home, name)).diagnosis
        return diagnosis, await way_back(_context(client), diagnosis)

    with open_desk(where) as desk:
        diagnosis, back = desk.ask(look)
        _show(diagnosis, back)
        confirm("Undo?", yes=yes, otherwise="nothing was undone")
        desk.ask(lambda c: take_back(_context(c), diagnosis, back, FIELD_MANAGER))
        click.echo(f"undone: {', '.join(str(p.object) for p in back.patches)}")


def _context(client: Client) -> Context:
    return Context(client, Reader(client), Store(client), lambda: datetime.now(UTC), Timing())


def _show(diagnosis: Diagnosis, back: WayBack) -> None:
    screen = console()
    approval = diagnosis.status.approval
    by = f", approved by {approval.by} at {approval.at:%Y-%m-%d %H:%M:%S} UTC" if approval else ""
    screen.print(head(diagnosis))
    screen.print(Text.assemble("\n", (f"Undo: {back.title}", "bold"), by))
    for remark in back.remarks:
        screen.print(inside(Text(remark, style="yellow")))
    for line in back.diff:
        screen.print(inside(diff_line(line), 4))
