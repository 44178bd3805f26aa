"""Names for the writes of an executor, so that the same one is found again in another run."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from podiatrist.api import names

_PATH = re.compile(
    r"^/(?:api|apis/[^/]+)/[^/]+/(?:namespaces/[^/]+/)?(?P<resource>[^/]+)(?:/(?P<rest>.+))?$"
)
DRY_RUN = "dry run: "
_OTHERS = {"Diagnosed", "Consulted"}
"""Conditions that the operator writes: in an executor's write they are only carried along."""


@dataclass(frozen=True)
class Write:
    """One request that may change something. `title` says what it is for."""

    method: str
    path: str
    dry_run: bool
    title: str
    body: Any = field(repr=False, compare=False, default=None)


class Namer:
    """Names the writes of one executor; knows what it has stored so far."""

    def __init__(self) -> None:
        self._facts: frozenset[str] = frozenset()

    def name(self, method: str, path: str, body: Any) -> Write:
        """Return the write with its title, the same for the same write of another run."""
        plain, query = urlsplit(path).path, parse_qs(urlsplit(path).query)
        inside = body.get("dryRun") if isinstance(body, dict) else None
        dry_run = "dryRun" in query or bool(inside)
        if plain.endswith("/status") and f"/{names.PLURAL}/" in plain:
            new = sorted(frozenset(facts(body)) - self._facts)
            title = "status " + (", ".join(new) or "as before")
        else:
            title = f"{method.lower()} {_object(plain)}"
        return Write(method, plain, dry_run, DRY_RUN + title if dry_run else title, body)

    def accepted(self, write: Write) -> None:
        """Take note that the API server stored it."""
        if "status " in write.title and not write.dry_run:
            self._facts = frozenset(facts(write.body))


def _object(path: str) -> str:
    found = _PATH.match(path)
    if found is None:
        return path
    resource, rest = found["resource"], found["rest"]
    # A Diagnosis' own name holds a hash of its target's UID, another one in each run.
    return resource if rest is None or resource == names.PLURAL else f"{resource}/{rest}"


def facts(diagnosis: Any) -> Iterator[str]:
    """Yield what a status says of the executor's work."""
    status = (diagnosis or {}).get("status") or {}
    for condition in status.get("conditions") or []:
        if condition["type"] not in _OTHERS:
            yield f"{condition['type']}={condition['status']}/{condition['reason']}"
    execution = status.get("execution") or {}
    for counted in ("applied", "undone"):
        if number := execution.get(counted):
            yield f"{counted}={number}"
