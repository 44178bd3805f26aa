"""What every feed delivers, and to whom: pods and warning events of the whole cluster.

There are two feeds (docs/feeds.md): `kopf_feed` and `stream_feed`. Both tell of everything there
is when they start, then of what changes, and may tell of the same thing twice.
"""

from typing import Protocol

from podiatrist.cluster.objects import Event, Pod

POD_FIELDS = "status.phase!=Succeeded"
"""Pods worth hearing of. `!=Running` would be fewer, and would miss every crash loop."""

EVENT_FIELDS = "type!=Normal"
"""Events worth hearing of."""


class Audience(Protocol):
    """Who listens to a feed. Called for every change in the cluster: quick, without I/O."""

    def pod_seen(self, pod: Pod, *, deleted: bool = False) -> None:
        """Take note of a pod as it is now, or of its end."""

    def event_seen(self, event: Event) -> None:
        """Take note of a warning event."""
