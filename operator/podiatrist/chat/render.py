"""How looks, options, changes and commands look on a terminal; plain text in a pipe.

Everything from the cluster goes through `Text`, never through markup.
"""

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from podiatrist.api.diagnosis import Option
from podiatrist.api.text import clean
from podiatrist.chat.carry_out import WayBack
from podiatrist.chat.changes import Change
from podiatrist.chat.look import Look
from podiatrist.chat.record import Entry

LINES = 10
"""Lines of a command's output that are shown; /show has the rest."""
_EVIDENCE = 3
_RISKS = {"Low": "green", "Medium": "yellow", "High": "red"}


def text(value: str, style: str = "") -> Text:
    """Return text as it is, cleaned."""
    return Text(clean(value), style=style)


def inside(value: RenderableType, left: int = 2) -> Padding:
    """Return something indented."""
    return Padding(value, (0, 0, 0, left), expand=False)


def render_entry(entry: Entry, lines: int | None = LINES) -> RenderableType:
    """Return a command with its duration and the beginning of its output; all of it for None."""
    mark = text("✓ " if entry.ok else "✗ ", "green" if entry.ok else "red")
    head = mark.append_text(text(entry.command, "bold"))
    head.append(f"  {entry.seconds:.1f} s", style="dim")
    output = entry.text.strip("\n").splitlines()
    kept = output if lines is None or len(output) <= lines + 1 else output[:lines]
    parts: list[RenderableType] = [head]
    if kept:
        parts.append(inside(Text("\n".join(map(clean, kept)), style="dim", no_wrap=False)))
    if len(kept) < len(output):
        left = len(output) - len(kept)
        parts.append(inside(text(f"… {left} more lines: /show {entry.number}", "dim italic")))
    return Group(*parts)


def render_look(look: Look) -> RenderableType:
    """Return what is wrong with an object, and its cause where that lies elsewhere."""
    head = text(str(look.target), "bold")
    if look.health:
        head.append_text(text(f": {look.health}"))
    parts: list[RenderableType] = [head]
    if not look.findings:
        parts.append(inside(text("no rule finds anything wrong", "green")))
    for finding in look.findings:
        parts.append(inside(text(f"{finding.reason}: ", "bold red").append_text(
            Text(clean(finding.message), style="not bold default"))))  # fmt: skip
        for evidence in finding.evidence[:_EVIDENCE]:
            parts.append(inside(text(f"$ {evidence.source}", "dim"), 4))
            parts.append(inside(text(evidence.quote, "dim"), 6))
    if look.cause is not None:
        parts += [inside(text("the cause:")), inside(render_look(look.cause))]
    return Group(*parts)


def render_options(look: Look) -> RenderableType:
    """Return the numbered options, or why there are none."""
    if not look.best_options:
        why = "No rule knows a fix: a human has to think." if look.findings else "Nothing to fix"
        return text(why if look.findings else f"{why}: {look.target} is well, {look.health}.")
    parts = [_option(number, option) for number, option in enumerate(look.best_options, 1)]
    return Group(*parts, text("Choose one: option 1", "dim"))


def _option(number: int, option: Option) -> RenderableType:
    head = text(f"{number}. {option.title}", "bold")
    head.append("   risk ").append(option.risk.value, style=_RISKS[option.risk.value])
    same = [inside(text(command, "dim"), 3) for command in option.commands]
    return Group(head, inside(text(option.rationale), 3), *same)


def render_change(change: Change) -> RenderableType:
    """Return everything that a yes would do."""
    head = text(change.title, "bold")
    head.append("   risk ").append(change.risk.value, style=_RISKS[change.risk.value])
    parts: list[RenderableType] = [head]
    if change.remark:
        parts.append(inside(text(change.remark)))
    if change.title != "; ".join(change.commands):
        parts += [inside(text(f"same as: {c}", "dim")) for c in change.commands]
    parts += [inside(_diff_line(line), 4) for line in change.diff]
    if change.deletions:
        parts.append(inside(text("a deletion cannot be undone", "yellow")))
    return Group(*parts)


def render_way_back(back: WayBack) -> RenderableType:
    """Return what a yes would take back."""
    parts: list[RenderableType] = [text(f"Undo: {back.entry.title}", "bold")]
    parts.append(inside(text(f"done at {back.entry.at}", "dim")))
    parts += [inside(text(remark, "yellow")) for remark in back.remarks]
    parts += [inside(_diff_line(line), 4) for line in back.diff]
    return Group(*parts)


def _diff_line(line: str) -> Text:
    return text(line, {"+": "green", "-": "red", "@": "cyan"}.get(line[:1], ""))
