"""Which Diagnosis the work under way is for: log lines carry it, whoever writes them."""

from contextvars import ContextVar

about: ContextVar[tuple[str, str] | None] = ContextVar("about", default=None)
"""Namespace and name; each task of the event loop has its own."""
