"""`podiatrist executor`. Imports nothing of models; see `handlers/run_executor.py`."""

from pathlib import Path

import click

from podiatrist.cli.run_role import kubeconfig_option, run_role
from podiatrist.handlers.run_executor import run_executor
from podiatrist.handlers.settings import Settings


@click.command()
@kubeconfig_option
def executor(kubeconfig: Path | None) -> None:
    """Run the executor: preview, execute, verify, roll back.

    Every setting is an environment variable; `podiatrist settings` lists them.
    """
    run_role(run_executor, Settings, kubeconfig)
