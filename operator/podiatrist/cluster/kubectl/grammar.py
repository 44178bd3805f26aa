"""From one line to a command that may be run, or to a line that says what to do instead."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from podiatrist.cluster.kubectl.command import Command
from podiatrist.cluster.kubectl.flags import parse_flags
from podiatrist.cluster.kubectl.refusal import RefusedCommandError
from podiatrist.cluster.kubectl.resources import CLUSTER_SCOPED
from podiatrist.cluster.kubectl.verbs import BY_NAME, Verb
from podiatrist.cluster.kubectl.words import split

_CHANGE = "kubectl changes nothing here: propose the change as a typed action"
_INSIDE = "nothing is run in containers or copied from them: read logs, describe and events"
_SETTLED = "which cluster is asked, and as whom, is settled"
_INSTEAD = {
    **dict.fromkeys(
        (
            "annotate", "apply", "autoscale", "certificate", "cordon", "create", "delete",
            "drain", "edit", "expose", "label", "patch", "replace", "rollout pause",
            "rollout restart", "rollout resume", "rollout undo", "run", "scale", "set", "taint",
            "uncordon", "auth reconcile",
        ),
        _CHANGE,
    ),
    **dict.fromkeys(("exec", "cp", "attach", "port-forward", "proxy", "debug"), _INSIDE),
    **dict.fromkeys(("config", "auth whoami", "kuberc", "login"), _SETTLED),
    "cluster-info dump": "too much: get, describe and logs of one object",
    "wait": "nothing is waited for: get or describe it as it is now",
    "diff": "no files are read: get the object with -o yaml",
    "kustomize": "no files are read",
    "plugin": "no plugins are run",
    "api-versions": "use api-resources",
}  # fmt: skip

_LOOKING = ("get", "describe", "top")
"""Verbs that read objects of the kinds they name."""

_OTHER_PROGRAMS = frozenset({
    "awk", "bash", "cat", "curl", "docker", "echo", "grep", "head", "helm", "jq", "ls", "oc",
    "python", "python3", "sed", "sh", "sudo", "tail", "watch", "wget", "xargs",
})  # fmt: skip


def parse(
    line: str,
    namespace: str | None = None,
    *,
    confined: bool = False,
    namespaced_only: bool = False,
) -> Command:
    """Return the command of one line; `kubectl` in front may be missing.

    `namespace` is where it looks if the line says nothing; `confined`, it looks into no other;
    `namespaced_only`, at no kind that belongs to none.
    Raises RefusedCommandError.
    """
    words = split(line)
    if words and words[0] == "kubectl":
        words = words[1:]
    verb, rest = _verb(words)
    command = verb.read(parse_flags(rest, verb.flags))
    flags = dict(command.flags)
    if confined and command.namespaced and _looks_beyond(flags, namespace):
        raise RefusedCommandError(
            f"only namespace {namespace} may be looked into: leave -n and -A away"
        )
    if namespaced_only and (beyond := _of_no_namespace(command)):
        raise RefusedCommandError(
            f"{beyond} belong to no namespace and may not be looked at here: events and conditions "
            "of what is in the namespace tell of them"
        )
    if flags.get("all-namespaces") == "true":
        flags.pop("namespace", None)
    elif command.namespaced and namespace:
        flags.setdefault("namespace", namespace)
    return replace(command, flags=flags)


def _looks_beyond(flags: Mapping[str, str], namespace: str | None) -> bool:
    everywhere = flags.get("all-namespaces") == "true"
    return everywhere or flags.get("namespace", namespace) != namespace


def _of_no_namespace(command: Command) -> str | None:
    """Return the first kind of a command that belongs to no namespace."""
    if command.verb not in _LOOKING:
        return None
    kinds = [*(w.partition("/")[0] for w in command.words if "/" in w), *command.words[:1]]
    found = (name for word in kinds for name in word.split(",") if name in CLUSTER_SCOPED)
    return next(found, None)


def _verb(words: Sequence[str]) -> tuple[Verb, list[str]]:
    """Return the verb and all words but its own; flags may stand before it."""
    at = 0
    while at < len(words) and words[at].startswith("-"):
        at += 2 if words[at] in {"-n", "--namespace"} else 1
    rest = [*words[:at], *words[at + 1 :]]
    if at >= len(words):
        raise RefusedCommandError(f"there is no command: {_known()}")
    first, second = words[at], words[at + 1] if at + 1 < len(words) else ""
    double = f"{first} {second}"
    if double in BY_NAME:
        rest.remove(second)
        return BY_NAME[double], rest
    if first in BY_NAME and double not in _INSTEAD:
        return BY_NAME[first], rest
    hint = _INSTEAD.get(double) or _INSTEAD.get(first)
    if hint:
        raise RefusedCommandError(f"{double if double in _INSTEAD else first}: {hint}")
    if first in _OTHER_PROGRAMS:
        raise RefusedCommandError(f"{first}: only kubectl is run here")
    raise RefusedCommandError(f"{first!r} is no command: {_known()}")


def _known() -> str:
    return f"use {', '.join(BY_NAME)}"
