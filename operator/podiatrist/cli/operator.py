"""`podiatrist operator`."""

from pathlib import Path

import click

from podiatrist.cli.run_role import kubeconfig_option, run_role
from podiatrist.handlers.operator_settings import OperatorSettings
from podiatrist.handlers.run_operator import run_operator


@click.command()
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
    """Run the operator: notice, investigate, consult a model, propose.

    Every setting is an environment variable; `podiatrist settings` lists them.
    """
    given = {"feed": feed} if feed else {}
    run_role(run_operator, OperatorSettings, kubeconfig, **given)
