"""The options that say which cluster and where, as kubectl has them, for every command alike.

KUBECONFIG may name several files; the namespace is that of the context unless -n or -A say
otherwise. `open_desk` turns them into a cluster that can be asked, and ends the command well.
"""

import asyncio
import functools
import os
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click

from podiatrist.chat.identity import Identity, identity
from podiatrist.cli.exits import exits
from podiatrist.cli.name_argument import complete_namespace
from podiatrist.cluster.client import Client
from podiatrist.cluster.connect import connect
from podiatrist.cluster.errors import ClusterError, UnreachableError
from podiatrist.cluster.kubectl import find_kubectl

T = TypeVar("T")
F = Callable[..., Any]

FIELD_MANAGER = "podiatrist-cli"
"""As whom managedFields and audit log name what people do with these commands."""


@dataclass(frozen=True)
class Where:
    """What the command line says of the cluster."""

    kubeconfig: str = ""
    """One file or several, as KUBECONFIG has them; empty: ~/.kube/config."""
    context: str | None = None
    namespace: str | None = None
    all_namespaces: bool = False


@dataclass(frozen=True)
class Desk:
    """A cluster that can be asked, with the user's own rights."""

    who: Identity
    namespace: str | None
    """Where to look; None: everywhere."""

    @property
    def home(self) -> str:
        """The namespace of what is named without one."""
        return self.who.namespace

    def ask(self, work: Callable[[Client], Awaitable[T]]) -> T:
        """Do something with the cluster and wait for it. Raises what `work` does."""

        async def asked() -> T:
            async with connect(
                self.who.kubeconfig, FIELD_MANAGER, context=self.who.context
            ) as client:
                return await work(client)

        try:
            return asyncio.run(asked())
        except UnreachableError as error:
            if "did not answer" not in str(error):
                raise
            raise ClusterError(
                f"the API server {self.who.server} did not answer: is the cluster up, and "
                f"{self.who.context} the right context?"
            ) from None


def where_options(*, all_namespaces: bool = False) -> Callable[[F], F]:
    """Add the options that say where; the command gets them as one `where`."""
    options = [
        click.option("-n", "--namespace", metavar="NAMESPACE", shell_complete=complete_namespace,
                     help="Where to look; default: the context's namespace."),
        click.option("--context", help="The kubeconfig's context; default: the current one."),
        click.option("--kubeconfig", envvar="KUBECONFIG", default="", metavar="FILE",
                     help="Credentials. Default: $KUBECONFIG, else ~/.kube/config."),
    ]  # fmt: skip
    if all_namespaces:
        everywhere = click.option("-A", "--all-namespaces", is_flag=True, help="Everywhere.")
        options.insert(1, everywhere)

    def add(command: F) -> F:
        @functools.wraps(command)
        def with_where(
            kubeconfig: str,
            context: str | None,
            namespace: str | None,
            all_namespaces: bool = False,
            **others: Any,
        ) -> Any:
            where = Where(kubeconfig, context, namespace, all_namespaces)
            return command(where=where, **others)

        wrapped: F = with_where
        for option in reversed(options):
            wrapped = option(wrapped)
        return wrapped

    return add


def output_option(*kinds: str) -> Callable[[F], F]:
    """Add -o, for programs; without it, what is printed is for humans."""
    what = "For programs, or wider." if "wide" in kinds else "For programs."
    return click.option("-o", "--output", type=click.Choice(kinds), help=what)


@contextmanager
def whoever(where: Where) -> Iterator[Identity]:
    """Give the user, cluster and namespace that are meant. Raises ClusterError."""
    several = os.pathsep in where.kubeconfig  # these kubectl puts together; one file needs none
    with tempfile.TemporaryDirectory(prefix="podiatrist-cli-") as folder:
        kubectl = find_kubectl(os.environ.get("PODIATRIST_KUBECTL")) if several else Path("kubectl")
        yield identity(where.kubeconfig, where.context, where.namespace, kubectl, Path(folder))


@contextmanager
def open_desk(where: Where) -> Iterator[Desk]:
    """Give the cluster that is meant; whatever goes wrong inside ends the command."""
    with exits(), whoever(where) as who:
        yield Desk(who, None if where.all_namespaces else who.namespace)
