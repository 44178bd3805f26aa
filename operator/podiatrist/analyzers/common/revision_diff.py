"""What a Deployment's template of today says otherwise than the revision to go back to."""

import json
from collections.abc import Iterator
from typing import Any

from podiatrist.api.text import clip
from podiatrist.cluster.kinds import REPLICA_SET
from podiatrist.cluster.objects import ReplicaSet
from podiatrist.cluster.redaction import is_telling, redact
from podiatrist.cluster.snapshot import Object, Snapshot

MOST_LINES = 8
_WIDTH = 60
_IGNORED = ("pod-template-hash", "kubectl.kubernetes.io/restartedAt")
_TOLD_ELSEWHERE = ("containers", "initContainers", "serviceAccount")
"""`serviceAccount` is the old name of `serviceAccountName`; the API server fills in both."""

_ABSENT = "(none)"


def what_changed(snapshot: Snapshot, since: ReplicaSet) -> list[str]:
    """Return the differences as short lines: `image of app: nginx:1.26 -> nginx:1.99`.

    Values of environment variables are told only where they look harmless.
    """
    older = snapshot.raw(REPLICA_SET, since.metadata.name)
    old, new = _template(older), _template(snapshot.target_raw)
    lines = list(dict.fromkeys(_between(old, new))) if old and new else []
    if len(lines) <= MOST_LINES:
        return lines
    return [*lines[: MOST_LINES - 1], f"and {len(lines) - MOST_LINES + 1} more"]


def _template(raw: Object | None) -> Object:
    found = ((raw or {}).get("spec") or {}).get("template")
    return found if isinstance(found, dict) else {}


def _between(old: Object, new: Object) -> Iterator[str]:
    for group in ("labels", "annotations"):
        yield from _of_maps(_metadata(old, group), _metadata(new, group), group[:-1])
    before, after = _dict(old.get("spec")), _dict(new.get("spec"))
    for group, noun in (("containers", "container"), ("initContainers", "init container")):
        yield from _of_containers(_named(before.get(group)), _named(after.get(group)), noun)
    rest = [k for k in (*before, *after) if k not in _TOLD_ELSEWHERE]
    for key in dict.fromkeys(rest):
        if key == "volumes":
            yield from _of_volumes(_named(before.get(key)), _named(after.get(key)))
        elif before.get(key) != after.get(key):
            yield _line(key, before.get(key), after.get(key))


def _of_containers(old: dict[str, Object], new: dict[str, Object], noun: str) -> Iterator[str]:
    for name in dict.fromkeys((*old, *new)):
        if name not in new:
            yield f"{noun} {name} removed"
        elif name not in old:
            yield clip(f"{noun} {name} added ({new[name].get('image')})", 120)
        else:
            yield from _of_container(old[name], new[name], name)


def _of_container(old: Object, new: Object, name: str) -> Iterator[str]:
    for key in dict.fromkeys((*old, *new)):
        before, after = old.get(key), new.get(key)
        if before == after:
            continue
        if key == "env":
            yield from _of_env(_named(before), _named(after), name)
        elif isinstance(before, dict) and isinstance(after, dict):
            for inner in dict.fromkeys((*before, *after)):
                if before.get(inner) != after.get(inner):
                    what = f"{key}.{inner} of {name}"
                    yield _line(what, before.get(inner), after.get(inner))
        else:
            yield _line(f"{key} of {name}", before, after)


def _of_env(old: dict[str, Object], new: dict[str, Object], container: str) -> Iterator[str]:
    for name in dict.fromkeys((*old, *new)):
        before, after = old.get(name), new.get(name)
        if before == after:
            continue
        what = f"env {name} of {container}"
        if after is None or before is None:
            yield f"{what} {'removed' if after is None else 'added'}"
            continue
        values = [side.get("value") for side in (before, after)]
        if is_telling(name) or not all(isinstance(v, str) for v in values):
            yield f"{what} changed"
        else:
            yield _line(what, *values)


def _of_volumes(old: dict[str, Object], new: dict[str, Object]) -> Iterator[str]:
    for name in dict.fromkeys((*old, *new)):
        if old.get(name) != new.get(name):
            yield _line(f"volume {name}", _source(old.get(name)), _source(new.get(name)))


def _source(volume: Object | None) -> Any:
    return {k: v for k, v in volume.items() if k != "name"} if volume else None


def _of_maps(old: Object, new: Object, noun: str) -> Iterator[str]:
    for key in dict.fromkeys((*old, *new)):
        if key not in _IGNORED and old.get(key) != new.get(key):
            yield _line(f"{noun} {key}", old.get(key), new.get(key))


def _line(what: str, before: Any, after: Any) -> str:
    return f"{clip(what, 120)}: {_text(before)} -> {_text(after)}"


def _text(value: Any) -> str:
    if value is None:
        return _ABSENT
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    # Cut before masking: patterns over a megabyte cost more than a line is worth.
    return clip(redact(clip(text, 4 * _WIDTH)), _WIDTH)


def _metadata(template: Object, group: str) -> Object:
    return _dict(_dict(template.get("metadata")).get(group))


def _dict(value: Any) -> Object:
    return value if isinstance(value, dict) else {}


def _named(value: Any) -> dict[str, Object]:
    """Return a list's objects by their names."""
    items = value if isinstance(value, list) else []
    return {str(i.get("name")): i for i in items if isinstance(i, dict)}
