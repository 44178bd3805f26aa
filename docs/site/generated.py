"""The pages that are written from the code, and what writes each."""

from collections.abc import Callable
from pathlib import Path

from docs.site.crd_page import crd_page
from docs.site.settings_page import settings_page

_DOCS = Path(__file__).parents[1]

PAGES: dict[Path, Callable[[], str]] = {
    _DOCS / "configuration.md": settings_page,
    _DOCS / "crd.md": crd_page,
}
"""A test holds these files to what is rendered now."""
