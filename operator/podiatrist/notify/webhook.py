"""The plain sink: JSON to any URL, signed where a secret is set."""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime

from pydantic import SecretStr

from podiatrist.notify.notification import Message
from podiatrist.notify.payload import encode, payload
from podiatrist.notify.sink import Request
from podiatrist.notify.template import Template

ID, TIMESTAMP, SIGNATURE = "Podiatrist-Id", "Podiatrist-Timestamp", "Podiatrist-Signature"
"""Headers: the message's id, seconds since 1970 of this attempt, and `sha256=HEX`."""


@dataclass(frozen=True)
class Webhook:
    """POSTs the payload as it is."""

    url: SecretStr
    secret: SecretStr
    template: Template
    cluster: str
    name: str = "webhook"

    def request(self, message: Message, now: datetime) -> Request:
        """Return the request; with a secret, its signature covers time and body."""
        body = encode(payload(message, self.template, self.cluster))
        headers = {"Content-Type": "application/json", ID: message.id}
        key = self.secret.get_secret_value()
        if key:
            stamp = str(int(now.timestamp()))
            headers |= {TIMESTAMP: stamp, SIGNATURE: signature(key, stamp, body)}
        return Request(body, headers)


def signature(key: str, stamp: str, body: bytes) -> str:
    """Return the HMAC-SHA256 (RFC 2104) of `STAMP.BODY`.

    The time is part of it, so that a receiver can refuse a recorded request that is sent again.
    """
    signed = stamp.encode() + b"." + body
    return "sha256=" + hmac.new(key.encode(), signed, hashlib.sha256).hexdigest()
