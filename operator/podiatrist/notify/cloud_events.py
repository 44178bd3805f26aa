"""The CloudEvents sink: CloudEvents 1.0 over HTTP, in structured mode.

https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/http-protocol-binding.md
"""

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

from pydantic import SecretStr

from podiatrist.notify.notification import Digest, Message
from podiatrist.notify.payload import encode, payload
from podiatrist.notify.sink import Request, timestamp
from podiatrist.notify.template import Template

TYPE = "dev.podiatrist.diagnosis"
"""Types begin with this; the state, or `digest`, follows."""


@dataclass(frozen=True)
class CloudEvents:
    """POSTs one event for each message; its id is the same at every attempt and after a restart."""

    url: SecretStr
    template: Template
    cluster: str
    name: str = "cloudevents"

    def request(self, message: Message, now: datetime) -> Request:
        """Return the request."""
        event = {
            "specversion": "1.0",
            "id": message.id,
            "source": "/podiatrist" + (f"/{quote(self.cluster, safe='')}" if self.cluster else ""),
            "time": timestamp(message.at),
            "datacontenttype": "application/json",
            "data": payload(message, self.template, self.cluster),
        }
        if isinstance(message, Digest):
            event["type"] = f"{TYPE}.digest"
        else:
            event["type"] = f"{TYPE}.{message.state.value}"
            event["subject"] = f"{message.namespace}/{message.diagnosis}"
        return Request(encode(event), {"Content-Type": "application/cloudevents+json"})
