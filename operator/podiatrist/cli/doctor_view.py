"""The doctor's verdicts on the screen, or as JSON and YAML for other programs."""

from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

from podiatrist.cli.structured import print_structured
from podiatrist.doctor.verdict import Level, Verdict

_STYLES = {
    Level.OK: "green",
    Level.NOTE: "cyan",
    Level.UNKNOWN: "yellow",
    Level.WARNING: "yellow",
    Level.BROKEN: "bold red",
}
_WIDTH = max(map(len, Level))


def print_verdicts(verdicts: Sequence[Verdict], screen: Console) -> None:
    """Print a line for each verdict, and below it the command to type; lines are never cut."""
    width = max(len(verdict.check) for verdict in verdicts)
    for verdict in verdicts:
        line = Text(verdict.level.value.ljust(_WIDTH + 2), style=_STYLES[verdict.level])
        line.append(f"{verdict.check.ljust(width)}  {verdict.seen}", style="default")
        screen.print(line, soft_wrap=True)
        if verdict.remedy is not None:
            screen.print(Text(f"{'':{_WIDTH + width + 4}}{verdict.remedy}"), soft_wrap=True)
    screen.print(Text(_counted(verdicts), style="bold"), soft_wrap=True)


def print_objects(verdicts: Sequence[Verdict], output: str) -> None:
    """Print the verdicts as a list, in JSON or YAML."""
    told = [
        {"check": v.check, "level": v.level.value, "seen": v.seen, "remedy": v.remedy}
        for v in verdicts
    ]
    print_structured(told, output)


def _counted(verdicts: Sequence[Verdict]) -> str:
    """Return how many of each level there are, the worst first."""
    counts = [(level, sum(v.level is level for v in verdicts)) for level in reversed(Level)]
    return ", ".join(f"{count} {level.value}" for level, count in counts if count)
