"""Takes secrets out of text that we read: logs and messages end up in statuses and prompts.

Rather too much than too little: a masked word costs a little meaning, a leaked one a password.
What is a telling name says `redaction_names`; the rules are in the modules beside it.
"""

import base64
import binascii
import re
import unicodedata
from collections.abc import Callable

from podiatrist.cluster.redaction_lines import without_values_of_lines
from podiatrist.cluster.redaction_named import without_named_values
from podiatrist.cluster.redaction_names import MASK, is_harmless, is_telling
from podiatrist.cluster.redaction_shapes import without_private_keys, without_shapes

__all__ = ["MASK", "is_harmless", "is_telling", "redact"]

_BASE64 = re.compile(r"(?<![A-Za-z0-9+/_-])[A-Za-z0-9+/_-]{16,}={0,2}(?![A-Za-z0-9+/_=-])")
_URL_SAFE = str.maketrans("-_", "+/")
_HEX = re.compile(r"(?:[0-9a-f]{2})+|(?:[0-9A-F]{2})+")
_MOST_PASSES = 4
_DEPTH = 2
"""How often base64 is looked into: once for a Secret's dump, twice for a Secret in a Secret."""


def redact(text: str) -> str:
    """Return the text with what looks like a secret replaced by `***`."""
    if text.isascii():
        return _redacted(text, _DEPTH)
    # Full-width letters and the like must hide nothing; text without secrets keeps its letters.
    folded = _folded(text)
    redacted = _redacted(folded, _DEPTH)
    return text if redacted == folded else redacted


def _redacted(text: str, depth: int) -> str:
    text = without_private_keys(text)
    for _ in range(_MOST_PASSES):  # what one rule leaves may be a match for another
        before = text
        text = without_named_values(without_values_of_lines(without_shapes(text)))
        if depth:
            text = _BASE64.sub(_decoding(depth), text)
        if text == before:
            break
    return text


def _folded(text: str) -> str:
    """Return the text with ASCII in the place of each letter that is a variant of it (NFKC)."""
    variants = {ord(c): unicodedata.normalize("NFKC", c) for c in set(text) if not c.isascii()}
    plain = {c: n for c, n in variants.items() if len(n) == 1 and n.isascii()}
    return text.translate(plain)


def _decoding(depth: int) -> Callable[[re.Match[str]], str]:
    def mask(match: re.Match[str]) -> str:
        for raw in _decoded(match[0]):
            try:
                text = raw.decode()
            except UnicodeDecodeError:
                continue
            if not text.replace("\n", "").replace("\t", "").replace("\r", "").isprintable():
                continue
            if _redacted(text, depth - 1) != text:
                return MASK
        return match[0]

    return mask


def _decoded(text: str) -> list[bytes]:
    """Return what the text may stand for: base64, of whichever alphabet, or hexadecimal."""
    found: list[bytes] = [bytes.fromhex(text)] if _HEX.fullmatch(text) else []
    raw = text.rstrip("=").translate(_URL_SAFE)
    try:
        found.append(base64.b64decode(raw + "=" * (-len(raw) % 4)))
    except binascii.Error:
        return found
    return found
