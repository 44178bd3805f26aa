"""`podiatrist audit`: who approved what, what was written to the cluster, and how it ended."""

import asyncio
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click

from podiatrist.api.diagnosis import Diagnosis
from podiatrist.chat.identity import Identity, identity
from podiatrist.cli.audit_view import (
    console,
    print_details,
    print_names,
    print_objects,
    print_table,
)
from podiatrist.cluster.client import connect
from podiatrist.cluster.errors import ClusterError, NotFoundError, RefusedError
from podiatrist.cluster.kinds import DIAGNOSIS
from podiatrist.cluster.kubectl import find_kubectl
from podiatrist.cluster.store import parse_diagnosis
from podiatrist.lifecycle.telling.audit_trail import audit_trail

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


class _Age(click.ParamType[timedelta]):
    """A time span as kubectl writes it: `30m`, `24h`, `7d`, `1h30m`."""

    name = "age"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> timedelta:
        """Return the time span; a usage error says how to write one."""
        parts = re.findall(r"([0-9]{1,5})([smhd])", str(value))
        if not parts or "".join(map("".join, parts)) != value:
            self.fail(f"{value!r} is no time span; write it like 30m, 24h or 7d", param, ctx)
        return timedelta(seconds=sum(int(number) * _UNITS[unit] for number, unit in parts))


@click.command()
@click.option("-n", "--namespace", help="Where the Diagnoses are; default: the context's.")
@click.option("-A", "--all-namespaces", is_flag=True, help="In all namespaces.")
@click.option(
    "--all",
    "everything",
    is_flag=True,
    help="Also approvals that led to no write, such as refused ones.",
)
@click.option("--since", type=_Age(), help="Only what began since then: 30m, 24h, 7d.")
@click.option("--diagnosis", metavar="NAME", help="One Diagnosis, with exact patches and inverses.")
@click.option(
    "-o",
    "--output",
    type=click.Choice(["json", "yaml", "name"]),
    help="For programs; json and yaml hold the patches.",
)
@click.option("--context", help="The kubeconfig's context; default: the current one.")
@click.option("--kubeconfig", envvar="KUBECONFIG", default="",
              help="Credentials. Default: $KUBECONFIG, else ~/.kube/config.")  # fmt: skip
def audit(
    namespace: str | None,
    all_namespaces: bool,
    everything: bool,
    since: timedelta | None,
    diagnosis: str | None,
    output: str | None,
    context: str | None,
    kubeconfig: str,
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
    try:
        with _whoever(kubeconfig, context, namespace) as who:
            where = None if all_namespaces else who.namespace
            found = asyncio.run(_fetch(who, where))
        chosen = named(found, diagnosis, where) if diagnosis else found
    except ClusterError as error:
        raise click.ClickException(str(error)) from None
    start = datetime.now(UTC) - since if since is not None else None
    entries = audit_trail(chosen, everything=everything or bool(diagnosis), since=start)
    if output == "name":
        print_names(entries)
    elif output is not None:
        print_objects(entries, output)
    elif not entries:
        click.echo(nothing(chosen, diagnosis, where, everything=everything), err=True)
    elif diagnosis:
        print_details(entries, console())
    else:
        print_table(entries, console())


@contextmanager
def _whoever(kubeconfig: str, context: str | None, namespace: str | None) -> Iterator[Identity]:
    several = os.pathsep in kubeconfig  # these kubectl puts together; one file needs none
    kubectl = find_kubectl(os.environ.get("PODIATRIST_KUBECTL")) if several else Path("kubectl")
    with tempfile.TemporaryDirectory(prefix="podiatrist-audit-") as folder:
        yield identity(kubeconfig, context, namespace, kubectl, Path(folder))


async def _fetch(who: Identity, namespace: str | None) -> list[Diagnosis]:
    """Return the Diagnoses of a namespace, None: of all. Raises ClusterError with what to do."""
    async with connect(who.kubeconfig, "podiatrist-cli", context=who.context) as client:
        try:
            raws = await client.list_all(DIAGNOSIS, namespace)
        except NotFoundError:
            raise ClusterError(
                "this cluster knows no Diagnoses: is Podiatrist installed there? "
                "See: kubectl get crd diagnoses.podiatrist.dev; name another with --context"
            ) from None
        except RefusedError as error:
            hint = "name a namespace with -n" if namespace is None else "name another with -n"
            raise ClusterError(f"{error}; {hint}, or ask for the right to list diagnoses") from None
    parsed = [(parse_diagnosis(raw), raw["metadata"]) for raw in raws]
    if lost := [f"{m['namespace']}/{m['name']}" for found, m in parsed if found is None]:
        click.echo(f"warning: not listed, since they cannot be read: {', '.join(lost)}", err=True)
    return [found for found, _ in parsed if found is not None]


def named(diagnoses: list[Diagnosis], name: str, namespace: str | None) -> list[Diagnosis]:
    """Return the Diagnoses of that name. Raises ClusterError with the nearest one."""
    if chosen := [d for d in diagnoses if d.metadata.name == name]:
        return chosen
    start = name.rsplit("-", 1)[0]
    near = sorted(d.metadata.name for d in diagnoses if d.metadata.name.startswith(start))
    hint = f"did you mean {near[0]}?" if near else f"see: kubectl get diagnoses {_flag(namespace)}"
    raise ClusterError(f"no Diagnosis named {name} {_place(namespace)}; {hint}")


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


def _flag(namespace: str | None) -> str:
    return f"-n {namespace}" if namespace else "-A"
