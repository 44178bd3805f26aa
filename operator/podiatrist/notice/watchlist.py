"""Pods with a symptom, until it is over or has lasted long enough to be believed."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from podiatrist.cluster.objects import Pod
from podiatrist.notice.symptoms import Grace, Symptom, symptom_of

Key = tuple[str, str]


@dataclass(frozen=True)
class Entry:
    """A pod that is watched: since when, and from when on it is believed."""

    symptom: Symptom
    first_seen: datetime
    due: datetime


class Watchlist:
    """Remembers since when a pod is sick; a few hundred bytes for each sick pod, none for others.

    Lost at a restart, and then built again from the first list of pods.
    """

    def __init__(self, grace: Grace) -> None:
        self.grace = grace
        self._entries: dict[Key, Entry] = {}

    def observe(self, pod: Pod, now: datetime) -> Entry | None:
        """Take note of a pod as it is now; returns what is known of it, None if it looks well."""
        key = (pod.metadata.namespace, pod.metadata.name)
        symptom = symptom_of(pod, self.grace, now)
        if symptom is None:
            self._entries.pop(key, None)
            return None
        known = self._entries.get(key)
        first_seen = min(t for t in (symptom.since, known and known.first_seen, now) if t)
        due = max(now, first_seen + timedelta(seconds=symptom.grace))
        self._entries[key] = entry = Entry(symptom, first_seen, due)
        return entry

    def believed(self, pods: list[Pod], now: datetime) -> Iterator[Entry]:
        """Yield what is known of the pods whose grace is over."""
        for pod in pods:
            entry = self.observe(pod, now)
            if entry is not None and entry.due <= now:
                yield entry

    def next_due(self, pods: list[Pod], now: datetime) -> float | None:
        """Return the seconds until the first of these pods is to be believed, None for none."""
        entries = [self._entries.get((p.metadata.namespace, p.metadata.name)) for p in pods]
        waits = [(e.due - now).total_seconds() for e in entries if e is not None]
        return max(0.0, min(waits)) if waits else None

    def forget(self, namespace: str, name: str) -> None:
        """Take note that a pod is gone."""
        self._entries.pop((namespace, name), None)

    def __len__(self) -> int:
        """Return how many pods are watched."""
        return len(self._entries)
