"""Lists a kind and then watches it, for as long as it takes: typed objects in order, none kept.

Pages and lines are decoded from their bytes straight into projections, which is what makes this
fast: most of an object (managedFields above all) is skipped, never built.
"""

import asyncio
import logging
import random
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from typing import Any, Generic, NoReturn, TypeVar, cast

import msgspec
from msgspec import field

from podiatrist.cluster.client import Client
from podiatrist.cluster.doubling import doubled
from podiatrist.cluster.errors import ClusterError, ExpiredError, UnreachableError
from podiatrist.cluster.kinds import Kind
from podiatrist.cluster.objects import NamedObject, Struct, parse
from podiatrist.cluster.traffic import watch_name

log = logging.getLogger(__name__)

T = TypeVar("T", bound=NamedObject)

_FIRST_PAUSE, _LAST_PAUSE = 0.5, 30.0
"""Seconds before the next attempt: doubled while nothing comes of it, half of it by chance."""

_UNREADABLE = (msgspec.MsgspecError, UnicodeError, RecursionError)


class _ListMeta(Struct):
    """metav1.ListMeta."""

    resource_version: str = ""
    continue_: str = field(default="", name="continue")


class _Page(Struct, Generic[T]):
    """One page of a list."""

    metadata: _ListMeta
    items: list[T] = []  # noqa: RUF012 - msgspec copies empty defaults


class _RawPage(Struct):
    """One page whose items are looked into one by one."""

    metadata: _ListMeta
    items: list[Any] | None = None


class _Change(Struct, Generic[T]):
    """metav1.WatchEvent."""

    type: str
    object: T


class Watch(Generic[T]):
    """One kind in one namespace or in all, told to `deliver(object, deleted)` as it changes.

    Everything there is comes first, as not deleted. What is deleted while no watch could be kept
    open is not told. `deliver` must be quick and must not block; what it raises is logged.
    `heard` is told its name for each sign of life: changes, and bookmarks.
    """

    def __init__(
        self,
        client: Client,
        kind: Kind,
        struct: type[T],
        deliver: Callable[[T, bool], None],
        *,
        namespace: str | None = None,
        fields: str | None = None,
        heard: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._client = client
        self._heard = heard
        self._kind = kind
        self._namespace = namespace
        self._name = watch_name(kind.plural, namespace)
        self._struct = struct
        self._deliver = deliver
        self._fields = fields
        # Which T it is, is known at run time only: more than a type checker can follow.
        page, change = cast(Any, _Page)[struct], cast(Any, _Change)[struct]
        self._pages: msgspec.json.Decoder[_Page[T]] = msgspec.json.Decoder(page)
        self._changes: msgspec.json.Decoder[_Change[T]] = msgspec.json.Decoder(change)
        self._version = ""
        self._attempts = 0

    async def run(self) -> NoReturn:
        """Tell of objects until cancelled; no error of the cluster ends it."""
        while True:
            try:
                if not self._version:
                    self._version = await self._list()
                await self._follow()
            except ExpiredError:
                self._version = ""
                log.debug("the API server forgot our place in %s: listing anew", self._name)
            except ClusterError as error:
                log.warning("cannot watch %s: %s; trying again", self._name, error)
            await asyncio.sleep(self._pause())

    def _pause(self) -> float:
        pause = doubled(_FIRST_PAUSE, self._attempts, _LAST_PAUSE)
        self._attempts += 1  # back to zero as soon as a watch tells something
        return pause * random.uniform(0.5, 1.0)  # noqa: S311 - spreads load, hides nothing

    async def _list(self) -> str:
        """Deliver all objects, page by page; returns the version to watch from."""
        token = ""
        while True:
            body = await self._client.list_page(
                self._kind, self._namespace, fields=self._fields, token=token
            )
            page = self._decode_page(body)
            for item in page.items:
                self._hand_over(item, deleted=False)
            if not page.metadata.continue_:
                return page.metadata.resource_version
            token = page.metadata.continue_

    def _decode_page(self, body: bytes) -> _Page[T]:
        """Decode a page; where an item has nulls or wrong types, each item by itself, slowly."""
        try:
            return self._pages.decode(body)
        except _UNREADABLE:
            pass
        try:
            page = msgspec.json.decode(body, type=_RawPage)
        except _UNREADABLE as error:
            raise UnreachableError(
                f"the answer is no list of {self._kind.plural}: {error}"
            ) from None
        items = [parse(self._struct, raw) for raw in page.items or []]
        return _Page(metadata=page.metadata, items=[item for item in items if item is not None])

    async def _follow(self) -> None:
        """Deliver changes until the API server ends the watch. Raises ClusterError."""
        stream = self._client.watch(self._kind, self._version, self._namespace, fields=self._fields)
        async with aclosing(stream) as chunks:
            async for lines in whole_lines(chunks):
                self._heard(self._name)
                for line in lines:
                    self._take(line)
                await asyncio.sleep(0)  # a full buffer would otherwise be emptied in one go

    def _take(self, line: bytes) -> None:
        """Deliver one line of a watch. Raises ExpiredError or UnreachableError if it says so."""
        change = self._decode(line)
        if change is None:
            return
        if change.type in ("ADDED", "MODIFIED", "DELETED"):
            self._hand_over(change.object, deleted=change.type == "DELETED")
        self._version = change.object.metadata.resource_version or self._version
        self._attempts = 0

    def _decode(self, line: bytes) -> _Change[T] | None:
        try:
            change = self._changes.decode(line)
        except _UNREADABLE:
            return self._decode_slowly(line)
        # An error holds a Status, and what was decoded of it says nothing.
        return change if change.type != "ERROR" else self._decode_slowly(line)

    def _decode_slowly(self, line: bytes) -> _Change[T] | None:
        """Decode a line with nulls; None, and a log line, for one that is no change at all."""
        try:
            raw = msgspec.json.decode(line)
        except _UNREADABLE as error:
            if line.strip():
                log.warning("skipped a line of the watch of %s: %s", self._kind.plural, error)
            return None
        if not isinstance(raw, dict):
            log.warning("skipped a line of the watch of %s: no object", self._kind.plural)
            return None
        if raw.get("type") == "ERROR":
            raise _error_of(raw.get("object"))
        found = parse(self._struct, raw.get("object"))
        return _Change(type=str(raw.get("type")), object=found) if found is not None else None

    def _hand_over(self, item: T, *, deleted: bool) -> None:
        try:
            self._deliver(item, deleted)
        except Exception:
            log.exception("%s %s could not be taken in", self._kind.kind, item.metadata.name)


def _error_of(status: Any) -> ClusterError:
    """Return what a metav1.Status in a watch means."""
    code = status.get("code") if isinstance(status, dict) else None
    message = status.get("message") if isinstance(status, dict) else status
    return (ExpiredError if code == 410 else UnreachableError)(f"the watch ended: {message}")


async def whole_lines(chunks: AsyncIterator[bytes]) -> AsyncIterator[list[bytes]]:
    """Yield the lines that each chunk completes; an unfinished last line is dropped.

    A line may be of any length: the pieces of a long one are joined once, at its end.
    """
    begun: list[bytes] = []
    async for chunk in chunks:
        first, *others = chunk.split(b"\n")
        begun.append(first)
        if others:
            yield [b"".join(begun), *others[:-1]]
            begun = [others[-1]]
