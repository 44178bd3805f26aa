"""What a sink is: it turns a message into one HTTP request, and knows nothing of sending it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol
from urllib.parse import urlsplit

from pydantic import SecretStr

from podiatrist.notify.notification import Message


@dataclass(frozen=True)
class Request:
    """The body of a POST, and its headers."""

    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


class Sink(Protocol):
    """One receiver of notifications."""

    @property
    def name(self) -> str:
        """What it is called in logs and metrics."""

    @property
    def url(self) -> SecretStr:
        """Where it is. A secret: who knows Slack's may post there."""

    def request(self, message: Message, now: datetime) -> Request:
        """Return what is sent; `now` is the time of this attempt."""


def host_of(url: SecretStr) -> str:
    """Return what may be shown of a URL: the host."""
    return urlsplit(url.get_secret_value()).hostname or "?"


def check_url(url: SecretStr) -> SecretStr:
    """Return the URL without blanks around it. Raises ValueError, without the URL in it."""
    text = url.get_secret_value().strip()
    try:
        parts = urlsplit(text)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # its own text may quote the URL
        good = False
    if text and (not good or not text.isascii() or not text.isprintable() or " " in text):
        raise ValueError("needs a URL that begins with https:// or http:// and names a host")
    return SecretStr(text)


def timestamp(at: datetime) -> str:
    """Return a time as RFC 3339 has it, in UTC."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
