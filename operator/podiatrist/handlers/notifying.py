"""Puts notifications together, where there is anybody to notify."""

import logging
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import asdict

from podiatrist.cluster.client import Client
from podiatrist.cluster.notes import Notes
from podiatrist.handlers.serve import now
from podiatrist.notify.notifier import Notifier
from podiatrist.notify.post import poster
from podiatrist.notify.sender import Limits, Sender
from podiatrist.notify.settings import NotifySettings
from podiatrist.notify.sink import host_of
from podiatrist.notify.sinks import sinks
from podiatrist.notify.told import Told

log = logging.getLogger(__name__)

NOTES = "notified"
"""The ConfigMap that remembers what was told."""


@asynccontextmanager
async def notifying(client: Client, settings: NotifySettings) -> AsyncIterator[list[Notifier]]:
    """Yield the notifier, nothing where no sink is configured. Says at start whom it notifies."""
    found = sinks(settings)
    if not found:
        yield []
        return
    told = Told(Notes(client, NOTES), now)
    limits = Limits(per_minute=settings.notify_per_minute)
    async with poster(settings.notify_timeout) as post:
        senders = [Sender(sink, post, told.add, limits) for sink in found]
        for sink in found:
            log.info("notifications go to %s at %s", sink.name, host_of(sink.url))
        yield [Notifier(settings.wanted, senders, told, now)]


def outcomes(notifiers: Iterable[Notifier]) -> list[tuple[tuple[str, str], int]]:
    """Return for each sink and outcome how many messages came to it, for the metrics."""
    return [
        ((sink, outcome), count)
        for notifier in notifiers
        for sink, counts in notifier.counts().items()
        for outcome, count in asdict(counts).items()
    ]
