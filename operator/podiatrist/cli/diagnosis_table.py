"""Diagnoses as a table, like kubectl's: a row each, never cut and never wrapped."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from rich.text import Text

from podiatrist.api.diagnosis import Diagnosis, State
from podiatrist.cli.spans import age

RISKS = {"Low": "green", "Medium": "yellow", "High": "red"}
STATES = {
    "Succeeded": "green",
    "Resolved": "green",
    "Failed": "red",
    "RolledBack": "red",
    "NeedsHuman": "magenta",
    "AwaitingApproval": "yellow",
    "Expired": "yellow",
    "Executing": "cyan",
    "Verifying": "cyan",
    "Investigating": "cyan",
    "Rejected": "dim",
}
_NONE = "<none>"
_GAP = 3


@dataclass(frozen=True)
class Columns:
    """Which columns a table has."""

    namespace: bool = False
    wide: bool = False

    @property
    def names(self) -> list[str]:
        """The heads."""
        first = ["NAMESPACE"] if self.namespace else []
        more = ["SEVERITY", "MODEL", "TOKENS", "SUMMARY"] if self.wide else []
        return [*first, "NAME", "TARGET", "REASON", "STATE", "RISK", "AGE", *more]


def cells(diagnosis: Diagnosis, columns: Columns, now: datetime) -> list[str]:
    """Return what a Diagnosis has in these columns."""
    metadata, status, target = diagnosis.metadata, diagnosis.status, diagnosis.spec.target
    usage = status.usage
    first = [metadata.namespace] if columns.namespace else []
    more = [
        status.severity.value if status.severity else _NONE,
        usage.model if usage else _NONE,
        str(usage.prompt_tokens + usage.completion_tokens) if usage else _NONE,
        " ".join((status.summary or _NONE).split()),
    ]
    return [
        *first,
        metadata.name,
        f"{target.kind.lower()}/{target.name}",
        status.findings[0].reason if status.findings else _NONE,
        (status.state or State.INVESTIGATING).value,
        status.options[0].risk.value if status.options else _NONE,
        age(metadata.creation_timestamp, now),
        *(more if columns.wide else []),
    ]


def table(
    diagnoses: Sequence[Diagnosis], columns: Columns, now: datetime, gap: int = _GAP
) -> list[Text]:
    """Return the lines of a table, its head first; `gap` is what is left between columns."""
    rows = [cells(d, columns, now) for d in diagnoses]
    widths = [max(map(len, column)) for column in zip(columns.names, *rows, strict=True)]
    head = Text(padded(columns.names, widths, gap), style="bold")
    return [head, *(line(row, widths, gap) for row in rows)]


def line(row: Sequence[str], widths: Sequence[int], gap: int) -> Text:
    """Return a row; state and risk have their colours."""
    text = Text()
    for number, (cell, width) in enumerate(zip(row, widths, strict=True)):
        last = number == len(row) - 1
        text.append(cell, style=STATES.get(cell) or RISKS.get(cell) or "")
        text.append("" if last else " " * (width - len(cell) + gap))
    return text


def padded(row: Sequence[str], widths: Sequence[int], gap: int = _GAP) -> str:
    """Return cells below each other; nothing follows the last one."""
    *most, last = row
    cut = [cell.ljust(width) for cell, width in zip(most, widths, strict=False)]
    return (" " * gap).join([*cut, last])
