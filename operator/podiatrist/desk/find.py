"""Reads Diagnoses, and finds the one that somebody names.

A name is a Diagnosis' own (`web-7f3a9c`, `diagnosis/web-7f3a9c`), or that of its target
(`deployment/web`): then its newest Diagnosis is meant.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from podiatrist.api import names
from podiatrist.api.diagnosis import Diagnosis
from podiatrist.cluster.client import Client
from podiatrist.cluster.errors import ClusterError, NotFoundError, RefusedError
from podiatrist.cluster.kind_words import kind_named
from podiatrist.cluster.kinds import DIAGNOSIS, Kind, Object
from podiatrist.cluster.store import parse_diagnosis

_OWN_WORDS = frozenset({names.KIND.lower(), names.PLURAL, "diag"})

_NOT_INSTALLED = (
    "this cluster knows no Diagnoses: is Podiatrist installed there? "
    "See: kubectl get crd diagnoses.podiatrist.dev; name another with --context"
)


@dataclass(frozen=True)
class Found:
    """A Diagnosis, and the object as the API server gave it."""

    diagnosis: Diagnosis
    raw: Object


@dataclass(frozen=True)
class Listing:
    """Diagnoses by namespace and name, and those that cannot be read as one."""

    found: list[Found] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)

    @property
    def diagnoses(self) -> list[Diagnosis]:
        """The Diagnoses alone."""
        return [f.diagnosis for f in self.found]


@dataclass(frozen=True)
class Named:
    """What a word means: a Diagnosis by its own name, or the newest one of a target."""

    name: str
    kind: Kind | None = None
    """The target's kind; None where the Diagnosis itself is named."""

    def namespace(self, asked: str) -> str:
        """Return where it is: Diagnoses of nodes are in our own namespace."""
        return names.NAMESPACE if self.kind and not self.kind.namespaced else asked


def named(word: str) -> Named:
    """Take a word apart. Raises NotFoundError for a kind that cannot be diagnosed."""
    before, slash, name = word.strip().partition("/")
    if not slash:
        return Named(before)
    if before.lower().split(".")[0] in _OWN_WORDS:
        return Named(name)
    kind = kind_named(before)
    if kind is None:
        raise NotFoundError(
            f"there are no Diagnoses of kind {before!r}; name one like web-7f3a9c, or its target "
            "like deployment/web"
        )
    return Named(name, kind)


async def read_all(client: Client, namespace: str | None) -> Listing:
    """Return the Diagnoses of a namespace, None: of all. Raises ClusterError with what to do."""
    try:
        raws = await client.list_all(DIAGNOSIS, namespace)
    except NotFoundError:
        raise ClusterError(_NOT_INSTALLED) from None
    except RefusedError as error:
        hint = "name a namespace with -n" if namespace is None else "name another with -n"
        # To look is no change: this is an error like any other, and nothing was refused.
        raise ClusterError(f"{error}; {hint}, or ask for the right to list diagnoses") from None
    listing = Listing()
    for raw in sorted(raws, key=_place):
        # Items of a list come without these; each of them is an object like any other.
        whole = {"apiVersion": names.API_VERSION, "kind": names.KIND, **raw}
        parsed = parse_diagnosis(raw)
        if parsed is None:
            listing.unreadable.append("/".join(_place(raw)))
        else:
            listing.found.append(Found(parsed, whole))
    return listing


def _place(raw: Object) -> tuple[str, str]:
    metadata: dict[str, Any] = raw.get("metadata") or {}
    return str(metadata.get("namespace") or ""), str(metadata.get("name") or "")


async def find(client: Client, namespace: str, word: str) -> Found:
    """Return the Diagnosis that is meant. Raises ClusterError with the nearest one, if any."""
    asked = named(word)
    where = asked.namespace(namespace)
    if asked.kind is None:
        try:
            raw = await client.get(DIAGNOSIS, where, asked.name)
        except NotFoundError:
            known = (await read_all(client, where)).diagnoses
            raise NotFoundError(none_named(known, asked.name, where)) from None
        except RefusedError as error:
            raise ClusterError(
                f"{error}; name another namespace with -n, or ask for the right to get diagnoses"
            ) from None
        parsed = parse_diagnosis(raw)
        if parsed is None:
            raise ClusterError(f"Diagnosis {asked.name} cannot be read: its fields are not ours")
        return Found(parsed, raw)
    listing = await read_all(client, where)
    chosen = newest_of(listing.found, asked.kind, asked.name)
    if chosen is None:
        what = f"{asked.kind.kind.lower()}/{asked.name}"
        raise NotFoundError(f"no Diagnosis of {what} in namespace {where}")
    return chosen


def newest_of(found: Sequence[Found], kind: Kind, name: str) -> Found | None:
    """Return the newest Diagnosis of a target, None where there is none."""
    own = [
        f
        for f in found
        if (f.diagnosis.spec.target.kind, f.diagnosis.spec.target.name) == (kind.kind, name)
    ]
    return max(own, key=lambda f: _age(f.diagnosis), default=None)


def _age(diagnosis: Diagnosis) -> tuple[str, int]:
    """Return what grows with youth; of two that were made in one second, the later episode."""
    created = diagnosis.metadata.creation_timestamp
    return created.isoformat() if created else "", names.episode_of(diagnosis.metadata.name)


def none_named(known: Sequence[Diagnosis], name: str, namespace: str | None) -> str:
    """Return what to say where no Diagnosis has that name: the nearest one, or where to look."""
    start = name.rsplit("-", 1)[0]
    near = sorted(d.metadata.name for d in known if d.metadata.name.startswith(start))
    flag = f"-n {namespace}" if namespace else "-A"
    place = f"in namespace {namespace}" if namespace else "in any namespace"
    hint = f"did you mean {near[0]}?" if near else f"see: kubectl get diagnoses {flag}"
    return f"no Diagnosis named {name} {place}; {hint}"
