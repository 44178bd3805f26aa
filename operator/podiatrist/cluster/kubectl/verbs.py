"""The commands that may be run, and the flags that each may have. What is not here is refused."""

from dataclasses import dataclass

from podiatrist.cluster.kubectl import reading, values
from podiatrist.cluster.kubectl.flags import Flag
from podiatrist.cluster.kubectl.reading import Reading
from podiatrist.cluster.kubectl.values import at_most, matching, one_of


@dataclass(frozen=True)
class Verb:
    """One command of kubectl."""

    name: str
    read: Reading
    flags: tuple[Flag, ...]


_NAMESPACE = Flag("namespace", "n", values.namespace)
_EVERYWHERE = Flag("all-namespaces", "A")
_SELECTOR = Flag("selector", "l", values.selector)
_FIELDS = Flag("field-selector", check=values.field_selector)
_OUTPUT = Flag("output", "o", values.output_format)
_NO_HEADERS = Flag("no-headers")
_CHUNKS = Flag("chunk-size", check=values.number, dropped=True)
_REVISION = Flag("revision", check=values.number)

_MOST_LINES = 500
"""Lines of one log; the newest are kept."""

VERBS: tuple[Verb, ...] = (
    Verb("get", reading.get, (
        _NAMESPACE, _EVERYWHERE, _OUTPUT, _SELECTOR, _FIELDS, _NO_HEADERS, _CHUNKS,
        Flag("show-labels"), Flag("show-kind"), Flag("ignore-not-found"),
        Flag("sort-by", check=values.sorting), Flag("label-columns", "L", values.label_keys),
    )),
    Verb("describe", reading.describe, (
        _NAMESPACE, _EVERYWHERE, _SELECTOR, _CHUNKS, Flag("show-events"),
        # models write these here too; a description has all containers in one form anyway
        Flag("output", "o", values.output_format, dropped=True),
        Flag("container", "c", values.name, dropped=True),
    )),
    Verb("logs", reading.logs, (
        _NAMESPACE, _SELECTOR, Flag("container", "c", values.name), Flag("previous", "p"),
        Flag("tail", check=at_most(_MOST_LINES, "number of lines")),
        Flag("since", check=values.duration), Flag("since-time", check=values.moment),
        Flag("timestamps"), Flag("prefix"), Flag("all-containers"), Flag("all-pods"),
        Flag("ignore-errors"), Flag("limit-bytes", check=values.number, dropped=True),
    )),
    Verb("events", reading.events, (
        _NAMESPACE, _EVERYWHERE, Flag("for", check=reading.events_of),
        Flag("types", check=values.event_types), _OUTPUT, _NO_HEADERS, _CHUNKS,
    )),
    Verb("top", reading.top, (
        _NAMESPACE, _EVERYWHERE, _SELECTOR, _NO_HEADERS, Flag("containers"),
        Flag("sort-by", check=one_of("column", "cpu", "memory")),
    )),
    Verb("explain", reading.explain, (Flag("recursive"),)),
    Verb("api-resources", reading.alone("api-resources"), (
        Flag("namespaced"), Flag("api-group", check=values.name), _NO_HEADERS,
        Flag("output", "o", one_of("format", "wide", "name")), Flag("cached", dropped=True),
    )),
    Verb("version", reading.alone("version"), (
        Flag("client"), Flag("output", "o", one_of("format", "yaml", "json"), dropped=True),
    )),
    Verb("cluster-info", reading.alone("cluster-info"), ()),
    Verb("rollout status", reading.rollout_status, (
        _NAMESPACE, _REVISION, Flag("timeout", check=values.duration, dropped=True),
        Flag("watch", "w", dropped=True),
    )),
    Verb("rollout history", reading.rollout_history, (_NAMESPACE, _REVISION)),
    Verb("auth can-i", reading.can_i, (
        _NAMESPACE, _EVERYWHERE, Flag("list"), _NO_HEADERS,
        Flag("subresource", check=matching("[a-z]{1,30}", "subresource")),
    )),
)  # fmt: skip

BY_NAME = {verb.name: verb for verb in VERBS}
