"""The table of all cases played: what was detected, named and fixed, and how fast."""

from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.table import Table

HEADINGS = ("case", "family", "detected", "cause named", "fixed", "seconds")


@dataclass
class Row:
    """How one case went; None where there was nothing to do. `seconds` until the cause was named,
    in a healthy case those it was watched."""

    name: str
    family: str = ""
    healthy: bool = False
    quiet: bool = False
    detected: bool = False
    named: bool = False
    fixed: bool | None = None
    seconds: float | None = None
    first_try: str = ""
    """What went wrong at the first try, where a second one was allowed."""

    @classmethod
    def of(cls, properties: dict[str, Any]) -> "Row":
        """Return the row that crossed over from another process as a dict."""
        return cls(**properties)

    def cells(self) -> tuple[str, ...]:
        """Return the row as text."""
        seconds = "" if self.seconds is None else f"{self.seconds:.0f}"
        if self.first_try:
            seconds += " (2nd try)"
        if self.healthy:
            return self.name, self.family, "quiet" if self.quiet else "NOT QUIET", "", "", seconds
        fixed = "" if self.fixed is None else _word(self.fixed)
        return self.name, self.family, _word(self.detected), _word(self.named), fixed, seconds


def _word(good: bool) -> str:
    return "yes" if good else "NO"


def ordered(rows: list[Row]) -> list[Row]:
    """Return the rows by family, the healthy look-alikes last."""
    return sorted(rows, key=lambda row: (row.healthy, row.family, row.name))


def totals(rows: list[Row]) -> str:
    """Return the sums in one line."""
    sick, well = [r for r in rows if not r.healthy], [r for r in rows if r.healthy]
    mended = [r for r in sick if r.fixed is not None]
    return (
        f"detected {sum(r.detected for r in sick)}/{len(sick)}, "
        f"cause named {sum(r.named for r in sick)}/{len(sick)}, "
        f"fixed {sum(bool(r.fixed) for r in mended)}/{len(mended)}, "
        f"healthy and quiet {sum(r.quiet for r in well)}/{len(well)}"
    )


def second_tries(rows: list[Row]) -> list[str]:
    """Return what went wrong at first, one line for each case that was played twice."""
    return [f"played twice: {r.name}: at first {r.first_try}" for r in rows if r.first_try]


def as_text(rows: list[Row], width: int) -> str:
    """Return the table for a terminal."""
    table = Table(*HEADINGS, caption=totals(rows), caption_justify="left")
    for column in table.columns:
        column.no_wrap = True
    table.columns[-1].justify = "right"
    for row in ordered(rows):
        cells = row.cells()
        bad = any(cell.startswith("NO") for cell in cells)
        table.add_row(*cells, style="red" if bad else None)
    # A name that is cut cannot be copied: rather let the terminal wrap the lines.
    console = Console(width=max(width, 110), force_terminal=False)
    with console.capture() as captured:
        console.print(table)
    return captured.get()


def as_markdown(rows: list[Row]) -> str:
    """Return the table for the docs."""
    lines = [HEADINGS, ("---",) * 5 + ("---:",), *(row.cells() for row in ordered(rows))]
    table = "\n".join("| " + " | ".join(line) + " |" for line in lines)
    return f"{table}\n\n{totals(rows)}\n"
