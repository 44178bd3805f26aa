"""The floor: list in pages, watch, decode into types, judge. Survives nothing."""

from typing import Generic, TypeVar

import aiohttp
import msgspec

from podiatrist.cluster.objects import Pod
from podiatrist.handlers.feed import POD_FIELDS, Audience

T = TypeVar("T")


class _Meta(msgspec.Struct):
    resourceVersion: str = ""  # noqa: N815 - as on the wire
    next: str = msgspec.field(default="", name="continue")


class _Page(msgspec.Struct, Generic[T]):
    metadata: _Meta
    items: list[T]


class _Change(msgspec.Struct, Generic[T]):
    type: str
    object: T


async def listen(url: str, audience: Audience) -> None:
    """Tell of all pods until something breaks."""
    pages, changes = msgspec.json.Decoder(_Page[Pod]), msgspec.json.Decoder(_Change[Pod])
    query = {"fieldSelector": POD_FIELDS, "limit": "500"}
    async with aiohttp.ClientSession(f"{url}/api/v1/", read_bufsize=2**21) as session:
        while True:
            async with session.get("pods", params=query) as response:
                page = pages.decode(await response.read())
            for pod in page.items:
                audience.pod_seen(pod)
            if not page.metadata.next:
                break
            query["continue"] = page.metadata.next
        since = {"watch": "true", "resourceVersion": page.metadata.resourceVersion}
        forever = aiohttp.ClientTimeout(total=None)
        async with session.get("pods", params=since, timeout=forever) as response:
            rest = b""
            async for chunk in response.content.iter_any():
                *lines, rest = (rest + chunk).split(b"\n")
                for line in lines:
                    change = changes.decode(line)
                    audience.pod_seen(change.object, deleted=change.type == "DELETED")
