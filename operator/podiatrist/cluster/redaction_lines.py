"""Masks values that reach to the end of their line or over the next ones, as in YAML and .env.

`password: two words`, `password: |` with a block below it, lists, and manifests of Secrets.
"""

import re
from dataclasses import dataclass

from podiatrist.cluster.redaction_names import (
    MASK,
    holds_a_secret,
    is_harmless,
    is_telling,
    is_telling_in_text,
)

_PREFIX = re.compile(r"(?:\[pod/[^\]\n]{1,200}\] )?(?:[0-9]{4}-[0-9T:.+Z-]{15,35} )?")
"""What `kubectl logs --prefix --timestamps` puts in front."""

_START = re.compile(r"[ \t]*(?:- +)?")
_FIELD = re.compile(
    r"(?P<quote>[\"']?)(?P<name>(?:[\w.-]{1,253}/)?[\w.-]{1,200})(?P=quote)"
    r"[ \t]{0,40}:(?:[ \t]+|$)(?P<value>.*)"
)
_VARIABLE = re.compile(r"(?:export[ \t]+)?(?P<name>[\w.-]{1,200})(?P<equals>[ \t]{0,40}=[ \t]*)")
_NOT_A_PHRASE = re.compile(r"[=`,;|]")
_BLOCK = re.compile(r"[|>][-+0-9]{0,3}[ \t]*(?:#.*)?")
_KIND = re.compile(r"[\"']?kind[\"']?[ \t]{0,40}:[ \t]*[\"']?Secret[\"']?[ \t]*,?[ \t]*")
_DATA = re.compile(r"([\"']?(?:stringD|d)ata[\"']?[ \t]{0,40}:[ \t]*)(.*)")
_NESTED = re.compile(r"[\"']?[\w./-]{1,200}[\"']?[ \t]{0,40}:(?:[ \t]|$)|[{}\[\]]")
_OURS = re.compile(
    r"\(the (?:line|[0-9]+ lines) above [0-9]+ more times.*\)|\(\.\.\. left out \.\.\.\)"
)
"""Remarks that stand between the lines of a text that has been folded or cut."""


@dataclass
class _Value:
    """A value that goes on in the lines below its name."""

    indent: int
    sure: bool
    """Whether all that is indented deeper belongs to it; else the first such line tells."""
    shown: bool = False


def without_values_of_lines(text: str) -> str:
    """Return the text without values that go on to the end of a line, or beyond it."""
    lines = text.split("\n")
    secrets = _indents_of_secrets(lines)
    kept: list[str] = []
    value: _Value | None = None
    for line in lines:
        prefix, start, rest = _parts(line)
        indent = len(start)
        if value and (not rest.strip() or _OURS.fullmatch(rest)):
            kept.append(line)
            continue
        if value and _belongs(value, start, rest):
            if not value.shown:
                kept.append(f"{prefix}{start}{MASK}")
            value.sure = value.shown = True
            continue
        found = _DATA.match(rest) if indent in secrets else None
        if found:
            value = _Value(indent, sure=True)
            kept.append(f"{prefix}{start}{_opening(found[1], found[2])}")
            continue
        shown, value = _line(rest, indent)
        kept.append(f"{prefix}{start}{shown}")
    return "\n".join(kept)


def _parts(line: str) -> tuple[str, str, str]:
    """Return what kubectl has put in front, the indentation with a list's dash, and the rest."""
    found = _PREFIX.match(line)
    prefix = found[0] if found else ""
    start = _START.match(line, len(prefix))
    indentation = start[0] if start else ""
    return prefix, indentation, line[len(prefix) + len(indentation) :]


def _indents_of_secrets(lines: list[str]) -> set[int]:
    """Return how far `kind: Secret` is indented, wherever it stands; `data:` is beside it."""
    found: set[int] = set()
    for line in lines:
        if "Secret" in line:
            _, start, rest = _parts(line)
            if _KIND.fullmatch(rest):
                found.add(len(start))
    return found


def _belongs(value: _Value, start: str, rest: str) -> bool:
    # an item of a list may stand right below the name
    deeper = start.index("-") >= value.indent if "-" in start else len(start) > value.indent
    return deeper and (value.sure or not _NESTED.match(rest))


def _opening(name: str, value: str) -> str:
    """Return the line of a `data:`, without a value that stands on it."""
    return f"{name}{value}" if value in ("", "{", "{}") else f"{name}{MASK}"


def _line(rest: str, indent: int) -> tuple[str, _Value | None]:
    """Return the line without its value, and the value where it goes on below."""
    if found := _FIELD.fullmatch(rest):
        return _field(found, indent)
    if (found := _VARIABLE.match(rest)) and _is_variable(found, rest[found.end() :]):
        return f"{found[0]}{MASK}", None
    return rest, None


def _field(found: re.Match[str], indent: int) -> tuple[str, _Value | None]:
    name, value = found["name"], found["value"].strip()
    head = found[0][: found.start("value")]
    if _BLOCK.fullmatch(value):
        return found[0], _Value(indent, sure=True) if is_telling(name) else None
    if value in ("", "["):
        return found[0], _Value(indent, sure=False) if is_telling_in_text(name) else None
    if not holds_a_secret(name) or is_harmless(value) or value.startswith(("{", "<set to the ")):
        return found[0], None
    if value[0] in "\"'":
        if value[0] in value[1:]:
            return found[0], None  # rules for names and values know where it ends
        return f"{head}{MASK}", _Value(indent, sure=True, shown=True)
    return f"{head}{MASK}", None


def _is_variable(found: re.Match[str], value: str) -> bool:
    """Whether all that follows is the value: not where more names follow, as in logfmt."""
    name = found["name"]
    if is_harmless(value.strip()) or not is_telling_in_text(name):
        return False
    if name == name.upper() and found["equals"] == "=":
        return True
    return holds_a_secret(name) and not _NOT_A_PHRASE.search(value)
