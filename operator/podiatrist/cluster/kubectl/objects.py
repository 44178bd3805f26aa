"""Objects as YAML, without what is noise and without what may be a secret.

Here a value still stands beside its name, so that a telling name can be acted on; that is why
kubectl may print objects whole or as tables, but never values lifted out of them.
"""

import json
import re
from typing import Any

import yaml

from podiatrist.cluster.kubectl.own_events import is_own_event
from podiatrist.cluster.kubectl.plain import plain
from podiatrist.cluster.redaction import MASK, is_harmless, is_telling, redact
from podiatrist.cluster.redaction_words import with_masked_args, without_values_of_words

_NOISE = frozenset({"managedFields", "uid", "resourceVersion", "selfLink"})
_APPLIED = "last-applied"
_SECRET = re.compile(r"[\"']?kind[\\\"']*\s*:\s*[\\\"']*Secret\b", re.I)
_SECRET_DATA = re.compile(r"\b(?:stringData|data)[\\\"']*\s*:")
_CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----.*?(?:-----END CERTIFICATE-----|\Z)", re.S)

_LONGEST = 4000
"""Characters of one value."""
_DEEPEST = 40
"""Levels of nesting; a CustomResource could bring any number."""


class NotObjectsError(Exception):
    """The text is not JSON, or not whole."""


def objects_as_yaml(text: str, most: int) -> str:
    """Return kubectl's JSON as YAML, the objects of a list one after the other.

    Stops once there is more than `most` characters, and says how many objects are left out.
    Raises NotObjectsError: what does not parse is not shown, for it cannot be cleaned.
    """
    try:
        parsed = json.loads(text)
    except (ValueError, RecursionError):
        raise NotObjectsError from None
    if not isinstance(parsed, dict):
        raise NotObjectsError
    is_list = str(parsed.get("kind", "")).endswith("List") and isinstance(parsed.get("items"), list)
    items = parsed["items"] if is_list else [parsed]
    items = [item for item in items if not is_own_event(item)]
    shown: list[str] = []
    room = most
    for number, item in enumerate(items):
        if room < 0:
            shown.append(f"# ({len(items) - number} more objects left out: ask for one by name)")
            break
        kept = cleaned(item)
        if kept is None:
            shown.append("# (a Secret is left out)")
            continue
        shown.append(yaml.dump(kept, Dumper=_Dumper, sort_keys=False, width=10**9,
                               allow_unicode=True).rstrip())  # fmt: skip
        room -= len(shown[-1])
    return "\n---\n".join(shown) if shown else "(no objects)"


def cleaned(value: Any, name: str = "", depth: int = 0) -> Any:
    """Return a value of an object, cleaned; None where nothing of it may be shown."""
    if depth > _DEEPEST:
        return "(nested too deeply)"
    if isinstance(value, dict):
        return _mapping(value, name, depth)
    if isinstance(value, list):
        return _sequence(value, name, depth)
    if isinstance(value, str):
        return _string(value)
    return value


def _mapping(value: dict[Any, Any], name: str, depth: int) -> dict[str, Any] | None:
    if str(value.get("kind", "")).strip().lower() in {"secret", "secretlist"} and (
        depth == 0 or not value.keys().isdisjoint({"data", "stringData", "items"})
    ):
        return None
    kept: dict[str, Any] = {}
    for raw, inner in with_masked_args(value).items():
        key = redact(plain(str(raw)))
        if key in _NOISE or (name == "annotations" and _APPLIED in key):
            continue
        if name == "binaryData":
            kept[key] = "(binary)"
            continue
        named = str(value.get("name", "")) if key == "value" else key  # an environment variable
        if is_telling(named) and not _is_reference(key, name):
            kept[key] = _masked(inner, depth)
        else:
            found = cleaned(inner, key, depth + 1)
            if found is not None and found != {} and found != []:
                kept[key] = found
    return kept


def _is_reference(key: str, parent: str) -> bool:
    """Whether this is the `key` of a `secretKeyRef`, and not a key that somebody keeps."""
    return key == "key" and parent not in {"data", "annotations"}


def _masked(value: Any, depth: int) -> Any:
    """Mask what stands under a telling name; what is below it may still be a reference."""
    if isinstance(value, str):
        return value if is_harmless(value) else MASK
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return [MASK for _ in value]
    if isinstance(value, int | float) and not isinstance(value, bool):
        return MASK
    return cleaned(value, "", depth + 1)


def _sequence(value: list[Any], name: str, depth: int) -> list[Any]:
    items = (cleaned(item, name, depth + 1) for item in without_values_of_words(value))
    return [item for item in items if item is not None]


def _string(value: str) -> str:
    if _SECRET.search(value) and _SECRET_DATA.search(value):
        return f"{MASK} (holds a Secret)"
    value = _CERTIFICATE.sub("(a certificate)", value)
    if len(value) > _LONGEST:
        cut = value[:_LONGEST]
        end = max(cut.rfind("\n"), cut.rfind(" "))
        cut = cut[:end] if end > 0 else ""
        return redact(plain(cut)) + f" (... {len(value) - len(cut)} characters left out)"
    return redact(plain(value))


class _Dumper(yaml.SafeDumper):
    """Writes texts of several lines as they are, and no anchors."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)
