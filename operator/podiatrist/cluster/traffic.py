"""Counts the requests to the API server, and tells of answers to watches."""

from collections import Counter
from collections.abc import Callable
from types import SimpleNamespace

import aiohttp


class Traffic:
    """What was asked of the API server by one process.

    `heard` is told the plural of each kind whose watch was answered, `reached` of any answer.
    """

    def __init__(
        self,
        heard: Callable[[str], None] = lambda _: None,
        reached: Callable[[], None] = lambda: None,
    ) -> None:
        self.requests: Counter[tuple[str, str]] = Counter()
        """How many, by verb (`GET`, `WATCH`, ...) and status code (`error`: no answer)."""
        self._heard, self._reached = heard, reached

    def trace(self) -> aiohttp.TraceConfig:
        """Return what an aiohttp session is given to be counted."""
        trace = aiohttp.TraceConfig()
        trace.on_request_end.append(self._ended)
        trace.on_request_exception.append(self._failed)
        return trace

    async def _ended(
        self,
        session: aiohttp.ClientSession,
        context: SimpleNamespace,
        end: aiohttp.TraceRequestEndParams,
    ) -> None:
        watch = end.url.query.get("watch") == "true"
        self.requests["WATCH" if watch else end.method, str(end.response.status)] += 1
        if end.response.status < 500:
            self._reached()
        if watch and end.response.status == 200:
            self._heard(end.url.name)

    async def _failed(
        self,
        session: aiohttp.ClientSession,
        context: SimpleNamespace,
        failed: aiohttp.TraceRequestExceptionParams,
    ) -> None:
        watch = failed.url.query.get("watch") == "true"
        self.requests["WATCH" if watch else failed.method, "error"] += 1
