"""What all projections share: defaults for everything, null as missing, no parse that raises.

Objects of the real world are half-filled: fields are missing, null, or newer than we know. Every
field has a default, null counts as missing, unknown fields are skipped, and an object whose known
fields have the wrong type is left out (with a warning) instead of hiding all others.
"""

import json
import logging
from collections.abc import Iterable
from datetime import datetime
from typing import Any, TypeVar

import msgspec
from msgspec import field

from podiatrist.api.diagnosis import ObjectRef

log = logging.getLogger(__name__)

Quantities = dict[str, str | int | float]
"""Amounts by resource name, in Kubernetes' notation."""


class Struct(msgspec.Struct, rename="camel", kw_only=True):
    """Common settings: camelCase names as on the wire. Nobody changes them once parsed."""


class OwnerReference(Struct):
    """metav1.OwnerReference."""

    api_version: str = ""
    kind: str = ""
    name: str = ""
    uid: str = ""
    controller: bool = False


class Metadata(Struct):
    """metav1.ObjectMeta."""

    name: str = ""
    namespace: str = ""
    uid: str = ""
    generation: int = 0
    resource_version: str = ""
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}
    owner_references: list[OwnerReference] = []
    finalizers: list[str] = []
    creation_timestamp: datetime | None = None
    deletion_timestamp: datetime | None = None
    deletion_grace_period_seconds: int | None = None

    @property
    def controller(self) -> OwnerReference | None:
        """The owner that manages the object, if one does."""
        return next((o for o in self.owner_references if o.controller), None)


class Requirement(Struct):
    """One term of a label selector or node selector."""

    key: str = ""
    operator: str = ""
    values: list[str] = []


class LabelSelector(Struct):
    """metav1.LabelSelector."""

    match_labels: dict[str, str] = {}
    match_expressions: list[Requirement] = []

    def matches(self, labels: dict[str, str]) -> bool:
        """Say whether labels satisfy every part; an empty selector matches everything."""
        return all(labels.get(k) == v for k, v in self.match_labels.items()) and all(
            _holds(r, labels) for r in self.match_expressions
        )


def _holds(requirement: Requirement, labels: dict[str, str]) -> bool:
    value = labels.get(requirement.key)
    match requirement.operator:
        case "In":
            return value in requirement.values
        case "NotIn":
            return value not in requirement.values
        case "Exists":
            return value is not None
        case "DoesNotExist":
            return value is None
    return False


class Condition(Struct):
    """A condition of any object."""

    type: str = ""
    status: str = ""
    reason: str = ""
    message: str = ""
    last_transition_time: datetime | None = None


class LocalReference(Struct):
    """A name in the same namespace."""

    name: str = ""


class NamedObject(Struct):
    """What every object has: metadata, and a reference made of it."""

    metadata: Metadata = field(default_factory=Metadata)

    def ref_as(self, api_version: str, kind: str) -> ObjectRef:
        """Return the object as a reference of that kind."""
        return ObjectRef(
            api_version=api_version,
            kind=kind,
            namespace=self.metadata.namespace or None,
            name=self.metadata.name,
        )


T = TypeVar("T", bound=Struct)


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _without_nulls(v) for k, v in value.items() if v is not None}
    if isinstance(value, list):
        return [_without_nulls(v) for v in value if v is not None]
    return value


def parse(kind: type[T], raw: Any) -> T | None:
    """Return the typed projection of a raw object, None where it cannot be read as that kind."""
    try:
        return msgspec.convert(_without_nulls(raw), kind)
    except (msgspec.ValidationError, RecursionError, UnicodeError) as error:
        log.warning("skipped an object that does not look like a %s: %s", kind.__name__, error)
        return None


def parse_all(kind: type[T], raws: Iterable[Any]) -> list[T]:
    """Return the typed projections of all raw objects that can be read as that kind."""
    return [parsed for raw in raws if (parsed := parse(kind, raw)) is not None]


class _ListMetadata(Struct):
    """metav1.ListMeta."""

    continue_: str = field(default="", name="continue")


class _RawPage(Struct):
    """One page of a list whose items are not looked into yet."""

    metadata: _ListMetadata = field(default_factory=_ListMetadata)
    items: list[msgspec.Raw] = []


def decode_page(body: bytes, kind: type[T]) -> tuple[list[T], str]:
    """Decode one page of a list from its bytes; returns the items and the token of the next page.

    What the fast way does not take (nulls, wrong types, lone surrogates) goes the slow way: an
    item by itself where only it is odd, the page where it cannot even be cut into items.
    """
    try:
        page = msgspec.json.decode(body, type=_RawPage)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        raw = _loads(body)
        page_of_dicts = raw if isinstance(raw, dict) else {}
        items = page_of_dicts.get("items")
        token = (page_of_dicts.get("metadata") or {}).get("continue")
        return parse_all(kind, items if isinstance(items, list) else []), str(token or "")
    found = [item for raw in page.items if (item := decode(raw, kind)) is not None]
    return found, page.metadata.continue_


def decode(body: bytes | msgspec.Raw, kind: type[T]) -> T | None:
    """Decode one object from its bytes, None where it cannot be read as that kind."""
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return parse(kind, _loads(bytes(body)))


def _loads(body: bytes) -> Any:
    """Return any JSON as Python values, forgiving what is no proper text; None for what is none."""
    try:
        return json.loads(body.decode("utf-8", "replace"))
    except (ValueError, RecursionError) as error:
        log.warning("skipped %d bytes that are no JSON: %s", len(body), error)
        return None
