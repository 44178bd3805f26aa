"""Text without anything that cannot be seen, or that moves what can be seen."""

import re

from podiatrist.api.text import clean

_TERMINAL = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-_])")
_INVISIBLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069"
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200d\u2060-\u2065\u206a-\u206f"
    "\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e0fff]"
)


def plain(text: str) -> str:
    """Return text without terminal escapes, control, bidirectional and invisible characters.

    They go away without a trace: a mark in their place would hide `pass<mark>word` as well.
    """
    return clean(_INVISIBLE.sub("", _TERMINAL.sub("", text)))
