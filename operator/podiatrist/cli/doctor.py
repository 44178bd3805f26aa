"""`podiatrist doctor`: is it installed as it should be, and what to do where it is not."""

import asyncio
import sys
from importlib.metadata import version

import click

from podiatrist.chat.identity import Identity
from podiatrist.cli.console import console
from podiatrist.cli.doctor_view import print_objects, print_verdicts
from podiatrist.cli.options import FIELD_MANAGER, Where, whoever
from podiatrist.cluster.connect import connect
from podiatrist.cluster.errors import ClusterError
from podiatrist.doctor.examine import examine, is_broken
from podiatrist.doctor.installation import Installation
from podiatrist.doctor.read import read_installation
from podiatrist.doctor.shipped import shipped


@click.command()
@click.option("-o", "--output", type=click.Choice(["json", "yaml"]), help="For programs.")
@click.option("--context", help="The kubeconfig's context; default: the current one.")
@click.option("--kubeconfig", envvar="KUBECONFIG", default="",
              help="Credentials. Default: $KUBECONFIG, else ~/.kube/config.")  # fmt: skip
def doctor(output: str | None, context: str | None, kubeconfig: str) -> None:
    """Check the installation: definition, rights, policies, pods, leaders, model, what is stuck.

    It reads with your own rights and changes nothing; what you may not look at it says. Exit code
    1 where something is broken, 0 otherwise; warnings alone are 0.

    \b
    Examples:
      podiatrist doctor
      podiatrist doctor -o json | jq -r '.[] | select(.level == "broken") | .remedy'
    """
    try:
        with whoever(Where(kubeconfig, context)) as who:
            verdicts = examine(asyncio.run(_read(who)))
    except ClusterError as error:
        raise click.ClickException(str(error)) from None
    if output is None:
        print_verdicts(verdicts, console())
    else:
        print_objects(verdicts, output)
    sys.exit(1 if is_broken(verdicts) else 0)


async def _read(who: Identity) -> Installation:
    async with connect(who.kubeconfig, FIELD_MANAGER, context=who.context) as client:
        return await read_installation(client, version("podiatrist"), shipped())
