"""What the server holds: objects as encoded bytes, and the changes that watches replay."""

import asyncio
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from tests.fakeapi.pods import Object

Key = tuple[str, str]


def encode(value: object) -> bytes:
    """Return compact JSON."""
    return json.dumps(value, separators=(",", ":")).encode()


@dataclass
class Stored:
    """One object; `version` is its resourceVersion."""

    version: int
    labels: dict[str, str]
    phase: str
    body: bytes


class End:
    """What a watch is told to do instead of sending a line: end well, or be cut off."""

    def __init__(self, *, well: bool) -> None:
        self.well = well


@dataclass
class Collection:
    """All objects of one resource, what happened to them, and who watches."""

    objects: dict[Key, Stored] = field(default_factory=dict)
    log: list[tuple[int, bytes]] = field(default_factory=list)
    forgotten: int = 0
    watchers: set["asyncio.Queue[bytes | End]"] = field(default_factory=set)

    def tell(self, message: bytes | End) -> None:
        """Hand a message to everybody who watches now."""
        for queue in self.watchers:
            queue.put_nowait(message)

    def since(self, version: int) -> Iterator[bytes]:
        """Yield the lines of all changes after a version."""
        return (line for changed, line in self.log if changed > version)


class Store:
    """All collections by plural name, with one running resourceVersion."""

    def __init__(self) -> None:
        self.version = 1000
        self._collections: dict[str, Collection] = {}

    def collection(self, plural: str) -> Collection:
        """Return the collection of that name, made when it is asked for."""
        return self._collections.setdefault(plural, Collection())

    def get(self, plural: str, namespace: str, name: str) -> bytes | None:
        """Return an object's bytes, None where there is none."""
        found = self.collection(plural).objects.get((namespace, name))
        return found.body if found else None

    def put_all(self, plural: str, objects: Iterable[Object]) -> None:
        """Hold objects that were always there: no watch hears of them."""
        collection = self.collection(plural)
        for made in objects:
            key, stored = self._stored(made)
            collection.objects[key] = stored
        collection.forgotten = self.version

    def put(self, plural: str, made: Object) -> Object:
        """Create or change an object and tell the watches; returns it with its version."""
        line, versioned = self.prepare(plural, made)
        self.collection(plural).tell(line)
        return versioned

    def prepare(self, plural: str, made: Object) -> tuple[bytes, Object]:
        """As `put`, but leave telling the watches to the caller; returns the line to tell."""
        collection = self.collection(plural)
        key, stored = self._stored(made)
        kind = b"MODIFIED" if key in collection.objects else b"ADDED"
        collection.objects[key] = stored
        line = _line(kind, stored.body)
        collection.log.append((stored.version, line))
        return line, made

    def delete(self, plural: str, namespace: str, name: str) -> None:
        """Take an object away and tell the watches. Raises KeyError where there is none."""
        collection = self.collection(plural)
        body = json.loads(collection.objects.pop((namespace, name)).body)
        _, stored = self._stored(body)
        line = _line(b"DELETED", stored.body)
        collection.log.append((stored.version, line))
        collection.tell(line)

    def bookmark(self, plural: str) -> None:
        """Tell the watches how far they are, as the API server does about once a minute."""
        mark = {
            "type": "BOOKMARK",
            "object": {
                "kind": "Pod",
                "apiVersion": "v1",
                "metadata": {"resourceVersion": str(self.version), "creationTimestamp": None},
                "spec": {"containers": None},
                "status": {},
            },
        }
        self.collection(plural).tell(encode(mark) + b"\n")

    def compact(self, plural: str) -> None:
        """Forget the past: a watch that asks for a version before now is told 410 Gone."""
        self.version += 1
        collection = self.collection(plural)
        collection.log.clear()
        collection.forgotten = self.version

    def _stored(self, made: Object) -> tuple[Key, Stored]:
        self.version += 1
        meta = made["metadata"]
        meta["resourceVersion"] = str(self.version)
        phase = (made.get("status") or {}).get("phase") or ""
        key = (meta.get("namespace") or "", meta["name"])
        return key, Stored(self.version, meta.get("labels") or {}, phase, encode(made))


def _line(kind: bytes, body: bytes) -> bytes:
    return b'{"type":"' + kind + b'","object":' + body + b"}\n"
