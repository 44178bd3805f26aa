"""Whether a process is well: what it heard from the cluster, when, and whether its loop turns.

Pure bookkeeping on a clock that is handed in. Written by the event loop, read by the thread that
answers probes: single floats and dict entries, which Python's threads may share.
"""

import time
from collections.abc import Callable

STUCK = 30.0
"""Seconds without a turn of the event loop after which it counts as stuck."""

SILENT = 300.0
"""Seconds after which a watch that brought nothing, not even a bookmark or a new connection,
counts as dead. Bookmarks come once a minute, and Kopf's connections are renewed every two."""

CUT_OFF = 150.0
"""Seconds without an answer after which the API server counts as out of reach: a process that
stands by asks every two, one that works has a watch answered every 120 at least."""


class Pulse:
    """What probes ask for."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.leading = False
        """Whether this process does the work of its role."""
        self.trouble: str | None = None
        """Why the last run of the role ended; None once one works, or another process does."""
        self._clock = clock
        self._turned = clock()
        self._led_at = clock()
        self._expected: tuple[str, ...] = ()
        self._reached: float | None = None
        self._heard: dict[str, float] = {}

    def turned(self) -> None:
        """Take note that the event loop turns."""
        self._turned = self._clock()

    def reached(self) -> None:
        """Take note that the API server answered."""
        self._reached = self._clock()

    def heard(self, watch: str) -> None:
        """Take note that a watch brought something: a change, a bookmark, a new connection."""
        self._heard[watch] = self._clock()
        self.trouble = None
        self.reached()

    def begin(self) -> None:
        """Forget what a run before heard."""
        self.leading = False
        self._heard.clear()

    def leads(self, *watches: str) -> None:
        """Take note that this process does the work from now on, and what it has to hear of."""
        self.leading = True
        self._led_at = self._clock()
        self._expected = watches

    def ages(self) -> dict[str, float]:
        """Return the seconds since each watch brought something.

        Since this process leads for one that never did: a watch that cannot begin is silent too.
        """
        never = dict.fromkeys(self._missing() if self.leading else (), self._led_at)
        now = self._clock()
        return {watch: now - at for watch, at in sorted({**never, **self._heard}.items())}

    def sick(self) -> str | None:
        """Return why a restart would help, None where it would not.

        While the API server is out of reach it would not: what is silent then is not our watch.
        """
        stuck = self._clock() - self._turned
        if stuck > STUCK:
            return f"the event loop has not turned for {stuck:.0f} s"
        if self._cut_off() is not None:
            return None
        silent = {watch: age for watch, age in self.ages().items() if age > SILENT}
        if self.leading and silent:
            watch, age = max(silent.items(), key=lambda item: item[1])
            return f"the watch of {watch} has brought nothing for {age:.0f} s"
        return None

    def unready(self) -> str | None:
        """Return why this process could not do its work now, None where it could.

        One that stands by is ready: it could take over.
        """
        sick = self.sick()
        if sick is not None:
            return sick
        why = self.trouble or self._cut_off()
        if why is not None:
            return why
        missing = self._missing()
        if self.leading and missing:
            return f"the watch of {missing[0]} has not begun yet"
        return None

    def _missing(self) -> list[str]:
        """Return what was to be heard of and was not, in no namespace either (`pods in shop`)."""
        heard = {watch.partition(" in ")[0] for watch in list(self._heard)}
        return [watch for watch in self._expected if watch not in heard]

    def _cut_off(self) -> str | None:
        if self._reached is None:
            return "the API server has not answered yet"
        age = self._clock() - self._reached
        return f"the API server has not answered for {age:.0f} s" if age > CUT_OFF else None
