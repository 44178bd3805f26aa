"""A diff for humans: both sides as YAML, without what the API server keeps for itself."""

import difflib
import itertools
from typing import Any

import yaml

from podiatrist.api.diagnosis import ObjectRef
from podiatrist.api.text import clip
from podiatrist.cluster.redaction import MASK, is_telling, redact
from podiatrist.cluster.redaction_words import with_masked_args, without_values_of_words

_LINES = 60
_WIDTH = 512
_BYTES = 6144
_NOISE = ("managedFields", "resourceVersion", "generation", "uid", "creationTimestamp", "selfLink")


_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


def masked(value: Any) -> Any:
    """Return a copy of an object without what looks like a secret, in variables and in commands.

    A Diagnosis is read by more people than the workload; a diff quotes the lines around a change.
    """
    if isinstance(value, list):
        return [masked(item) for item in without_values_of_words(value)]
    if isinstance(value, str):
        return redact(value)
    if not isinstance(value, dict):
        return value
    telling = isinstance(value.get("value"), str) and is_telling(str(value.get("name") or ""))
    shown = with_masked_args(value)
    return {k: MASK if telling and k == "value" else masked(v) for k, v in shown.items()}


def _readable(raw: dict[str, Any]) -> list[str]:
    shown = {k: masked(v) for k, v in raw.items() if k != "status"}
    shown["metadata"] = {k: v for k, v in (shown.get("metadata") or {}).items() if k not in _NOISE}
    annotations = shown["metadata"].get("annotations")
    if isinstance(annotations, dict):
        kept = {k: v for k, v in annotations.items() if k != _LAST_APPLIED}
        shown["metadata"]["annotations"] = kept
    return yaml.safe_dump(shown, sort_keys=True, allow_unicode=True, width=200).splitlines()


def diff_lines(ref: ObjectRef, old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    """Return a unified diff of two states of an object."""
    body = difflib.unified_diff(
        _readable(old), _readable(new), fromfile=str(ref), tofile=str(ref), n=2, lineterm=""
    )
    return list(body)


def deletion_line(ref: ObjectRef) -> str:
    """Return the line of a diff that stands for a deletion."""
    return f"- {ref} (deleted; its controller makes it anew)"


def shorten(lines: list[str]) -> list[str]:
    """Return at most 60 lines of 512 characters, 6 KiB in all, the last saying what is left out.

    Four options with their diffs have to find room in one status.
    """
    shown = [clip(line, _WIDTH) for line in lines[:_LINES]]
    sizes = itertools.accumulate(len(line.encode()) for line in shown)
    fitting = sum(size <= _BYTES for size in sizes)
    if fitting == len(lines):
        return shown
    kept = min(fitting, _LINES - 1)
    return [*shown[:kept], f"... {len(lines) - kept} more lines"]
