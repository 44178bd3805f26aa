"""Pods with a symptom, until it is over or has lasted long enough to be believed."""

from dataclasses import dataclass
from datetime import datetime

from podiatrist.cluster.objects import Pod
from podiatrist.notice.symptoms import Grace, symptom_of

Key = tuple[str, str]


@dataclass(frozen=True)
class _Entry:
    first_seen: datetime
    due: datetime


class Watchlist:
    """Remembers since when a pod is sick; a few hundred bytes for each sick pod, none for others.

    Lost at a restart, and then built again from the first list of pods.
    """

    def __init__(self, grace: Grace) -> None:
        self._grace = grace
        self._entries: dict[Key, _Entry] = {}

    def observe(self, pod: Pod, now: datetime) -> datetime | None:
        """Take note of a pod as it is now; returns when it should be looked at, None if never."""
        key = (pod.metadata.namespace, pod.metadata.name)
        symptom = symptom_of(pod, self._grace)
        if symptom is None:
            self._entries.pop(key, None)
            return None
        known = self._entries.get(key)
        first_seen = min(t for t in (symptom.since, known and known.first_seen, now) if t)
        due = max(now, _plus(first_seen, symptom.grace))
        self._entries[key] = _Entry(first_seen, due)
        return due

    def forget(self, namespace: str, name: str) -> None:
        """Take note that a pod is gone."""
        self._entries.pop((namespace, name), None)

    def __len__(self) -> int:
        """Return how many pods are watched."""
        return len(self._entries)


def _plus(time: datetime, seconds: float) -> datetime:
    return datetime.fromtimestamp(time.timestamp() + seconds, tz=time.tzinfo)
