"""A message as JSON, the same for a webhook and as `data` of a CloudEvent."""

import json
from typing import Any

from podiatrist.notify.notification import Digest, Message, Notification
from podiatrist.notify.sink import timestamp
from podiatrist.notify.template import Template

Json = dict[str, Any]


def payload(message: Message, template: Template, cluster: str) -> Json:
    """Return what is told. Texts are whole (the API bounds them) and not escaped: JSON is data."""
    if isinstance(message, Digest):
        told = [_one(n, template, cluster) for n in message.notifications]
        return {"id": message.id, "cluster": cluster, "heldBack": told}
    return _one(message, template, cluster) | _whole(message)


def _one(notification: Notification, template: Template, cluster: str) -> Json:
    target = notification.target
    return {
        "id": notification.id,
        "text": template.render(notification, cluster),
        "cluster": cluster,
        "namespace": notification.namespace,
        "diagnosis": notification.diagnosis,
        "uid": notification.uid,
        "state": notification.state.value,
        "at": timestamp(notification.at),
        "target": {"apiVersion": target.api_version, "kind": target.kind, "name": target.name},
        "severity": notification.severity.value if notification.severity else None,
        "reason": notification.reason,
        "summary": notification.summary,
    }


def _whole(notification: Notification) -> Json:
    """Return what a digest leaves out."""
    return {
        "rootCause": notification.cause,
        "outcome": notification.outcome,
        "look": notification.look,
        "options": [
            {"digest": o.digest, "title": o.title, "risk": o.risk, "approve": o.approve}
            for o in notification.offers
        ],
    }


def encode(body: Json) -> bytes:
    """Return JSON as it is sent."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
