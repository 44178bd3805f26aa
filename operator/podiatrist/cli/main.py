"""`podiatrist`: the commands and how they fail."""

import logging
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import click
from pydantic import ValidationError

from podiatrist.api.crd import render_crd
from podiatrist.cli.show import show
from podiatrist.cli.transcript import transcript
from podiatrist.cluster.errors import ClusterError
from podiatrist.handlers.run import run_executor, run_operator
from podiatrist.handlers.settings import Settings
from podiatrist.handlers.supervise import supervise

kubeconfig_option = click.option(
    "--kubeconfig",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    envvar="KUBECONFIG",
    help="Credentials file. Default: $KUBECONFIG, else the pod's ServiceAccount.",
)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="podiatrist")
def main() -> None:
    """A doctor for your pods.

    \b
    podiatrist operator   notices sick workloads and proposes fixes; changes nothing
    podiatrist executor   carries out what a human approved, checks it, undoes what did not help
    podiatrist show       prints a Diagnosis for humans
    podiatrist transcript prints what the agent did for a Diagnosis, step by step
    podiatrist settings   lists every setting, its default and what it is for
    """


@main.command()
@kubeconfig_option
@click.option(
    "--feed",
    type=click.Choice(["kopf", "stream"]),
    help="Who tells of pods and events. kopf (default): right for most clusters. stream: a bare "
    "watch, for clusters of more than 10,000 pods or bursts of thousands of changes; Kopf still "
    "serves Diagnoses. "
    "Also as PODIATRIST_FEED.",
)
def operator(kubeconfig: Path | None, feed: str | None) -> None:
    """Run the operator: notice, investigate, propose.

    Every setting is an environment variable; `podiatrist settings` lists them.
    """
    _run(run_operator, kubeconfig, **({"feed": feed} if feed else {}))


@main.command()
@kubeconfig_option
def executor(kubeconfig: Path | None) -> None:
    """Run the executor: preview, execute, verify, roll back.

    Every setting is an environment variable; `podiatrist settings` lists them.
    """
    _run(run_executor, kubeconfig)


@main.command()
def settings() -> None:
    """List every setting: its environment variable, its default, what it is for.

    Times are in seconds.
    """
    for name, field in Settings.model_fields.items():
        click.echo(f"PODIATRIST_{name.upper()}={field.default}")
        click.echo(f"    {field.description}")


@main.command()
def crd() -> None:
    """Print the CustomResourceDefinition as YAML."""
    click.echo(render_crd(), nl=False)


main.add_command(show)
main.add_command(transcript)


def _run(
    role: Callable[[Path | None, Settings], Awaitable[None]], path: Path | None, **given: Any
) -> None:
    try:
        settings = Settings(**given)
    except ValidationError as error:
        first = error.errors()[0]
        name = f"PODIATRIST_{'_'.join(map(str, first['loc'])).upper()}"
        raise click.ClickException(f"{name}: {first['msg']}") from None
    logging.basicConfig(
        level=settings.log_level,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
        stream=sys.stderr,
    )
    for noisy in ("kopf", "kubernetes", "asyncio"):
        logging.getLogger(noisy).setLevel(max(logging.WARNING, logging.root.level))

    async def until_stopped() -> None:
        await role(path, settings)

    try:
        supervise(until_stopped)
    except ClusterError as error:
        raise click.ClickException(str(error)) from None
    except KeyboardInterrupt:
        sys.exit(130)
