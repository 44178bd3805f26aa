"""A queue of names to look at: each in one pair of hands at a time, each when it is due.

The queue holds names, never objects: what is done is decided on a fresh reading. Everything that
matters is in the cluster, so the queue may be lost at any time.
"""

import asyncio
import heapq
from typing import Any, Generic, TypeVar

K = TypeVar("K", bound=tuple[Any, ...])
"""A name: a tuple of texts, so that names of equal due time have an order."""


class WorkQueue(Generic[K]):
    """Names that want attention, each at a time; a name is in it once and handed out once."""

    def __init__(self) -> None:
        self._due: dict[K, float] = {}
        self._heap: list[tuple[float, K]] = []
        self._busy: set[K] = set()
        self._held: dict[K, float] = {}
        self._changed = asyncio.Event()

    def __len__(self) -> int:
        """Return how many names wait, due or not."""
        return len(self._due)

    def add(self, key: K, after: float = 0.0) -> None:
        """Ask for attention in `after` seconds; an earlier wish for the same name stays."""
        due = asyncio.get_running_loop().time() + after
        if due < self._due.get(key, float("inf")):
            self._due[key] = due
            heapq.heappush(self._heap, (due, key))
            self._changed.set()

    def remove(self, key: K) -> None:
        """Take a wish back; what is in somebody's hands stays there."""
        self._due.pop(key, None)
        self._held.pop(key, None)

    async def take(self) -> K:
        """Wait for the next name that is due and not in somebody's hands."""
        while True:
            now = asyncio.get_running_loop().time()
            key = self._pop(now)
            if key is not None:
                self._busy.add(key)
                return key
            self._changed.clear()
            timeout = max(0.0, self._heap[0][0] - now) if self._heap else None
            try:
                await asyncio.wait_for(self._changed.wait(), timeout)
            except TimeoutError:
                continue

    def _pop(self, now: float) -> K | None:
        while self._heap and self._heap[0][0] <= now:
            due, key = heapq.heappop(self._heap)
            if self._due.get(key) != due:
                continue  # an earlier wish for the same name was served, or it was taken back
            if key in self._busy:
                self._held[key] = due  # until it is given back
                continue
            del self._due[key]
            return key
        return None

    def done(self, key: K) -> None:
        """Give a name back."""
        self._busy.discard(key)
        due = self._held.pop(key, None)
        if due is not None and self._due.get(key) == due:
            heapq.heappush(self._heap, (due, key))
        self._changed.set()
