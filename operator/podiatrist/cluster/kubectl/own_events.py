"""Leaves out the Events that we wrote ourselves: a model would take them for proof."""

import re
from typing import Any

from podiatrist.api import names
from podiatrist.cluster.events import EXECUTOR, OPERATOR

_REASONS = (
    "AwaitingApproval|NeedsHuman|Resolved|"
    "Fix(?:Approved|Refused|Applied|Verified|Undone|Failed|Held)"
)
_OURS = re.compile(
    rf"{re.escape(names.GROUP)}/(?:operator|executor)\b|\b(?:Normal|Warning)\s+(?:{_REASONS})\s"
)
"""A row of ours: where the table shows no reporter, type and reason stand side by side."""


def is_own_event(item: Any) -> bool:
    """Whether an object is an Event of ours."""
    if not isinstance(item, dict) or item.get("kind") != "Event":
        return False
    source = item.get("source")
    by = source.get("component") if isinstance(source, dict) else None
    return item.get("reportingComponent") in (OPERATOR, EXECUTOR) or by in (OPERATOR, EXECUTOR)


def without_own_events(text: str) -> str:
    """Return a table or a description without the rows of our own Events."""
    if not _OURS.search(text):
        return text
    return "".join(line for line in text.splitlines(keepends=True) if not _OURS.search(line))
