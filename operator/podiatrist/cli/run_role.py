"""Runs a role as the settings say: parsed settings, a log, and errors that a human can read."""

import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import click
from pydantic import ValidationError

from podiatrist.cluster.errors import ClusterError
from podiatrist.handlers.logs import start_log
from podiatrist.handlers.settings import Settings
from podiatrist.handlers.status_server import serve_status
from podiatrist.handlers.supervise import supervise
from podiatrist.handlers.vitals import Vitals

S = TypeVar("S", bound=Settings)

kubeconfig_option = click.option(
    "--kubeconfig",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    envvar="KUBECONFIG",
    help="Credentials file. Default: $KUBECONFIG, else the pod's ServiceAccount.",
)


def run_role(
    role: Callable[[Path | None, S, Vitals], Awaitable[None]],
    kind: type[S],
    kubeconfig: Path | None,
    **given: Any,
) -> None:
    """Run a role until a signal. Raises ClickException for wrong settings and a failed start."""
    settings = _read(kind, given)
    start_log(settings.log_level, settings.log_format)
    vitals = Vitals()
    if settings.status_port:
        try:
            serve_status(settings.status_port, vitals)
        except OSError as error:
            raise click.ClickException(
                f"PODIATRIST_STATUS_PORT: cannot answer on port {settings.status_port}: "
                f"{error.strerror}"
            ) from None

    async def until_stopped() -> None:
        try:
            await role(kubeconfig, settings, vitals)
        except ClusterError as error:
            vitals.pulse.trouble = str(error)
            raise

    try:
        supervise(until_stopped, patient=settings.leader_election, sleep=vitals.rest)
    except ClusterError as error:
        raise click.ClickException(str(error)) from None
    except KeyboardInterrupt:
        sys.exit(130)


_MOUNTED = (Path("/etc/podiatrist/settings"), Path("/etc/podiatrist/notify"))
"""Where the Deployments mount ConfigMap and Secret: a file for each setting, named as it is."""


def _read(kind: type[S], given: dict[str, Any]) -> S:
    """Read the settings: what is given, then the environment, then what is mounted.

    Mounted and not made environment by the kubelet: that would let whoever may edit the ConfigMap
    set `PYTHONPATH`, `LD_PRELOAD` or the API server's address as well.
    """
    mounted = [folder for folder in _MOUNTED if folder.is_dir()]
    try:
        return kind(_secrets_dir=mounted or None, **given)
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        name = "_".join(map(str, first["loc"])).upper()
        where = f"PODIATRIST_{name}: " if name else ""  # nowhere: settings do not fit together
        raise click.ClickException(f"{where}{first['msg']}") from None
