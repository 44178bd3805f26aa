"""What the value of a flag, or a word, may be."""

import re

from podiatrist.cluster.kubectl.flags import Check
from podiatrist.cluster.kubectl.refusal import RefusedCommandError
from podiatrist.cluster.redaction_names import is_telling


def matching(pattern: str, what: str) -> Check:
    """Return a check of a value's whole text; `what` says what the value may be."""
    compiled = re.compile(pattern)

    def check(value: str) -> str:
        if not compiled.fullmatch(value):
            raise RefusedCommandError(f"{value!r} is no {what}")
        return value

    return check


def one_of(what: str, *values: str) -> Check:
    """Return a check that a value is one of a few."""

    def check(value: str) -> str:
        if value not in values:
            raise RefusedCommandError(f"{value!r} is no {what}: use {', '.join(values)}")
        return value

    return check


def at_most(limit: int, what: str) -> Check:
    """Return a check of a whole number, which is brought down to a limit."""

    def check(value: str) -> str:
        if not re.fullmatch(r"-?[0-9]{1,12}", value):
            raise RefusedCommandError(f"{value!r} is no {what}: write a whole number")
        number = int(value)
        return str(limit if number < 0 else max(1, min(number, limit)))

    return check


name = matching(r"[A-Za-z0-9](?:[-A-Za-z0-9_.:]{0,251}[A-Za-z0-9])?", "name")
namespace = matching(r"[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?", "namespace")
_label_keys = matching(
    r"[A-Za-z0-9](?:[-A-Za-z0-9_./]{0,251}[A-Za-z0-9])?"
    r"(?:,[A-Za-z0-9](?:[-A-Za-z0-9_./]{0,251}[A-Za-z0-9])?){0,9}",
    "list of label keys",
)


def label_keys(value: str) -> str:
    """Check `-L`: a column is no place to tell a secret from."""
    for key in _label_keys(value).split(","):
        if is_telling(key):
            raise RefusedCommandError(f"values of the label {key!r} are not shown: leave -L away")
    return value


selector = matching(r"!?[A-Za-z0-9][-A-Za-z0-9_./, =!()]{0,499}", "label selector, such as app=web")
_FIELD = r"[A-Za-z][A-Za-z.]{0,99}(?:==|!=|=)[-A-Za-z0-9_./:]{0,253}"
field_selector = matching(
    rf"{_FIELD}(?:,{_FIELD}){{0,9}}", "field selector, such as status.phase!=Running"
)
number = at_most(10**9, "number")
duration = matching(r"(?:[0-9]{1,9}(?:h|ms|m|s)?){1,4}", "duration, such as 10m")
moment = matching(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]{5,18}(?:Z|[+-][0-9:]{5})", "RFC 3339 time")
event_types = matching(r"(?:Normal|Warning)(?:,(?:Normal|Warning))?", "list of Normal, Warning")
sorting = matching(
    r"\{?\.?(?:metadata\.(?:name|namespace|creationTimestamp)|lastTimestamp|firstTimestamp"
    r"|eventTime|type|reason|count|spec\.nodeName|status\.(?:phase|startTime|podIP"
    r"|containerStatuses\[[0-9*]\]\.restartCount))\}?",
    "field to sort by: use .metadata.name, .metadata.creationTimestamp or .lastTimestamp",
)

_FORMATS = ("wide", "name", "yaml", "json")


def output_format(value: str) -> str:
    """Check `-o`: values that are lifted out of their object could not be told from secrets."""
    if value not in _FORMATS:
        raise RefusedCommandError(
            f"-o {value.partition('=')[0]!r}: the formats are {', '.join(_FORMATS)}; take -o yaml "
            "and look for the field"
        )
    return value
