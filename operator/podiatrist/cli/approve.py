"""`podiatrist approve`: shows one option, asks, and approves exactly what was shown."""

from datetime import timedelta

import click
from rich.text import Text

from podiatrist.api.diagnosis import Diagnosis, Option
from podiatrist.cli.confirm import confirm
from podiatrist.cli.console import console, telling
from podiatrist.cli.diagnosis_view import head, render_option
from podiatrist.cli.name_argument import complete_option, name_argument
from podiatrist.cli.options import Desk, Where, open_desk, where_options
from podiatrist.cli.spans import Span
from podiatrist.cli.spoken import ours
from podiatrist.cluster.client import Client
from podiatrist.cluster.whoami import whoami
from podiatrist.desk.approve import approve as send
from podiatrist.desk.choose import check_approvable, check_named, choose_option
from podiatrist.desk.find import find
from podiatrist.desk.follow import Watch, follow_approval


@click.command()
@name_argument
@click.argument("option", required=False, shell_complete=complete_option)
@click.option(
    "-y",
    "--yes",
    is_flag=True,
    help="Do not ask: you have seen it, and name it by its digest. It is shown all the same.",
)
@click.option("--wait", is_flag=True, help="Follow it to its end.")
@click.option("--timeout", type=Span(), default="10m", show_default=True, help="How long to wait.")
@where_options()
def approve(
    where: Where, name: str, option: str | None, yes: bool, wait: bool, timeout: timedelta
) -> None:
    """Approve an OPTION of the Diagnosis NAME: its number or its digest.

    Shows the diff, what else it touches and what is checked afterwards, and asks. OPTION may be
    left out where there is only one that can run. With --yes it has to be the digest, which `show`
    prints. It takes the right to approve Diagnoses, and the right to make each of the changes
    yourself; an approval is good for ten minutes.

    Exits 3 where nothing was approved; with --wait, 4 where the fix did not help or time is up.

    \b
    Examples:
      podiatrist approve web-7f3a9c 1
      podiatrist approve deployment/web 9f3c2a7b --yes --wait -n shop
    """
    with open_desk(where) as desk:
        diagnosis, chosen, me = desk.ask(lambda c: _look(c, desk.home, name, option, yes=yes))
        _show(desk, diagnosis, chosen, me)
        add = f"{chosen.digest} --yes"
        confirm("Approve?", yes=yes, otherwise="nothing was approved", add=add)
        approved = desk.ask(lambda client: send(client, diagnosis, chosen, me))
        click.echo(f"option {chosen.digest} of {approved.metadata.name} approved")
        if wait:
            _wait(desk, approved, chosen, timeout)
        else:
            place = f"{approved.metadata.name} -n {approved.metadata.namespace}"
            click.echo(f"see how it goes: {ours(f'show {place}')}", err=True)


async def _look(
    client: Client, namespace: str, name: str, option: str | None, *, yes: bool
) -> tuple[Diagnosis, Option, str | None]:
    diagnosis = (await find(client, namespace, name)).diagnosis
    if yes:
        check_named(diagnosis, option)
    chosen = choose_option(diagnosis, option)
    check_approvable(diagnosis, chosen)
    return diagnosis, chosen, await whoami(client)


def _show(desk: Desk, diagnosis: Diagnosis, option: Option, me: str | None) -> None:
    screen = console()
    screen.print(head(diagnosis))
    screen.print(render_option(option, title=option.title))
    who = Text(me, style="bold") if me else Text("(the API server does not say as whom)")
    where = f"context {desk.who.context}, namespace {diagnosis.metadata.namespace}"
    screen.print(Text("\nYou approve as ").append_text(who).append(f", {where}"))


def _wait(desk: Desk, diagnosis: Diagnosis, option: Option, timeout: timedelta) -> None:
    with telling() as tell:
        watch = Watch(timeout.total_seconds(), tell)
        ended = desk.ask(lambda c: follow_approval(c, diagnosis, option.digest, watch))
    last = ended.status.conditions[-1].message if ended.status.conditions else ""
    state = ended.status.state.value if ended.status.state else ""
    click.echo(f"{state}: {last}")
