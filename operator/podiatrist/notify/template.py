"""The template of a message: `$field` stands for a field, everything else for itself. No code.

Python's `string.Template`, since a format string could reach into objects (`{x.__class__}`).
"""

from collections.abc import Callable
from string import Template as _Template

from podiatrist.api.text import clip
from podiatrist.notify.notification import FIELDS, Notification

DEFAULT = "[$severity] $kind $namespace/$name: $state. $summary"

_FIELD_LIMIT = 512
"""Characters of one field in a message."""


class TemplateError(ValueError):
    """A template that cannot be used; `str()` says what to change."""


class Template:
    """A template whose fields are all known. Raises TemplateError."""

    def __init__(self, text: str) -> None:
        self._template = _Template(text)
        if not self._template.is_valid():
            raise TemplateError("has a $ that names no field; write $$ for the sign itself")
        unknown = [f for f in self._template.get_identifiers() if f not in FIELDS]
        if unknown:
            known = ", ".join(f"${field}" for field in FIELDS)
            raise TemplateError(f"has no field ${unknown[0]}; there are: {known}")

    def render(
        self, notification: Notification, cluster: str, escape: Callable[[str], str] = str
    ) -> str:
        """Return the message; each field on one line, cut and escaped, the template as it is."""
        fields = notification.fields(cluster).items()
        return self._template.substitute({name: escape(line(text)) for name, text in fields})


def line(text: str, limit: int = _FIELD_LIMIT) -> str:
    """Return text on one line, cleaned and cut."""
    return clip(" ".join(text.split()), limit)
