"""`podiatrist show`: one Diagnosis, readable: cause, evidence, options with diff and risk."""

import asyncio
import os
from pathlib import Path

import click
from rich.console import Console, Group, RenderableType
from rich.markup import escape
from rich.padding import Padding
from rich.panel import Panel
from rich.text import Text

from podiatrist.api import names
from podiatrist.api.diagnosis import (
    AGENT,
    BlastRadius,
    Diagnosis,
    Option,
    Preview,
    RepositoryChange,
    Usage,
)
from podiatrist.cluster.client import connect
from podiatrist.cluster.errors import ClusterError
from podiatrist.cluster.kinds import DIAGNOSIS
from podiatrist.cluster.store import Store

_COLOURS = {"Low": "green", "Medium": "yellow", "High": "red"}
_STATES = {"Succeeded": "green", "Resolved": "green", "Failed": "red", "RolledBack": "red"}


@click.command()
@click.argument("name")
@click.option(
    "-n", "--namespace", default="default", show_default=True, help="Where the Diagnosis is."
)
@click.option(
    "--kubeconfig",
    type=click.Path(path_type=Path, dir_okay=False),
    envvar="KUBECONFIG",
    default=lambda: Path("~/.kube/config").expanduser(),
    help="Credentials file. Default: $KUBECONFIG, else ~/.kube/config.",
)
def show(name: str, namespace: str, kubeconfig: Path) -> None:
    """Print the Diagnosis NAME: what is wrong, how that is known, what would help.

    \b
    Example:
      podiatrist show web-7f3a9c -n shop
    """
    try:
        diagnosis = asyncio.run(_fetch(kubeconfig, namespace, name))
    except ClusterError as error:
        raise click.ClickException(str(error)) from None
    console = Console(no_color="NO_COLOR" in os.environ or None, highlight=False)
    console.print(render(diagnosis))


async def _fetch(kubeconfig: Path, namespace: str, name: str) -> Diagnosis:
    async with connect(kubeconfig, "podiatrist-cli") as client:
        found = await Store(client).get(namespace, name)
        if found is not None:
            return found
        others = [raw["metadata"]["name"] for raw in await client.list_all(DIAGNOSIS, namespace)]
    near = [other for other in others if other.startswith(name.rsplit("-", 1)[0])]
    hint = f"; did you mean {near[0]}?" if near else ""
    raise ClusterError(f"no Diagnosis named {name} in namespace {namespace}{hint}")


def render(diagnosis: Diagnosis) -> RenderableType:
    """Return a Diagnosis as something rich can print."""
    status, target = diagnosis.status, diagnosis.spec.target
    state = status.state.value if status.state else "Investigating"
    head = Text.from_markup(
        f"[bold]{escape(target.kind)} {escape(target.name)}[/bold] in "
        f"{escape(diagnosis.metadata.namespace)}: "
        f"[{_STATES.get(state, 'yellow')}]{state}[/]"
    )
    parts: list[RenderableType] = [head, Text(status.root_cause or status.summary or "")]
    for finding in status.findings:
        whose = ", by the model" if finding.analyzer == AGENT else ""
        parts.append(Text(f"\nEvidence for {finding.reason}{whose}", style="bold"))
        if whose:
            parts.append(Padding(Text(finding.message), (0, 0, 0, 2)))
        for evidence in finding.evidence:
            parts.append(Padding(Text(f"$ {evidence.source}", style="dim"), (0, 0, 0, 2)))
            parts.append(Padding(Text(evidence.quote), (0, 0, 0, 4)))
    parts += [_option(number, o, diagnosis) for number, o in enumerate(status.options, 1)]
    if not status.options and status.findings:
        parts.append(Text("\nNo option: a human has to think.", style="bold"))
    said = [c for c in status.conditions if c.message]
    parts.append(Text("\nWhat happened", style="bold"))
    parts += [
        Padding(Text(f"{c.type}={c.status} ({c.reason}): {c.message}"), (0, 0, 0, 2)) for c in said
    ]
    if status.usage is not None:
        parts.append(Padding(Text(_cost(status.usage)), (0, 0, 0, 2)))
    return Panel(Group(*parts), title=diagnosis.metadata.name, title_align="left")


def _cost(usage: Usage) -> str:
    """Return what the model was given and cost, in a line."""
    aside = f", {usage.reserved_tokens} more set aside" if usage.reserved_tokens else ""
    money = f", cost {usage.cost}" if usage.cost else ""
    return (
        f"model {usage.model}: {usage.calls} request(s), {usage.prompt_tokens} tokens sent, "
        f"{usage.completion_tokens} received{aside}, {usage.seconds}s{money}"
    )


def _option(number: int, option: Option, diagnosis: Diagnosis) -> RenderableType:
    risk = option.risk.value
    whose = " (the model's)" if option.suggested_by == "agent" else ""
    lines: list[RenderableType] = [
        Text.from_markup(
            f"\n[bold]Option {number}: {escape(option.title)}[/bold]{whose}   risk "
            f"[{_COLOURS[risk]}]{risk}[/]   digest [bold cyan]{escape(option.digest)}[/]"
        ),
        Padding(Text(option.rationale), (0, 0, 0, 2)),
    ]
    lines += [Padding(Text(f"same as: {c}", style="dim"), (0, 0, 0, 2)) for c in option.commands]
    lines += [Padding(_diff_line(line), (0, 0, 0, 4)) for line in option.diff]
    lines.append(Padding(Text("then: " + ", ".join(option.checks)), (0, 0, 0, 2)))
    if option.blast_radius is not None:
        lines += [Padding(line, (0, 0, 0, 2)) for line in _blast_radius(option.blast_radius)]
    if option.repository is not None:
        lines.append(Padding(_repository(option.repository), (0, 0, 0, 2)))
    preview = option.preview
    lines.append(Padding(_dry_run(preview), (0, 0, 0, 2)))
    if preview is not None and preview.ok:
        approve = (
            f"kubectl -n {diagnosis.metadata.namespace} annotate diagnosis "
            f"{diagnosis.metadata.name} {names.APPROVE}={option.digest}"
        )
        lines.append(Padding(Text(f"approve: {approve}", style="cyan"), (0, 0, 0, 2)))
    return Group(*lines)


def _blast_radius(radius: BlastRadius) -> list[Text]:
    """Return what else it touches: one line, and one for each warning."""
    pods = f"restarts {radius.restarts} pod{'' if radius.restarts == 1 else 's'}"
    ready = f"{radius.unavailable} ready pod{'' if radius.unavailable == 1 else 's'}"
    down = f"at most {ready} down at a time" if radius.unavailable else "no ready pod goes down"
    touched = Text(
        f"blast radius: {pods}, {down}" if radius.restarts else "blast radius: restarts no pod"
    )
    return [touched, *(Text(f"careful: {w}", style="yellow") for w in radius.warnings)]


def _dry_run(preview: Preview | None) -> Text:
    if preview is None:
        return Text("dry run: ").append("not tried yet", style="yellow")
    if not preview.ok:
        return Text(f"cannot be approved: {preview.message}", style="bold red")
    return Text("dry run: ").append(preview.message, style="green")


def _repository(change: RepositoryChange) -> RenderableType:
    """Return a change for the repository: where, and the patch to copy."""
    kept = Text(f"kept by {change.manager} {change.source}: ", style="bold")
    parts: list[RenderableType] = [
        kept.append(
            "change it there; it is not patched live unless PODIATRIST_PATCH_MANAGED is set"
        ),
        Text(f"where: {change.hint}"),
    ]
    if change.patch:
        parts.append(Padding(Text(change.patch.rstrip(), style="cyan"), (0, 0, 0, 2)))
    return Group(*parts)


def _diff_line(line: str) -> Text:
    style = {"+": "green", "-": "red", "@": "cyan"}.get(line[:1], "")
    return Text(line, style=style)
