"""Runs a role as the settings say: parsed settings, a log, and errors that a human can read."""

import logging
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import click
from pydantic import ValidationError

from podiatrist.cluster.errors import ClusterError
from podiatrist.handlers.settings import Settings
from podiatrist.handlers.supervise import supervise

S = TypeVar("S", bound=Settings)

kubeconfig_option = click.option(
    "--kubeconfig",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    envvar="KUBECONFIG",
    help="Credentials file. Default: $KUBECONFIG, else the pod's ServiceAccount.",
)


def run_role(
    role: Callable[[Path | None, S], Awaitable[None]],
    kind: type[S],
    kubeconfig: Path | None,
    **given: Any,
) -> None:
    """Run a role until a signal. Raises ClickException for wrong settings and a failed start."""
    settings = _read(kind, given)
    logging.basicConfig(
        level=settings.log_level,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
        stream=sys.stderr,
    )
    for noisy in ("kopf", "kubernetes", "asyncio"):
        logging.getLogger(noisy).setLevel(max(logging.WARNING, logging.root.level))

    async def until_stopped() -> None:
        await role(kubeconfig, settings)

    try:
        supervise(until_stopped)
    except ClusterError as error:
        raise click.ClickException(str(error)) from None
    except KeyboardInterrupt:
        sys.exit(130)


def _read(kind: type[S], given: dict[str, Any]) -> S:
    try:
        return kind(**given)
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        name = "_".join(map(str, first["loc"])).upper()
        where = f"PODIATRIST_{name}: " if name else ""  # nowhere: settings do not fit together
        raise click.ClickException(f"{where}{first['msg']}") from None
