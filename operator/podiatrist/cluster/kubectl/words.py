"""Splits a line into words as a POSIX shell would, and refuses what only a shell could do."""

import re
import shlex

from podiatrist.cluster.kubectl.refusal import RefusedCommandError

_LONGEST = 1000
"""Characters of a line; no honest command comes near."""

_PLAIN = re.compile(r"[\x20-\x7e]*")
_FENCE = re.compile(
    r"\A(?:```(?:sh|bash|shell|console)?\n(?P<block>.*?)\n?```|`(?P<code>[^`]*)`)\Z", re.S
)
_BLANK = re.compile(r"<[a-z][a-z0-9 _-]*>", re.I)

_SHELL = (
    ("|", "no pipes: ask for the whole output, it is shortened; narrow it with -l or --tail"),
    (";&\n", "one command at a time"),
    ("<>", "no redirects: you get the output anyway"),
    ("`$", "nothing is expanded here: write the value itself"),
    ("*?~", "no patterns: leave the name away to list all, or select with -l"),
    ("[{", "no patterns and no templates: list all, select with -l, or take -o yaml"),
    ("(", "no subshells: one command at a time; put quotes around a selector with parentheses"),
)  # fmt: skip
_HINTS = {character: hint for characters, hint in _SHELL for character in characters}


def split(line: str) -> list[str]:
    """Return the words of one line. Raises RefusedCommandError."""
    line = _undressed(line)
    if len(line) > _LONGEST:
        raise RefusedCommandError(f"the command is longer than {_LONGEST} characters: ask shorter")
    blank = _BLANK.search(line)
    if blank:
        raise RefusedCommandError(
            f"{blank[0]} is a blank: put a real name there; `kubectl get` lists the names"
        )
    for character in _bare(line):
        if character in _HINTS:
            raise RefusedCommandError(f"{character!r}: {_HINTS[character]}")
    if not _PLAIN.fullmatch(line):
        raise RefusedCommandError("only plain ASCII: Kubernetes knows no other names")
    try:
        return shlex.split(line)
    except ValueError as error:
        raise RefusedCommandError(f"{error}: close what you quote".lower()) from None


def _undressed(line: str) -> str:
    """Return a line without what models like to put around one: a code block, a prompt."""
    line = line.strip()
    if fenced := _FENCE.match(line):
        line = (fenced["block"] or fenced["code"] or "").strip()
    return line.removeprefix("$ ").strip()


def _bare(line: str) -> str:
    """Return the characters that a shell would take for its own, in order."""
    found, quote, escaped = [], "", False
    for character in line:
        if escaped:
            escaped = False
            if character == "\n":
                found.append(character)
        elif character == "\\" and quote != "'":
            escaped = True
        elif quote:
            if character == quote:
                quote = ""
            elif quote == '"' and character in "`$":
                found.append(character)
        elif character in "'\"":
            quote = character
        else:
            found.append(character)
    return "".join(found)
