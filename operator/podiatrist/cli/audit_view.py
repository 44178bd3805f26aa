"""The audit trail on the screen, or as JSON and YAML for other programs."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime

import click
from rich.console import Console
from rich.text import Text

from podiatrist.api import names
from podiatrist.cli.structured import print_structured
from podiatrist.lifecycle.telling.audit_trail import Entry, WriteEntry

_COLUMNS = ("TIME", "DIAGNOSIS", "TARGET", "OPTION", "APPROVED-BY", "WRITES", "OUTCOME")
_STYLES = {
    "Succeeded": "green",
    "RolledBack": "yellow",
    "Executing": "yellow",
    "Verifying": "yellow",
    "Approved": "yellow",
    "Failed": "red",
    "Refused": "red",
}
_MOST_WRITES = 3
"""Writes that are named in a row."""


def print_objects(entries: Sequence[Entry], output: str) -> None:
    """Print the entries as a list, in JSON or YAML."""
    told = [entry.model_dump(mode="json", by_alias=True, exclude_none=True) for entry in entries]
    print_structured(told, output)


def print_names(entries: Sequence[Entry]) -> None:
    """Print the Diagnoses as kubectl takes them."""
    for entry in entries:
        click.echo(f"{names.KIND.lower()}.{names.GROUP}/{entry.diagnosis}")


def print_table(entries: Sequence[Entry], screen: Console) -> None:
    """Print a row for each entry, as kubectl does: never cut, never wrapped."""
    rows = [_row(entry) for entry in entries]
    widths = [max(map(len, column)) for column in zip(_COLUMNS, *rows, strict=True)]
    screen.print(Text(_padded(_COLUMNS, widths), style="bold"), soft_wrap=True)
    for entry, row in zip(entries, rows, strict=True):
        line = Text(_padded(row, widths))
        line.stylize(_STYLES.get(entry.outcome, ""), len(line) - len(row[-1]))
        screen.print(line, soft_wrap=True)


def _row(entry: Entry) -> tuple[str, ...]:
    return (
        stamp(entry.at),
        f"{entry.namespace}/{entry.diagnosis}",
        _short(entry.target.kind, entry.target.name),
        entry.digest or "<none>",
        entry.approved_by or "<unknown>",
        writes_in_short(entry),
        entry.told,
    )


def _padded(row: Sequence[str], widths: Sequence[int]) -> str:
    *most, last = (text.ljust(width) for text, width in zip(row, widths, strict=True))
    return "   ".join([*most, last.rstrip()])


def writes_in_short(entry: Entry) -> str:
    """Return the writes in a few words, and how many of them were made where not all were."""
    told = [f"{w.verb} {_short(w.object.kind, w.object.name)}" for w in entry.writes]
    if not told:
        return "<none>"
    if len(told) > _MOST_WRITES:
        told = [*told[:_MOST_WRITES], f"{len(told) - _MOST_WRITES} more"]
    over = entry.outcome in ("Failed", "Succeeded", "RolledBack")
    notes = []
    if over and entry.applied < len(entry.writes):
        notes.append(f"{entry.applied} of {len(entry.writes)} made")
    if entry.undone:
        notes.append(f"{entry.undone} undone")
    return ", ".join(told) + (f" ({', '.join(notes)})" if notes else "")


def print_details(entries: Sequence[Entry], screen: Console) -> None:
    """Print everything that is known of each entry: exact patches, and what takes them back."""
    for number, entry in enumerate(entries):
        if number:
            screen.print()
        for name, value, style in _facts(entry):
            if value:
                screen.print(Text.assemble((f"{name:<15}", "bold"), (value, style)), soft_wrap=True)
        for write in entry.writes:
            _print_write(write, screen)


def _facts(entry: Entry) -> list[tuple[str, str, str]]:
    approved = f" at {stamp(entry.approved_at)}" if entry.approved_at else ""
    finished = f", finished {stamp(entry.finished_at)}" if entry.finished_at else ""
    return [
        ("Diagnosis", f"{entry.namespace}/{entry.diagnosis}", ""),
        ("Target", str(entry.target), ""),
        ("Option", f"{entry.digest}  {entry.title}".strip(), ""),
        ("Approved by", f"{entry.approved_by or '<unknown>'}{approved}", ""),
        ("Executed", f"started {stamp(entry.at)}{finished}" if entry.executed else "", ""),
        ("Run", entry.run, ""),
        ("Field manager", entry.field_manager if entry.executed else "", ""),
        ("Writes", writes_in_short(entry), ""),
        ("Outcome", entry.told, _STYLES.get(entry.outcome, "")),
        ("", entry.message, ""),
    ]


def _print_write(write: WriteEntry, screen: Console) -> None:
    screen.print(Text(f"\n{write.verb} {write.object}", style="bold"), soft_wrap=True)
    _print_patch(write.patch, screen)
    if write.inverse is None:
        screen.print(Text("cannot be undone", style="dim"))
    else:
        screen.print(Text("undone by", style="dim"))
        _print_patch(write.inverse, screen)


def _print_patch(patch: object, screen: Console) -> None:
    """Print a JSON patch, an operation a line; other JSON on one line.

    In ASCII: what was cleaned out of text comes back when JSON is read (CVE-2021-42574).
    """
    for part in patch if isinstance(patch, list) else [patch]:
        screen.print(Text(f"  {json.dumps(part)}"), soft_wrap=True)


def stamp(at: datetime) -> str:
    """Return a time in UTC, to the second."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _short(kind: str, name: str) -> str:
    return f"{kind.lower()}/{name}"
