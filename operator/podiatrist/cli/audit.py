"""`podiatrist audit`: who approved what, what was written to the cluster, and how it ended."""

from datetime import UTC, datetime, timedelta

import click

from podiatrist.api.diagnosis import Diagnosis
from podiatrist.cli.audit_view import print_details, print_names, print_objects, print_table
from podiatrist.cli.console import console
from podiatrist.cli.list import tell_unreadable
from podiatrist.cli.options import Where, open_desk, where_options
from podiatrist.cli.spans import Span
from podiatrist.cluster.errors import NotFoundError
from podiatrist.desk.find import none_named, read_all
from podiatrist.lifecycle.telling.audit_trail import audit_trail


@click.command()
@click.option(
    "--all",
    "everything",
    is_flag=True,
    help="Also approvals that led to no write, such as refused ones.",
)
@click.option("--since", type=Span(), help="Only what began since then: 30m, 24h, 7d.")
@click.option("--diagnosis", metavar="NAME", help="One Diagnosis, with exact patches and inverses.")
@click.option(
    "-o",
    "--output",
    type=click.Choice(["json", "yaml", "name"]),
    help="For programs; json and yaml hold the patches.",
)
@where_options(all_namespaces=True)
def audit(
    where: Where,
    everything: bool,
    since: timedelta | None,
    diagnosis: str | None,
    output: str | None,
) -> None:
    """List what was executed: when, for which Diagnosis, approved by whom, with what result.

    Read from the Diagnoses: each tells of its last approval, and is gone with its target. The rest
    of the trail: Events on Diagnosis and target (kubectl describe, for about an hour), and for good
    the API server's audit log, where each write has the field manager
    podiatrist/DIAGNOSIS/DIGEST.

    \b
    Examples:
      podiatrist audit -n shop
      podiatrist audit -A --since 24h --all
      podiatrist audit -n shop --diagnosis web-7f3a9c
      podiatrist audit -A -o json | jq '.[] | select(.outcome == "Failed")'
    """
    with open_desk(where) as desk:
        listing = desk.ask(lambda client: read_all(client, desk.namespace))
        tell_unreadable(listing)
        found = listing.diagnoses
        chosen = chosen_of(found, diagnosis, desk.namespace) if diagnosis else found
    start = datetime.now(UTC) - since if since is not None else None
    entries = audit_trail(chosen, everything=everything or bool(diagnosis), since=start)
    if output == "name":
        print_names(entries)
    elif output is not None:
        print_objects(entries, output)
    elif not entries:
        click.echo(nothing(chosen, diagnosis, desk.namespace, everything=everything), err=True)
    elif diagnosis:
        print_details(entries, console())
    else:
        print_table(entries, console())


def chosen_of(diagnoses: list[Diagnosis], name: str, namespace: str | None) -> list[Diagnosis]:
    """Return the Diagnoses of that name. Raises NotFoundError with the nearest one."""
    if chosen := [d for d in diagnoses if d.metadata.name == name]:
        return chosen
    raise NotFoundError(none_named(diagnoses, name, namespace))


def nothing(
    chosen: list[Diagnosis], name: str | None, namespace: str | None, *, everything: bool
) -> str:
    """Return what to say where there is nothing to list, and where to look instead."""
    if name:
        state = chosen[0].status.state
        now = f"; it is {state.value} now" if state else ""
        return f"no approval of {name} was acted upon, or it began before{now}"
    more = "" if everything else "; --all lists refused approvals too"
    wider = "" if namespace is None else ", -A all namespaces"
    return f"nothing was executed {_place(namespace)}{more}{wider}"


def _place(namespace: str | None) -> str:
    return f"in namespace {namespace}" if namespace else "in any namespace"
