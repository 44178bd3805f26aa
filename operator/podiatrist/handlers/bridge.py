"""Until the Noticer listens to typed objects itself: turns them back into what it takes."""

import msgspec

from podiatrist.cluster.objects import Event, Pod
from podiatrist.notice.noticer import Noticer

_TELLING = frozenset({"FailedScheduling", "Failed", "BackOff", "InspectFailed"})
"""Reasons of events that speak of a symptom we know (scheduler, kubelet)."""


class Bridge:
    """An Audience that passes on to the Noticer."""

    def __init__(self, noticer: Noticer) -> None:
        self._noticer = noticer

    def pod_seen(self, pod: Pod, *, deleted: bool = False) -> None:
        """Pass a pod on as a dict."""
        self._noticer.pod_seen(msgspec.to_builtins(pod), deleted=deleted)

    def event_seen(self, event: Event) -> None:
        """Pass on which pod an event speaks of."""
        about = event.involved_object
        if about.kind == "Pod" and event.reason in _TELLING:
            self._noticer.hint(about.namespace, about.name)
