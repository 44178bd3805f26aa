"""What a command said: cleaned, without secrets, and short enough for a prompt."""

import re
from dataclasses import dataclass

from podiatrist.cluster.kubectl.command import Command
from podiatrist.cluster.kubectl.descriptions import masked
from podiatrist.cluster.kubectl.objects import NotObjectsError, objects_as_yaml
from podiatrist.cluster.kubectl.own_events import without_own_events
from podiatrist.cluster.kubectl.plain import plain
from podiatrist.cluster.kubectl.shorten import fold, shorten
from podiatrist.cluster.redaction import redact


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

_EMPTY = re.compile(r"\n{4,}")
_WORKING_SET = 100_000
"""Characters that are looked at in full; of longer texts the two ends."""


def presented(command: Command, out: bytes, err: bytes, ok: bool, cut: bool, most: int) -> Output:
    """Return what a process said, fit to be stored and sent."""
    complaint = _redacted(fold(_decoded(err))).strip()
    if command.form == "objects":
        text, whole = _objects(out.decode("utf-8", "replace"), cut, most)
        ok = ok and whole
    else:
        text = _text(command, _decoded(out))
        if cut:
            text += "\n(... there was more, which was not read)"
    if complaint and (not ok or not text.strip()):
        text = f"{text.rstrip()}\n{complaint}".strip()
    text = shorten(text, most, _HEAD[command.form])
    return Output(command.line, text.strip("\n") or "(no output)", ok)


def _text(command: Command, text: str) -> str:
    if command.form in ("table", "description"):
        text = without_own_events(text)
    if command.form == "description":
        text = masked(text)
    return _redacted(fold(text, alike=command.form == "log"))


def _objects(text: str, cut: bool, most: int) -> tuple[str, bool]:
    """Return the objects, or why they are not shown, and whether that is all there was.

    Also where kubectl failed in the end: what it found before is never shown as it is.
    """
    if not text.strip():
        return "", True
    try:
        return fold(plain(objects_as_yaml(text, 4 * most))), True
    except NotObjectsError:
        if cut:
            return "too much at once: ask for one object by name, or leave -o away", False
        return "kubectl's answer could not be understood, so it is not shown", False


def _decoded(raw: bytes) -> str:
    text = raw.decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n")
    return _EMPTY.sub("\n\n", plain(text))


def _redacted(text: str) -> str:
    if len(text) > _WORKING_SET:
        half = _WORKING_SET // 2
        text = f"{_to_line(text[:half])}\n(... left out ...)\n{_from_line(text[-half:])}"
    return redact(text)


def _to_line(text: str) -> str:
    """Cut where a line or a word ends, so that no secret is cut in two."""
    end = max(text.rfind("\n"), text.rfind(" "))
    return text[:end] if end > 0 else text


def _from_line(text: str) -> str:
    starts = [at for at in (text.find("\n"), text.find(" ")) if at >= 0]
    return text[min(starts) + 1 :] if starts else text
