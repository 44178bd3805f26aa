"""Takes secrets out of text that we read: logs and messages end up in statuses and prompts.

Rather too much than too little: a masked word costs a little meaning, a leaked one a password.
"""

import re

MASK = "***"

_WORD = (
    r"[\w.-]{0,64}(?:pass(?:word|wd|phrase)?|pwd|secret|token|api[_-]?key|access[_-]?key|"
    r"private[_-]?key|credential|auth)[\w-]{0,64}"
)
_NAMES = rf"(?:(?<![/\w.-]){_WORD})"
"""Names that tell of a secret; not in the middle of a path or a longer word."""

_RULES: tuple[tuple[re.Pattern[str], str], ...] = (
    # private keys, also those cut off at the end
    (
        re.compile(
            r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.S
        ),
        MASK,
    ),
    # user:password@host in any URL
    (re.compile(r"(\b[a-z][a-z0-9+.-]{0,30}://[^\s:/@]*):[^\s@]+@", re.I), rf"\1:{MASK}@"),
    # Authorization headers
    (re.compile(r"\b(Bearer|Basic)\s+[A-Za-z0-9._~+/=-]{8,}", re.I), rf"\1 {MASK}"),
    # JSON Web Tokens
    (re.compile(r"\beyJ[A-Za-z0-9_-]{6,}\.[A-Za-z0-9_-]{6,}(?:\.[A-Za-z0-9_-]*)?"), MASK),
    # keys of well-known providers
    (
        re.compile(
            r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b|\bgh[pousr]_[A-Za-z0-9]{20,}|\bglpat-[A-Za-z0-9_-]{16,}"
            r"|\bxox[abprs]-[A-Za-z0-9-]{10,}|\bsk-[A-Za-z0-9_-]{16,}|\bAIza[A-Za-z0-9_-]{30,}"
        ),
        MASK,
    ),
    # password=..., "token": "...", --api-key ...
    (
        re.compile(
            rf"(\"?{_NAMES}\"?(?:\s*=\s*|:\s*))(\"[^\"\n]*\"|'[^'\n]*'|[^\s,;}}\]\)]+)", re.I
        ),
        rf"\1{MASK}",
    ),
    (re.compile(rf"((?<!\S)--?{_WORD}\s+)(?!-)(\S+)", re.I), rf"\1{MASK}"),
)


def redact(text: str) -> str:
    """Return the text with what looks like a secret replaced by `***`."""
    for pattern, replacement in _RULES:
        text = pattern.sub(replacement, text)
    return text
