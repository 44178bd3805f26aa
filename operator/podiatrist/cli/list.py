"""`podiatrist list`: Diagnoses in a table, as `kubectl get` has them."""

from datetime import UTC, datetime

import click

from podiatrist.api.conditions import OVER
from podiatrist.api.diagnosis import Diagnosis, State
from podiatrist.cli.console import console
from podiatrist.cli.diagnosis_table import Columns, table
from podiatrist.cli.objects import print_list
from podiatrist.cli.options import Where, open_desk, output_option, where_options
from podiatrist.desk.find import Listing, read_all


def complete_state(
    context: click.Context, parameter: click.Parameter, incomplete: str
) -> list[str]:
    """Return the states that begin so, as they are written."""
    return [s.value for s in State if s.value.lower().startswith(incomplete.lower())]


@click.command("list")
@click.option(
    "--state",
    "states",
    multiple=True,
    type=click.Choice([s.value for s in State], case_sensitive=False),
    shell_complete=complete_state,
    help="Only those in this state; may be given several times.",
)
@click.option("--open", "only_open", is_flag=True, help="Only those whose story has not ended.")
@output_option("json", "yaml", "name", "wide")
@where_options(all_namespaces=True)
def list_(where: Where, states: tuple[str, ...], only_open: bool, output: str | None) -> None:
    """List the Diagnoses: what is sick, why, and where each stands.

    RISK is that of the best option. `-o wide` adds severity, model, tokens and summary.

    \b
    Examples:
      podiatrist list                         # in the context's namespace
      podiatrist list -A --open               # what is going on anywhere
      podiatrist list --state AwaitingApproval -n shop
      podiatrist list -o name | xargs -n1 podiatrist show
    """
    with open_desk(where) as desk:
        listing = desk.ask(lambda client: read_all(client, desk.namespace))
        tell_unreadable(listing)
        chosen = [f for f in listing.found if wanted(f.diagnosis, states, only_open=only_open)]
        if output in ("json", "yaml", "name"):
            print_list(chosen, output)
        elif not chosen:
            what = "open diagnoses" if only_open else "diagnoses"
            click.echo(nothing(f"{' or '.join(states)} {what}".strip(), desk.namespace), err=True)
        else:
            columns = Columns(namespace=where.all_namespaces, wide=output == "wide")
            screen = console()
            for row in table([f.diagnosis for f in chosen], columns, datetime.now(UTC)):
                screen.print(row, soft_wrap=True)


def wanted(diagnosis: Diagnosis, states: tuple[str, ...], *, only_open: bool) -> bool:
    """Say whether a Diagnosis is one of those that were asked for."""
    state = diagnosis.status.state or State.INVESTIGATING
    return (not states or state.value in states) and not (only_open and state in OVER)


def nothing(what: str, namespace: str | None) -> str:
    """Return what kubectl says where there is nothing."""
    return f"No {what} found{f' in {namespace} namespace' if namespace else ''}."


def tell_unreadable(listing: Listing) -> None:
    """Name the Diagnoses that cannot be shown."""
    if listing.unreadable:
        lost = ", ".join(listing.unreadable)
        click.echo(f"warning: not listed, since they cannot be read: {lost}", err=True)
