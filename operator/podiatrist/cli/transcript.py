"""`podiatrist transcript`: what the agent was told, thought, ran and saw, step by step."""

from typing import NamedTuple

import click

from podiatrist.api import names
from podiatrist.api.conditions import condition
from podiatrist.api.diagnosis import Diagnosis
from podiatrist.cli.name_argument import name_argument
from podiatrist.cli.options import Where, open_desk, where_options
from podiatrist.cluster.client import Client
from podiatrist.cluster.errors import ClusterError, RefusedError
from podiatrist.cluster.kinds import DIAGNOSIS
from podiatrist.cluster.store import Store
from podiatrist.cluster.transcripts import Transcripts
from podiatrist.desk.find import find, named


class Stored(NamedTuple):
    """A packed transcript, and whose it is."""

    namespace: str
    name: str
    diagnosis: Diagnosis | None
    """None where it is gone by now."""
    data: bytes


@click.command()
@name_argument
@click.option(
    "-o",
    "--output",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="For humans, or for programs.",
)
@where_options()
def transcript(where: Where, name: str, output: str) -> None:
    """Print what the agent did for the Diagnosis NAME: its last consultation, step by step.

    NAME is a Diagnosis, or its target: then its newest Diagnosis is meant. By its own name one that
    is gone is found as well, as long as its transcript is kept.

    Needs the right to read ConfigMaps in namespace podiatrist: Role transcript-reader there.

    \b
    Examples:
      podiatrist transcript web-7f3a9c -n shop
      podiatrist transcript deployment/web -n shop
      podiatrist transcript web-7f3a9c -n shop -o json | jq '.entries[].source'
    """
    # The executor loads all commands, and must not load the agent.
    from podiatrist.cli.transcript_view import NotReadableError, print_transcript  # noqa: PLC0415

    with open_desk(where) as desk:
        stored = desk.ask(lambda client: _fetch(client, desk.home, name))
        try:
            print_transcript(*stored, as_json=output == "json")
        except NotReadableError as error:
            raise click.ClickException(str(error)) from None


async def _fetch(client: Client, asked_namespace: str, word: str) -> Stored:
    diagnosis, namespace, name = await _meant(client, asked_namespace, word)
    uid = diagnosis.metadata.uid if diagnosis else None
    try:
        data = await Transcripts(client).load(namespace, name, uid)
    except RefusedError as error:
        raise ClusterError(
            f"{error}; whoever administers the cluster can bind you to Role "
            f"transcript-reader in namespace {names.NAMESPACE}"
        ) from None
    if data is None:
        why = why_none(diagnosis) if diagnosis else await _nearest(client, namespace, name)
        raise ClusterError(why)
    return Stored(namespace, name, diagnosis, data)


async def _meant(client: Client, namespace: str, word: str) -> tuple[Diagnosis | None, str, str]:
    """Return the Diagnosis that is meant, None where it is gone, and its namespace and name."""
    asked = named(word)
    if asked.kind is None:
        return await Store(client).get(namespace, asked.name), namespace, asked.name
    diagnosis = (await find(client, namespace, word)).diagnosis
    return diagnosis, *diagnosis.key


async def _nearest(client: Client, namespace: str, name: str) -> str:
    known = await client.list_names(DIAGNOSIS, namespace)
    near = sorted(other for other in known if other.startswith(name.rsplit("-", 1)[0]))
    hint = f"did you mean {near[0]}?" if near else f"see: kubectl -n {namespace} get diagnoses"
    return f"no Diagnosis named {name} in namespace {namespace}; {hint}"


def why_none(diagnosis: Diagnosis) -> str:
    """Return why a Diagnosis has no transcript, as far as it tells."""
    name = diagnosis.metadata.name
    consulted = condition(diagnosis.status, "Consulted")
    if consulted is None:
        return f"no transcript of {name}: the model was not consulted yet"
    if consulted.status == "Unknown":
        return f"no transcript of {name} yet: the consultation is under way; try again in a minute"
    said = f"{consulted.reason}: {consulted.message}" if consulted.message else consulted.reason
    return f"no transcript of {name}: Consulted={consulted.status}, {said}"
