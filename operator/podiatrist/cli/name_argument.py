"""The argument NAME, and what a shell completes it with: Diagnoses of the cluster.

Completion is quick or silent: after two seconds, or where anything is wrong, nothing is offered.
"""

import asyncio
import os
import subprocess
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import click
from click.shell_completion import CompletionItem

from podiatrist.api.diagnosis import Diagnosis
from podiatrist.chat.identity import identity
from podiatrist.cluster.client import Client
from podiatrist.cluster.connect import connect
from podiatrist.cluster.errors import ClusterError
from podiatrist.cluster.kinds import NAMESPACE
from podiatrist.desk.find import find, read_all

T = TypeVar("T")
F = Callable[..., Any]

_PATIENCE = 2.0
"""Seconds that somebody may be kept waiting after a TAB."""


def name_argument(command: F) -> F:
    """Add the argument NAME: a Diagnosis, or its target."""
    return click.argument("name", shell_complete=complete_name)(command)


def complete_name(
    context: click.Context, parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Return the Diagnoses whose names begin so, each with its state and reason."""

    async def read(client: Client, namespace: str) -> list[CompletionItem]:
        diagnoses = (await read_all(client, namespace)).diagnoses
        told = {
            word: _in_short(diagnosis)  # of a target's Diagnoses the last one's
            for diagnosis in diagnoses
            for word in _words(diagnosis, incomplete)
            if word.startswith(incomplete)
        }
        return [CompletionItem(word, help=about) for word, about in told.items()]

    return _quickly(context, read) or []


def _words(diagnosis: Diagnosis, incomplete: str) -> list[str]:
    """Return what names a Diagnosis; its target only once somebody begins to type one."""
    target = diagnosis.spec.target
    if "/" in incomplete:
        return [f"{target.kind.lower()}/{target.name}", f"diagnosis/{diagnosis.metadata.name}"]
    return [diagnosis.metadata.name]


def _in_short(diagnosis: Diagnosis) -> str:
    status = diagnosis.status
    return " ".join(f"{status.state.value if status.state else ''} {status.summary or ''}".split())


def complete_option(
    context: click.Context, parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Return the options of the Diagnosis that is named: by number, with --yes by digest."""
    seen = bool(context.params.get("yes"))

    async def read(client: Client, namespace: str) -> list[CompletionItem]:
        found = await find(client, namespace, str(context.params.get("name") or ""))
        words = {
            option.digest if seen else str(number): option.title
            for number, option in enumerate(found.diagnosis.status.options, 1)
        }
        return [
            CompletionItem(word, help=title)
            for word, title in words.items()
            if word.startswith(incomplete)
        ]

    return _quickly(context, read) or []


def complete_namespace(
    context: click.Context, parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Return the namespaces whose names begin so."""

    async def read(client: Client, _: str) -> list[CompletionItem]:
        known = sorted(await client.list_names(NAMESPACE))
        return [CompletionItem(name) for name in known if name.startswith(incomplete)]

    return _quickly(context, read) or []


def _quickly(context: click.Context, read: Callable[[Client, str], Awaitable[T]]) -> T | None:
    """Ask the cluster that the command line names so far; None where nothing comes of it."""
    given = context.params
    kubeconfig = given.get("kubeconfig") or os.environ.get("KUBECONFIG", "")

    async def asked() -> T:
        with tempfile.TemporaryDirectory(prefix="podiatrist-cli-") as folder:
            who = identity(kubeconfig, given.get("context"), given.get("namespace"),
                           Path("kubectl"), Path(folder))  # fmt: skip
            async with connect(who.kubeconfig, "podiatrist-cli", context=who.context) as client:
                async with asyncio.timeout(_PATIENCE):
                    return await read(client, who.namespace)

    try:
        return asyncio.run(asked())
    except (ClusterError, OSError, TimeoutError, subprocess.SubprocessError):
        return None
