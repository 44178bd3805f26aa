"""The command: `python -m tests.bench [--quick] [--untuned]`."""

import argparse
import asyncio
from collections.abc import Callable

from rich.console import Console
from rich.table import Table

from tests.bench.play import Load, Measured, play

_FLOOR = "bare"


def main() -> None:
    """Play the churn to all listeners and print the table."""
    parser = argparse.ArgumentParser(prog="make bench", description="Ratios of our feeds.")
    parser.add_argument("--quick", action="store_true", help="a tenth of everything")
    parser.add_argument("--untuned", action="store_true", help="Kopf's own defaults as well")
    options = parser.parse_args()
    load = Load(1_000, 3_000, 2_000, 500) if options.quick else Load()
    listeners = [_FLOOR, "stream", "kopf", *(["untuned"] if options.untuned else [])]
    console = Console(stderr=True)
    measured: dict[str, Measured] = {}
    for listener in listeners:
        console.print(f"playing to {listener} ...")
        measured[listener] = asyncio.run(play(listener, load))
        for measure, value in measured[listener].items():
            console.print(f"  {measure}: {_shown(measure, value, value)}", highlight=False)
    tables = Console(width=100)
    tables.print(_table("Times as much as the bare loop (less is better)", measured, _ratio))
    tables.print(_table("What that was on this machine, this time", measured, _shown))


def _table(
    title: str, measured: dict[str, Measured], show: Callable[[str, float, float], str]
) -> Table:
    table = Table(title=title, title_justify="left")
    table.add_column("")
    for name in measured:
        table.add_column(name, justify="right")
    for measure, floor in measured[_FLOOR].items():
        table.add_row(measure, *(show(measure, m[measure], floor) for m in measured.values()))
    return table


def _ratio(_: str, value: float, floor: float) -> str:
    return f"{value / floor:.1f}"


def _shown(measure: str, value: float, _: float) -> str:
    if "memory" in measure:
        return f"{value / 1024:.2f} KiB"
    return f"{value:.2f} s" if value >= 1 else f"{value * 1000:.1f} ms"


main()
