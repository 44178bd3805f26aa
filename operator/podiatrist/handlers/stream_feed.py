"""The feed for large clusters: two watches of our own, decoded straight into types."""

import asyncio
from collections.abc import Callable

from podiatrist.cluster.client import Client
from podiatrist.cluster.kinds import EVENT, POD
from podiatrist.cluster.objects import Event, Pod
from podiatrist.cluster.watch import Watch
from podiatrist.handlers.feed import EVENT_FIELDS, POD_FIELDS, Audience


async def stream(
    client: Client, audience: Audience, heard: Callable[[str], None] = lambda _: None
) -> None:
    """Tell of pods and warning events until cancelled; `heard` is told of every sign of life."""

    def pod(seen: Pod, deleted: bool) -> None:
        audience.pod_seen(seen, deleted=deleted)

    def event(seen: Event, deleted: bool) -> None:
        if not deleted:  # events end after an hour, which says nothing
            audience.event_seen(seen)

    async with asyncio.TaskGroup() as group:
        for place in client.confines.places(POD, None):
            pods = Watch(client, POD, Pod, pod, namespace=place, fields=POD_FIELDS, heard=heard)
            events = Watch(
                client, EVENT, Event, event, namespace=place, fields=EVENT_FIELDS, heard=heard
            )
            group.create_task(pods.run())
            group.create_task(events.run())
