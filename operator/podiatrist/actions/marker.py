"""The mark that a fix leaves on what it changes: which run of which option it was.

An annotation, set by the very patch that makes the fix and taken away by the one that undoes it.
After a crash it tells for certain whether a patch went through, whatever became of the object's
fields since then: old values that are there again say nothing, a human may have put them back.

The approved bytes are not changed by it: operations are added around them.
"""

import json
from typing import Any

from podiatrist.actions.patches import Object, Patch, pointer
from podiatrist.api import names

_ANNOTATIONS = ("metadata", "annotations")
_PATH = pointer((*_ANNOTATIONS, names.FIX))


def marker_of(diagnosis: str, digest: str, run: str) -> str:
    """Return the annotation's value: `DIAGNOSIS/DIGEST/RUN`, each without a slash by its rules."""
    return f"{diagnosis}/{digest}/{run}"


def marker_on(raw: Object) -> str | None:
    """Return the mark that an object carries, None where it carries none."""
    found = _annotations(raw).get(names.FIX)
    return str(found) if found is not None else None


def generation_of(raw: Object) -> int:
    """Return metadata.generation, which moves with every change of the spec; 0 without one."""
    found = (raw.get("metadata") or {}).get("generation")
    return found if isinstance(found, int) else 0


def version_of(raw: Object) -> str:
    """Return metadata.resourceVersion, which moves with every change, also of the status."""
    return str((raw.get("metadata") or {}).get("resourceVersion") or "")


def marking(patch: str, raw: Object, marker: str, generation: int) -> Patch:
    """Return a patch that also sets the mark, and fits only the object as it was read.

    `raw` is the object as it is now; `generation` is the one that the approval holds for, 0 for
    objects without one: those are held to their resourceVersion. So nobody can slip in between
    the look and the patch, and a patch that arrives late, after it was undone, is refused.
    """
    fits: Patch = [{"op": "test", "path": _PATH, "value": marker_on(raw)}]
    if not _annotations(raw):
        fits = []  # a path whose parent is not there cannot be tested; the `add` below is enough
    if generation:
        fits.append({"op": "test", "path": "/metadata/generation", "value": generation})
    else:
        version = version_of(raw)
        fits.append({"op": "test", "path": "/metadata/resourceVersion", "value": version})
    add: dict[str, Any] = {"op": "add", "path": _PATH, "value": marker}
    if not _annotations(raw):
        whole = pointer(_ANNOTATIONS)
        fits.append({"op": "test", "path": whole, "value": None})
        add = {"op": "add", "path": whole, "value": {names.FIX: marker}}
    return [*fits, *json.loads(patch), add]


def unmarking(inverse: str, marker: str) -> Patch:
    """Return an inverse patch that also takes the mark away, and fits only where it stands."""
    return [
        {"op": "test", "path": _PATH, "value": marker},
        *json.loads(inverse),
        {"op": "remove", "path": _PATH},
    ]


def _annotations(raw: Object) -> dict[str, Any]:
    found = (raw.get("metadata") or {}).get("annotations")
    return found if isinstance(found, dict) else {}
