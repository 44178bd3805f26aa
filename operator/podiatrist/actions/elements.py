"""Which elements of lists a change is in, told by more than their index.

An index says nothing once somebody put a sidecar first: what tells an element is its name.
"""

from collections.abc import Iterator, Sequence
from typing import Any

Path = tuple[str, ...]

_KEYS = ("name", "containerPort", "port", "host", "path")
"""What tells an element, the best first: ports need no name, rules and paths of an Ingress have
none."""


def elements_on(paths: Sequence[Path], raw: Any) -> list[tuple[Path, Any]]:
    """Return where the elements on the way to these paths say who they are, and what they say."""
    found = dict.fromkeys(told for path in paths for told in _told(path, raw))
    return [(path, value) for path, value in found if path not in paths]


def name_of(element: Any) -> tuple[str, Any] | None:
    """Return the key that tells an element of a list, and its value; None where nothing does."""
    if not isinstance(element, dict):
        return None
    key = next((k for k in _KEYS if isinstance(element.get(k), str | int)), None)
    return None if key is None else (key, element[key])


def _told(path: Path, raw: Any) -> Iterator[tuple[Path, Any]]:
    node = raw
    for depth, part in enumerate(path[:-1], start=1):
        if not isinstance(node, list):
            node = node.get(part) if isinstance(node, dict) else None
            continue
        node = node[int(part)]
        if told := name_of(node):
            yield (*path[:depth], told[0]), told[1]
