"""Text that a user pipes in: shortened, without secrets, and marked as data."""

import secrets

from podiatrist.api.text import clean
from podiatrist.cluster.redaction import redact

_HEAD, _TAIL = 4000, 8000
"""Characters that are kept of both ends; the cause of trouble mostly stands at the end."""


def marked(given: str) -> str:
    """Return piped text between marks that it cannot hold itself."""
    text = redact(clean(given))
    if len(text) > _HEAD + _TAIL:
        left = len(text) - _HEAD - _TAIL
        text = f"{text[:_HEAD]}\n... {left} characters left out ...\n{text[-_TAIL:]}"
    mark = secrets.token_hex(4)
    return f"<input {mark}>\n{text}\n</input {mark}>"
