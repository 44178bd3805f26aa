"""The results as tables: in the terminal, and between two marks in docs/eval.md."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.eval.runs import Row
from tests.eval.ways import TITLES

PAGE = Path(__file__).resolve().parents[2] / "docs" / "eval.md"
BEGIN, END = "<!-- eval: made by `make eval` -->", "<!-- eval: end -->"


@dataclass(frozen=True)
class Sum:
    """All runs of one agent together."""

    way: str
    rows: Sequence[Row]

    @property
    def named(self) -> int:
        """Runs whose answer named the cause."""
        return sum(row.named for row in self.rows)

    def mean(self, measure: str) -> float:
        """Return the mean of one of the measures over all runs."""
        return sum(float(getattr(row, measure)) for row in self.rows) / max(1, len(self.rows))

    def cells(self) -> tuple[str, ...]:
        """Return the line of the summary."""
        tokens = sum(row.tokens for row in self.rows)
        return (
            TITLES[self.way],
            f"{self.named} of {len(self.rows)}",
            f"{self.mean('tokens'):,.0f}",
            f"{tokens / self.named:,.0f}" if self.named else "none named",
            f"{self.mean('steps'):.1f}",
            f"{self.mean('seconds'):.0f}",
        )


SUMMARY = ("agent", "cause named", "tokens a run", "tokens a named cause", "steps", "seconds")


def sums(rows: Sequence[Row]) -> list[Sum]:
    """Return the rows by agent."""
    return [Sum(way, [row for row in rows if row.way == way]) for way in TITLES]


def lines(rows: Sequence[Row]) -> list[tuple[str, ...]]:
    """Return a line for each case, with a cell for each agent."""
    cases = list(dict.fromkeys(row.case for row in rows))
    return [
        (case, *(_cell([r for r in rows if (r.case, r.way) == (case, way)]) for way in TITLES))
        for case in cases
    ]


def _cell(rows: Sequence[Row]) -> str:
    if not rows:
        return "not played"
    told = Sum(rows[0].way, rows)
    named = ("yes" if told.named else "NO") if len(rows) == 1 else f"{told.named}/{len(rows)}"
    tokens, steps, seconds = (told.mean(m) for m in ("tokens", "steps", "seconds"))
    return f"{named}, {tokens / 1000:.1f}k, {steps:.0f}, {seconds:.0f}s"


def as_text(rows: Sequence[Row], width: int) -> str:
    """Return both tables for a terminal."""
    console = Console(width=max(width, 100), force_terminal=False)
    with console.capture() as captured:
        caption = "cause named, tokens, steps, seconds"
        table = Table("case", *TITLES.values(), caption=caption, caption_justify="left")
        for line in lines(rows):
            table.add_row(*line)
        console.print(table)
        summary = Table(*SUMMARY)
        for one in sums(rows):
            summary.add_row(*one.cells())
        console.print(summary)
    return captured.get()


def as_markdown(rows: Sequence[Row], by_rules: str, model: str) -> str:
    """Return both tables for the page. `by_rules`: how often the rules alone name the cause."""
    rules = ("(the rules, no model)", by_rules, "0", "0", "0", "0")
    summary = _markdown(SUMMARY, [*(one.cells() for one in sums(rows)), rules])
    cases = _markdown(("case", *TITLES.values()), lines(rows))
    return (
        f"Model: `{model}`.\n\n{summary}\n\n"
        f"Each case: cause named, tokens, steps, seconds.\n\n{cases}\n"
    )


def write_page(text: str, page: Path = PAGE) -> None:
    """Put the tables between the marks of the page."""
    before, _, rest = page.read_text().partition(BEGIN)
    _, mark, after = rest.partition(END)
    if not mark:
        raise ValueError(f"{page} has no marks {BEGIN} and {END}")
    page.write_text(f"{before}{BEGIN}\n{text}{END}{after}")


def _markdown(headings: Sequence[str], body: Sequence[Sequence[str]]) -> str:
    rows = [headings, ["---"] * len(headings), *body]
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)
