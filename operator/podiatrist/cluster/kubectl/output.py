"""What a command said: cleaned, without secrets, and short enough for a prompt."""

import re
from dataclasses import dataclass

from podiatrist.api.text import clean
from podiatrist.cluster.kubectl.command import Command
from podiatrist.cluster.kubectl.descriptions import masked
from podiatrist.cluster.kubectl.objects import NotObjectsError, objects_as_yaml
from podiatrist.cluster.kubectl.shorten import fold, shorten
from podiatrist.cluster.redaction import MASK, redact


@dataclass(frozen=True)
class Output:
    """What one command said."""

    command: str
    """The command as a human would type it: `kubectl get pods -n shop`."""
    text: str
    """Bounded, redacted, and free of control characters."""
    ok: bool
    """Whether kubectl succeeded; where not, `text` is what it complained about."""


_HEAD = {"log": 0.25, "description": 0.5, "objects": 0.7, "table": 0.7, "text": 0.7}
"""Which part of what is kept is the beginning: a log's end matters most, a table's head."""

_TERMINAL = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-_])")
_INVISIBLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069"
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200d\u2060-\u2065\u206a-\u206f"
    "\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e0fff]"
)
_SECRET_IN_LOG = re.compile(
    r"^(?=[^\n]*kind[\\\"']*\s*[:=]\s*[\\\"']*Secret\b)(?=[^\n]*\b(?:stringD|d)ata[\\\"']*\s*[:=]).*$",
    re.I | re.M,
)
_EMPTY = re.compile(r"\n{4,}")
_WORKING_SET = 100_000
"""Characters that are looked at in full; of longer texts the two ends."""


def presented(command: Command, out: bytes, err: bytes, ok: bool, cut: bool, most: int) -> Output:
    """Return what a process said, fit to be stored and sent."""
    complaint = _redacted(fold(_decoded(err)))
    if command.form == "objects" and ok:
        return Output(command.line, *_objects(_decoded(out), cut, most))
    text = _decoded(out)
    if command.form == "description":
        text = masked(text)
    text = _redacted(fold(text, alike=command.form == "log"))
    if complaint.strip() and (not ok or not text.strip()):
        text = f"{text.rstrip()}\n{complaint}".strip()
    if cut:
        text += "\n(... there was more, which was not read)"
    text = shorten(text, most, _HEAD[command.form])
    return Output(command.line, text.strip("\n") or "(no output)", ok)


def _objects(text: str, cut: bool, most: int) -> tuple[str, bool]:
    try:
        shown = objects_as_yaml(text, 4 * most)
    except NotObjectsError:
        if cut:
            return "too much at once: ask for one object by name, or leave -o away", False
        return "kubectl's answer could not be understood, so it is not shown", False
    return shorten(plain(shown), most, _HEAD["objects"]), True


def plain(text: str) -> str:
    """Return text without terminal escapes, control, bidirectional and invisible characters.

    They go away without a trace: a mark in their place would hide `pass<mark>word` as well.
    """
    return clean(_INVISIBLE.sub("", _TERMINAL.sub("", text)))


def _decoded(raw: bytes) -> str:
    text = raw.decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n")
    return _EMPTY.sub("\n\n", plain(text))


def _redacted(text: str) -> str:
    if len(text) > _WORKING_SET:
        half = _WORKING_SET // 2
        text = f"{_to_line(text[:half])}\n(... left out ...)\n{_from_line(text[-half:])}"
    return redact(_SECRET_IN_LOG.sub(f"{MASK} (a Secret)", text))


def _to_line(text: str) -> str:
    """Cut where a line or a word ends, so that no secret is cut in two."""
    end = max(text.rfind("\n"), text.rfind(" "))
    return text[:end] if end > 0 else text


def _from_line(text: str) -> str:
    starts = [at for at in (text.find("\n"), text.find(" ")) if at >= 0]
    return text[min(starts) + 1 :] if starts else text
