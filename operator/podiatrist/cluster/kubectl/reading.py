"""How the words of each command are read: kinds and names, put into our own spelling."""

import re
from collections.abc import Callable, Sequence

from podiatrist.cluster.kubectl import values
from podiatrist.cluster.kubectl.command import Command
from podiatrist.cluster.kubectl.flags import Given
from podiatrist.cluster.kubectl.refusal import RefusedCommandError
from podiatrist.cluster.kubectl.resources import (
    CONFIG_MAP,
    HAVE_LOGS,
    HAVE_METRICS,
    POD,
    ROLL_OUT,
    Resource,
    is_kind,
    resource,
    resources,
)

Reading = Callable[[Given], Command]

_MOST_NAMES = 20
_LINES, _MOST_BYTES = "200", str(256 * 1024)
"""Lines of a log that are read unless told otherwise, and bytes at most."""

_PATH = re.compile(r"[A-Za-z0-9]{1,63}(?:\.[A-Za-z0-9]{1,63}){0,15}")
_ACCESS = frozenset({
    "get", "list", "watch", "create", "update", "patch", "delete", "deletecollection", "approve",
})  # fmt: skip


def get(given: Given) -> Command:
    """`get KIND [NAME...]`, `get KIND/NAME...`."""
    kinds, words = _objects("get", given)
    return _getting(kinds, words, given.flags)


def describe(given: Given) -> Command:
    """`describe`, with the same words as `get`."""
    kinds, words = _objects("describe", given)
    if CONFIG_MAP not in kinds:
        return Command("describe", words, given.flags, "description", _any_namespaced(kinds))
    if set(kinds) != {CONFIG_MAP}:
        raise RefusedCommandError("describe ConfigMaps in a command of their own")
    # A description runs keys and values together; in an object a value keeps its telling key.
    flags = {k: v for k, v in given.flags.items() if k != "show-events"}
    return _getting(kinds, words, {**flags, "output": "yaml"})


def logs(given: Given) -> Command:
    """`logs POD [CONTAINER]`, `logs KIND/NAME`, `logs -l SELECTOR`."""
    flags = {"tail": _LINES, **given.flags}
    words = list(given.words)
    if len(words) == 2 and is_kind(words[0]):  # logs pod web-1, as get and describe have it
        words = ["/".join(words)]
    if len(words) == 2 and "container" not in flags:
        flags["container"] = values.name(words.pop())
    if len(words) > 1 or bool(words) == ("selector" in flags):
        raise RefusedCommandError(
            "say whose log: kubectl logs POD -n NAMESPACE, with -c CONTAINER where it has several"
        )
    whose = tuple(_with_logs(word) for word in words)
    return Command("logs", whose, flags, "log", silent={"limit-bytes": _MOST_BYTES})


def events(given: Given) -> Command:
    """`events [--for KIND/NAME]`."""
    if given.words:
        raise RefusedCommandError(
            f"{given.words[0]!r}: say --for KIND/NAME for the events of one object"
        )
    if given.flags.get("output") in {"yaml", "json"}:
        return _as_objects("events", (), given.flags, namespaced=True)
    return Command("events", (), given.flags, "table")


def events_of(word: str) -> str:
    """Check the object behind `events --for`."""
    kind, slash, name = word.partition("/")
    if not slash:
        raise RefusedCommandError(f"{word!r}: write --for KIND/NAME")
    return f"{resource(kind).full}/{values.name(name)}"


def top(given: Given) -> Command:
    """`top pods [NAME]`, `top nodes [NAME]`."""
    if not 1 <= len(given.words) <= 2:
        raise RefusedCommandError("say whose usage: kubectl top pods -n NAMESPACE, or top nodes")
    kind = _one_of(given.words[0], HAVE_METRICS, "usage")
    names = tuple(map(values.name, given.words[1:]))
    flags = given.flags
    if kind is not POD:
        flags = {k: v for k, v in flags.items() if k not in {"namespace", "containers"}}
        flags.pop("all-namespaces", None)
    return Command("top", (kind.plural, *names), flags, "table", namespaced=kind.namespaced)


def explain(given: Given) -> Command:
    """`explain KIND[.FIELD...]`."""
    if len(given.words) != 1 or not _PATH.fullmatch(given.words[0]):
        raise RefusedCommandError("say what to explain: kubectl explain pod.spec.containers")
    kind, dot, path = given.words[0].partition(".")
    word = resource(kind).plural + dot + path
    return Command("explain", (word,), given.flags, namespaced=False)


def rollout_status(given: Given) -> Command:
    """`rollout status KIND/NAME`, without waiting for it."""
    silent = {"watch": "false"}
    return Command("rollout status", _rollout(given), given.flags, silent=silent)


def rollout_history(given: Given) -> Command:
    """`rollout history KIND/NAME`."""
    return Command("rollout history", _rollout(given), given.flags, "description")


def can_i(given: Given) -> Command:
    """`auth can-i VERB KIND[/NAME]`, `auth can-i --list`."""
    words = given.words
    if given.flags.get("list") == "true":
        if words:
            raise RefusedCommandError("with --list comes neither verb nor kind")
        return Command("auth can-i", (), given.flags, "table")
    if len(words) != 2 or words[0] not in _ACCESS:
        raise RefusedCommandError("write auth can-i VERB KIND, such as auth can-i list pods")
    kind, slash, name = words[1].partition("/")
    found = resource(kind)
    what = found.full + (f"/{values.name(name)}" if slash else "")
    return Command("auth can-i", (words[0], what), given.flags, namespaced=found.namespaced)


def alone(verb: str) -> Reading:
    """Return how a command is read that takes no words."""

    def read(given: Given) -> Command:
        if given.words:
            raise RefusedCommandError(f"{verb} takes nothing more: leave {given.words[0]!r} away")
        return Command(verb, (), given.flags, "table", namespaced=False)

    return read


def _objects(verb: str, given: Given) -> tuple[Sequence[Resource], tuple[str, ...]]:
    """Return the kinds that the words name, and the words in our spelling."""
    words = given.words
    if not words:
        raise RefusedCommandError(f"say what: kubectl {verb} pods -n NAMESPACE")
    if len(words) > _MOST_NAMES:
        raise RefusedCommandError(f"more than {_MOST_NAMES} names: ask for fewer at once")
    if any("/" in word for word in words):
        return _pairs(words, given)
    kinds = resources(words[0])
    names = tuple(map(values.name, words[1:]))
    if names and given.on("all-namespaces"):
        raise RefusedCommandError("-A lists: leave the name away, or say -n NAMESPACE")
    return kinds, (",".join(kind.full for kind in kinds), *names)


def _pairs(words: Sequence[str], given: Given) -> tuple[Sequence[Resource], tuple[str, ...]]:
    kinds, pairs = [], []
    for word in words:
        kind, slash, name = word.partition("/")
        if not slash:
            raise RefusedCommandError("write KIND NAME NAME, or KIND/NAME KIND/NAME")
        kinds.append(resource(kind))
        pairs.append(f"{kinds[-1].full}/{values.name(name)}")
    if given.on("all-namespaces"):
        raise RefusedCommandError("-A lists: leave the name away, or say -n NAMESPACE")
    return kinds, tuple(pairs)


def _getting(kinds: Sequence[Resource], words: tuple[str, ...], flags: dict[str, str]) -> Command:
    namespaced = _any_namespaced(kinds)
    if flags.get("output") in {"yaml", "json"}:
        return _as_objects("get", words, flags, namespaced)
    return Command("get", words, flags, "table", namespaced)


def _as_objects(
    verb: str, words: tuple[str, ...], flags: dict[str, str], namespaced: bool
) -> Command:
    """Read JSON, which parses quickly and in one way only; it is shown as YAML."""
    for_tables = {"no-headers", "show-labels", "show-kind", "label-columns"}
    flags = {k: v for k, v in {**flags, "output": "yaml"}.items() if k not in for_tables}
    return Command(verb, words, flags, "objects", namespaced, silent={"output": "json"})


def _with_logs(word: str) -> str:
    kind, slash, name = word.partition("/")
    if not slash:
        return values.name(word)
    found = _one_of(kind, HAVE_LOGS, "logs")
    return values.name(name) if found is POD else f"{found.full}/{values.name(name)}"


def _rollout(given: Given) -> tuple[str, ...]:
    words = given.words
    if len(words) == 1 and "/" in words[0]:
        words = list(words[0].split("/", 1))
    if len(words) != 2:
        raise RefusedCommandError("say whose rollout: kubectl rollout status deployment/NAME")
    return (f"{_one_of(words[0], ROLL_OUT, 'rollouts').full}/{values.name(words[1])}",)


def _one_of(word: str, kinds: Sequence[Resource], what: str) -> Resource:
    found = resource(word)
    if found not in kinds:
        raise RefusedCommandError(
            f"{found.plural} have no {what}: {', '.join(k.plural for k in kinds)} have"
        )
    return found


def _any_namespaced(kinds: Sequence[Resource]) -> bool:
    return any(kind.namespaced for kind in kinds)
