"""Masks values in what `kubectl describe` prints, where a telling name stands before a colon.

`    DB_PASSWORD:  two words` is one value up to the end of the line, and goes on in lines that are
indented deeper; general redaction, made for running text, would stop at the first blank.
"""

import re

from podiatrist.cluster.redaction import MASK, is_harmless, is_telling

_ENVIRONMENT = re.compile(r"^(\s*)Environment:\s*$")
_FIELD = re.compile(r"^(\s*(?:(?:Annotations|Labels):\s+)?)([^\s:=][^\s:=]*)(:\s+|=)(\S.*)$")
_REFERENCE = re.compile(r"<set to the (?:key|field|resource)|<none>|<unset>")
_LISTS_SECRETS = re.compile(r"^\s*(?:Image pull|Mountable) secrets:|^\s*SecretName:")


def masked(text: str) -> str:
    """Return a description without the values of telling names."""
    kept: list[str] = []
    depth = -1
    """Indentation of the name whose value is being masked, while it goes on."""
    environment = -1
    """Indentation of the `Environment:` we are in."""
    for line in text.splitlines():
        indent = len(line) - len(line.lstrip())
        if depth >= 0 and line.strip() and indent > depth:
            continue
        depth = -1
        if found := _ENVIRONMENT.match(line):
            environment = len(found[1])
            kept.append(line)
            continue
        if environment >= 0 and line.strip() and indent <= environment:
            environment = -1
        shown, is_masked = _line(line)
        kept.append(shown)
        # Only values of the environment go on; elsewhere what is indented deeper is a field.
        if is_masked and environment >= 0:
            depth = indent
    return "\n".join(kept)


def _line(line: str) -> tuple[str, bool]:
    found = _FIELD.match(line)
    if not found or _LISTS_SECRETS.match(line):
        return line, False
    start, name, colon, value = found.groups()
    if not is_telling(name) or _REFERENCE.match(value) or is_harmless(value):
        return line, False
    return f"{start}{name}{colon}{MASK}", True
