"""Picks the lines that a last report may quote: weak models choose better than they copy."""

import re
from collections.abc import Sequence

from podiatrist.agent.consultation.grounding import SHORTEST, Seen
from podiatrist.agent.messages import Message

_WORD = re.compile(r"[\w.:/$-]{4,}")
_LONGEST = 300
"""Characters of a line; a longer one is no line that anybody would quote."""

_ENOUGH = 3
"""Lines that speak of the same are enough; fewer are filled up with others."""


def quotable(seen: Seen, messages: Sequence[Message], most: int = 12) -> list[str]:
    """Return lines that were seen, those first that speak of what the model spoke of.

    Of equal lines the later observation goes first: it was what the model asked for.
    """
    said = " ".join(
        " ".join((message.content, *(call.arguments for call in message.calls)))
        for message in messages
        if message.role == "assistant"
    )
    words = {word.casefold() for word in _WORD.findall(said)}
    lines: dict[str, int] = {}
    for _, text in reversed(seen):
        for line in map(str.strip, text.splitlines()):
            if SHORTEST <= len(line) <= _LONGEST and any(map(str.isalpha, line)):
                shared = words.intersection(w.casefold() for w in _WORD.findall(line))
                lines.setdefault(line, len(shared))
    ranked = sorted(lines, key=lambda line: -lines[line])
    telling = [line for line in ranked if lines[line]]
    return (telling if len(telling) >= _ENOUGH else ranked)[:most]
