"""The default feed: Kopf's watches of pods and events, with typed objects handed on."""

from typing import Any, TypeVar

import kopf
import msgspec

from podiatrist.cluster.objects import Event, Pod, Struct, parse
from podiatrist.handlers.feed import Audience

T = TypeVar("T", bound=Struct)


def watch_pods(registry: kopf.OperatorRegistry, audience: Audience) -> None:
    """Let Kopf tell of pods and warning events."""

    @kopf.on.event("", "v1", "pods", registry=registry)
    async def pod_changed(body: kopf.Body, type: str | None, **_: Any) -> None:  # noqa: A002 - Kopf passes it by this name
        pod = _typed(Pod, body)
        if pod is not None:
            audience.pod_seen(pod, deleted=type == "DELETED")

    @kopf.on.event("", "v1", "events", registry=registry)
    async def event_seen(body: kopf.Body, type: str | None, **_: Any) -> None:  # noqa: A002 - as above
        event = _typed(Event, body) if type != "DELETED" else None
        if event is not None:
            audience.event_seen(event)


def _typed(kind: type[T], body: kopf.Body) -> T | None:
    """Return a body's projection, None where it has none; only nulls cost a copy of it."""
    raw = dict(body)
    try:
        return msgspec.convert(raw, kind)
    except msgspec.ValidationError:
        return parse(kind, raw)
