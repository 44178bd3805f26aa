"""`podiatrist watch`: Diagnoses as they change, in a live table or line by line."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime

import click
from rich.console import Group
from rich.live import Live
from rich.text import Text

from podiatrist.api.diagnosis import Diagnosis
from podiatrist.cli.console import console
from podiatrist.cli.diagnosis_table import Columns, cells, padded, table
from podiatrist.cli.list import nothing, wanted
from podiatrist.cli.options import Desk, Where, open_desk, where_options
from podiatrist.cluster.client import Client
from podiatrist.cluster.errors import UnreachableError
from podiatrist.desk.find import read_all

_PAUSE = 2.0
"""Seconds between two looks. A watch would need the right to watch all namespaces."""


@click.command()
@click.option("--open", "only_open", is_flag=True, help="Only those whose story has not ended.")
@where_options(all_namespaces=True)
def watch(where: Where, only_open: bool) -> None:
    """Watch Diagnoses: a live table, until Ctrl-C.

    In a pipe it prints a line for each Diagnosis, and one more whenever it changes.

    \b
    Examples:
      podiatrist watch -n shop
      podiatrist watch -A --open
    """
    with open_desk(where) as desk:
        screen = console()
        if not screen.is_terminal or screen.is_dumb_terminal:
            lines = Lines(Columns(namespace=where.all_namespaces), click.echo)
            desk.ask(lambda client: _follow(client, desk, lines.tell, only_open=only_open))
            return
        with Live(console=screen, auto_refresh=False) as live:

            def draw(diagnoses: list[Diagnosis], trouble: str) -> None:
                live.update(_picture(diagnoses, desk, trouble), refresh=True)

            desk.ask(lambda client: _follow(client, desk, draw, only_open=only_open))


async def _follow(
    client: Client,
    desk: Desk,
    tell: Callable[[list[Diagnosis], str], None],
    *,
    only_open: bool,
) -> None:
    """Read again and again; what cannot be read for a while is told with what was seen last.

    The first reading has to succeed: else the command ends with what is wrong.
    """
    seen: list[Diagnosis] = []
    first = True
    while True:
        trouble = ""
        try:
            listing = await read_all(client, desk.namespace)
            seen = [d for d in listing.diagnoses if wanted(d, (), only_open=only_open)]
        except UnreachableError:
            if first:
                raise
            trouble = f"the API server {desk.who.server} does not answer; trying again"
        first = False
        tell(seen, trouble)
        await asyncio.sleep(_PAUSE)


def _picture(diagnoses: list[Diagnosis], desk: Desk, trouble: str) -> Group:
    now = datetime.now(UTC)
    columns = Columns(namespace=desk.namespace is None)
    rows = table(diagnoses, columns, now, gap=2) if diagnoses else [
        Text(nothing("diagnoses", desk.namespace))
    ]  # fmt: skip
    for row in rows:
        row.no_wrap, row.overflow = True, "ellipsis"
    place = desk.who.told if desk.namespace else f"context {desk.who.context}, all namespaces"
    foot = Text(f"{place}   {now:%H:%M:%S} UTC   Ctrl-C ends", style="dim")
    return Group(*rows, Text(), Text(trouble, style="red") if trouble else foot)


class Lines:
    """Tells of Diagnoses line by line: each once, and again when anything but its age changes."""

    def __init__(self, columns: Columns, say: Callable[[str], None]) -> None:
        self._columns = columns
        self._say = say
        self._told: dict[tuple[str, str], list[str]] = {}
        self._widths: list[int] = []
        self._trouble = ""

    def tell(self, diagnoses: list[Diagnosis], trouble: str) -> None:
        """Say what is new."""
        if trouble and trouble != self._trouble:
            click.echo(trouble, err=True)
        self._trouble = trouble
        now = datetime.now(UTC)
        rows = {d.key: cells(d, self._columns, now) for d in diagnoses}
        if rows and not self._widths:
            together = zip(self._columns.names, *rows.values(), strict=True)
            self._widths = [max(map(len, column)) for column in together]
            self._say(padded(self._columns.names, self._widths))
        for key, row in rows.items():
            if self._told.get(key, [])[:-1] != row[:-1]:
                self._say(padded(row, self._widths))
        for key in self._told.keys() - rows.keys():
            *most, _, risk, old = self._told[key]
            self._say(padded([*most, "Gone", risk, old], self._widths))
        self._told = rows
