"""What of kubectl's output is an observation: the cluster's own words, none of the model's.

A command carries words of the model to the server and to kubectl, and both repeat them: in errors,
as the head of a column, in a Diagnosis that a model has written. A claim must not rest on those.
"""

import re
from collections.abc import Iterator

from podiatrist.cluster.kubectl import Output, RefusedCommandError
from podiatrist.cluster.kubectl.command import Command
from podiatrist.cluster.kubectl.grammar import parse
from podiatrist.cluster.kubectl.resources import DIAGNOSIS, READABLE

_SELECTORS = ("selector", "field-selector", "label-columns")
"""Flags whose values are free text: no check of ours keeps a sentence out of them."""

_NAMES = ("namespace", "container", "api-group", "subresource")
"""Flags that name something."""

_KINDS = frozenset(name for kind in READABLE for name in (kind.plural, kind.full))
_NOTHING = re.compile(r"No (?:resources|events) found")
_COMPLAINT = re.compile(rf"(?i:error|warning):|{_NOTHING.pattern}")
"""What kubectl says of its own accord where it succeeds."""

_BY_THE_SERVER = "Error from server"
_MISSING = re.compile(r'"([^"]+)" not found')
_PIECE = re.compile(r"\w[\w.-]{2,}\w")
"""Shorter words of a selector say nothing by themselves."""


def observed(output: Output, told: str) -> str:
    """Return the lines of an output that can be quoted; `told` is what was spoken of before.

    Documentation is no observation, and a Diagnosis holds what its author asked and a model said.
    """
    try:
        command = parse(output.command)
    except RefusedCommandError:
        return ""
    if command.verb == "explain" or DIAGNOSIS.full in _kinds(command):
        return ""
    lines = output.text.split("\n")
    if "label-columns" in command.flags:
        lines = _without_heads(lines, command.flags["label-columns"])
    counts = _is_shown if output.ok else _is_answer
    return "\n".join(line for line in lines if counts(line, command, told))


def _is_shown(line: str, command: Command, told: str) -> bool:
    """Whether a line of a command that succeeded is the cluster's, and not kubectl's about it.

    Names and labels are found in any honest output; what has a blank in it is neither.
    """
    of_log = command.verb == "logs" and "ignore-errors" not in command.flags
    if (_NOTHING if of_log else _COMPLAINT).match(line):
        return not _repeats(line, command, told)
    return not any(" " in text and _holds(text, line) for text in _selectors(command))


def _is_answer(line: str, command: Command, told: str) -> bool:
    """Whether a complaint tells of the cluster, and not of what the model made up.

    That something is missing is worth knowing only of what was spoken of before.
    """
    if not line.startswith(_BY_THE_SERVER):
        return False  # what kubectl itself complains about repeats the model's own words
    missing = _MISSING.search(line)
    if missing and not _was_told(missing[1], told):
        return False
    return not _repeats(line, command, told)


def _repeats(line: str, command: Command, told: str) -> bool:
    """Whether a complaint holds words of the command that come from nobody but the model."""
    free = [part for text in _selectors(command) for part in (text, *_PIECE.findall(text))]
    names = [name for name in _names(command) if not _was_told(name, told)]
    return any(_holds(text, line) for text in (*free, *names))


def _without_heads(lines: list[str], columns: str) -> list[str]:
    """Return the rows of tables: kubectl writes the label keys that were asked for above them."""
    heads = [key.rpartition("/")[2].upper() for key in columns.split(",")]
    return [
        line
        for above, line in zip(["", *lines], lines, strict=False)
        if above.strip() and not any(head in line for head in heads)
    ]


def _kinds(command: Command) -> Iterator[str]:
    """Yield the kinds that a command names."""
    for word in (*command.words, command.flags.get("for", "")):
        yield from word.partition("/")[0].split(",")


def _selectors(command: Command) -> list[str]:
    return [command.flags[flag] for flag in _SELECTORS if flag in command.flags]


def _names(command: Command) -> Iterator[str]:
    """Yield the words of the model in a command, besides its selectors."""
    for word in (*command.words, command.flags.get("for", "")):
        if word and not _KINDS.issuperset(word.split(",")):
            yield word.rpartition("/")[2]
    yield from (command.flags[flag] for flag in _NAMES if flag in command.flags)


def _holds(text: str, line: str) -> bool:
    return bool(re.search(rf"(?<!\w){re.escape(text)}(?!\w)", line, re.I))


def _was_told(name: str, told: str) -> bool:
    return bool(re.search(rf"(?<![\w.-]){re.escape(name)}(?![\w.-])", told))
