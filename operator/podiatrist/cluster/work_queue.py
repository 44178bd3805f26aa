"""A queue of names to look at: each in one pair of hands at a time, each when it is due.

The queue holds names, never objects: what is done is decided on a fresh reading. Everything that
matters is in the cluster, so the queue may be lost at any time.
"""

import asyncio
import heapq
from typing import Any, Generic, TypeVar

K = TypeVar("K", bound=tuple[Any, ...])
"""A name: a tuple of texts, so that names of equal due time have an order."""

Rank = tuple[Any, ...]
"""Which of the names that are due goes first: the smallest. All ranks of a queue are alike."""


class WorkQueue(Generic[K]):
    """Names that want attention, each at a time; a name is in it once and handed out once."""

    def __init__(self) -> None:
        self._due: dict[K, float] = {}
        self._ranks: dict[K, Rank] = {}
        self._heap: list[tuple[float, K]] = []
        self._ready: list[tuple[Rank, float, K]] = []
        """Those that are due, by rank; an entry counts only while `_due` still says the same."""
        self._busy: set[K] = set()
        self._held: dict[K, float] = {}
        self._changed = asyncio.Event()

    def __len__(self) -> int:
        """Return how many names wait, due or not."""
        return len(self._due)

    def add(self, key: K, after: float = 0.0, rank: Rank | None = None) -> None:
        """Ask for attention in `after` seconds; an earlier wish for the same name stays.

        A new rank holds for the wish that stands as well; without one, the name keeps its own.
        """
        due = asyncio.get_running_loop().time() + after
        known = self._due.get(key)
        promoted = rank is not None and rank != self._ranks.get(key, ())
        if rank is not None:
            self._ranks[key] = rank
        if known is None or due < known or promoted:
            self._due[key] = due if known is None else min(due, known)
            heapq.heappush(self._heap, (self._due[key], key))
            self._changed.set()

    def remove(self, key: K) -> None:
        """Take a wish back; what is in somebody's hands stays there."""
        self._due.pop(key, None)
        self._held.pop(key, None)
        self._forget_rank(key)

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
            if self._is_free(key, due):
                heapq.heappush(self._ready, (self._ranks.get(key, ()), due, key))
        while self._ready:
            _, due, key = heapq.heappop(self._ready)
            if self._is_free(key, due):
                del self._due[key]
                return key
        return None

    def _is_free(self, key: K, due: float) -> bool:
        if self._due.get(key) != due:
            return False  # an earlier wish for the same name was served, or it was taken back
        if key in self._busy:
            self._held[key] = due  # until it is given back
            return False
        return True

    def done(self, key: K) -> None:
        """Give a name back."""
        self._busy.discard(key)
        due = self._held.pop(key, None)
        if due is not None and self._due.get(key) == due:
            heapq.heappush(self._heap, (due, key))
        self._forget_rank(key)
        self._changed.set()

    def _forget_rank(self, key: K) -> None:
        if key not in self._due:
            self._ranks.pop(key, None)
