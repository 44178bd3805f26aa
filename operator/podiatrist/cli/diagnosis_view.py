"""A Diagnosis on the screen: cause, evidence, options with diff and risk, and what was done.

Everything from the cluster goes through `Text`, never through markup.
"""

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from podiatrist.api import names
from podiatrist.api.conditions import OVER, has
from podiatrist.api.diagnosis import (
    AGENT,
    BlastRadius,
    Diagnosis,
    Finding,
    Option,
    Preview,
    RepositoryChange,
    State,
    Usage,
)
from podiatrist.cli.diagnosis_table import RISKS, STATES
from podiatrist.cli.spoken import kubectl, ours


def render(diagnosis: Diagnosis) -> RenderableType:
    """Return a Diagnosis as something rich can print."""
    status = diagnosis.status
    parts: list[RenderableType] = [head(diagnosis)]
    if diagnosis.spec.question:
        parts.append(inside(Text(f"asked: {diagnosis.spec.question}", style="italic")))
    said = status.root_cause or status.summary
    parts += [Text(), Text(said)] if said else []
    for finding in status.findings:
        parts += _finding(finding)
    for number, option in enumerate(status.options, 1):
        parts.append(render_option(option, title=f"Option {number}: {option.title}"))
        if can_be_approved(diagnosis, option):
            parts += [inside(line) for line in _approve(diagnosis, option)]
    if not status.options and status.findings and status.state not in OVER:
        parts.append(Text("\nNo option: a human has to think.", style="bold"))
    parts += _story(diagnosis)
    return Group(*parts)


def head(diagnosis: Diagnosis) -> Text:
    """Return which Diagnosis it is, of what, and where it stands."""
    target, status = diagnosis.spec.target, diagnosis.status
    state = (status.state or State.INVESTIGATING).value
    severity = f"   {status.severity.value}" if status.severity else ""
    return Text.assemble(
        (f"{target.kind} {target.name}", "bold"),
        f" in {diagnosis.metadata.namespace}: ",
        (state, STATES.get(state, "")),
        severity,
        (f"   Diagnosis {diagnosis.metadata.name}", "dim"),
    )


def inside(value: RenderableType, left: int = 2) -> Padding:
    """Return something indented."""
    return Padding(value, (0, 0, 0, left), expand=False)


def diff_line(line: str) -> Text:
    """Return a line of a diff in its colour."""
    return Text(line, style={"+": "green", "-": "red", "@": "cyan"}.get(line[:1], ""))


def _finding(finding: Finding) -> list[RenderableType]:
    whose = ", by the model" if finding.analyzer == AGENT else ""
    parts: list[RenderableType] = [Text(f"\nEvidence for {finding.reason}{whose}", style="bold")]
    if whose:
        parts.append(inside(Text(finding.message)))
    for evidence in finding.evidence:
        parts.append(inside(Text(f"$ {evidence.source}", style="dim")))
        parts.append(inside(Text(evidence.quote), 4))
    return parts


def render_option(option: Option, *, title: str) -> RenderableType:
    """Return everything that a human decides on, as code computed it."""
    risk = option.risk.value
    whose = " (the model's)" if option.suggested_by == AGENT else ""
    lines: list[RenderableType] = [
        Text.assemble(
            "\n",
            (title, "bold"),
            f"{whose}   risk ",
            (risk, RISKS[risk]),
            "   digest ",
            (option.digest, "bold cyan"),
        ),
        inside(Text(option.rationale)),
        *(inside(Text(f"same as: {c}", style="dim")) for c in option.commands),
        *(inside(diff_line(line), 4) for line in option.diff),
    ]
    if option.checks:
        lines.append(inside(Text("then: " + ", ".join(option.checks))))
    if option.blast_radius is not None:
        lines += [inside(line) for line in _blast_radius(option.blast_radius)]
    if option.repository is not None:
        lines.append(inside(_repository(option.repository)))
    lines.append(inside(_dry_run(option.preview)))
    return Group(*lines)


def can_be_approved(diagnosis: Diagnosis, option: Option) -> bool:
    """Say whether it makes sense to tell how an option is approved."""
    tried = option.preview is not None and option.preview.ok
    return tried and diagnosis.status.state not in OVER and not has(diagnosis, "Approved", "True")


def _approve(diagnosis: Diagnosis, option: Option) -> list[Text]:
    namespace, name = diagnosis.key
    typed = ours(f"approve {name} {option.digest} -n {namespace}")
    bare = kubectl(f"-n {namespace} annotate diagnosis {name} {names.APPROVE}={option.digest}")
    return [Text(f"approve: {typed}", style="cyan"), Text(f"     or: {bare}", style="dim")]


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
        parts.append(inside(Text(change.patch.rstrip(), style="cyan")))
    return Group(*parts)


def _story(diagnosis: Diagnosis) -> list[RenderableType]:
    """Return what happened so far, oldest first, and what can be undone."""
    status = diagnosis.status
    parts: list[RenderableType] = [Text("\nWhat happened", style="bold")]
    said = [c for c in status.conditions if c.message]
    for c in said:
        at = f"{c.last_transition_time:%H:%M:%S}"
        parts.append(inside(Text(f"{at}  {c.type}={c.status} ({c.reason}): {c.message}")))
    if not said:
        parts.append(inside(Text("nothing yet: the operator has not looked at it", style="dim")))
    parts += [inside(Text(f"see also {ref}")) for ref in status.related_to]
    if status.usage is not None:
        parts.append(inside(Text(_cost(status.usage), style="dim")))
    if status.state is State.SUCCEEDED and status.execution and status.execution.inverse:
        namespace, name = diagnosis.key
        undo = ours(f"undo {name} -n {namespace}")
        parts.append(inside(Text(f"to undo it: {undo}", style="cyan")))
    return parts


def _cost(usage: Usage) -> str:
    """Return what the model was given and cost, in a line."""
    aside = f", {usage.reserved_tokens} more set aside" if usage.reserved_tokens else ""
    money = f", cost {usage.cost}" if usage.cost else ""
    return (
        f"model {usage.model}: {usage.calls} request(s), {usage.prompt_tokens} tokens sent, "
        f"{usage.completion_tokens} received{aside}, {usage.seconds}s{money}"
    )
