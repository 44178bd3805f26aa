"""Counts the requests to the API server, and tells of answers to watches."""

import re
from collections import Counter
from collections.abc import Callable
from types import SimpleNamespace

import aiohttp

_IN_NAMESPACE = re.compile(r"/namespaces/([^/]+)/")


def watch_name(plural: str, namespace: str | None) -> str:
    """Return what a watch is called: `pods`, or `pods in shop` where it is of one namespace."""
    return f"{plural} in {namespace}" if namespace else plural


def _watched(path: str) -> str:
    found = _IN_NAMESPACE.search(path)
    return watch_name(path.rpartition("/")[2], found[1] if found else None)


class Traffic:
    """What was asked of the API server by one process.

    `heard` is told the name of each watch that was answered, `reached` of any answer.
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
            self._heard(_watched(end.url.path))

    async def _failed(
        self,
        session: aiohttp.ClientSession,
        context: SimpleNamespace,
        failed: aiohttp.TraceRequestExceptionParams,
    ) -> None:
        watch = failed.url.query.get("watch") == "true"
        self.requests["WATCH" if watch else failed.method, "error"] += 1
