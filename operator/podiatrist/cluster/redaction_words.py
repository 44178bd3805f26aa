"""Masks secrets among the words of a command: there the name is one word, its value the next.

`["--password", "hunter2"]` holds no word that tells of a secret by itself and has a value.
"""

import re
import shlex
from collections.abc import Iterator, Sequence
from typing import Any

from podiatrist.cluster.redaction import redact
from podiatrist.cluster.redaction_names import MASK, is_telling

_LOGIN_FLAGS = frozenset({"-u", "--user", "--proxy-user"})
_LOGIN = re.compile(r"[^:/]+:(?![0-9]{1,6}$)")
"""`curl -u name:password`; `-u 1000:1000` are a user and a group."""

_MYSQL = re.compile(r"(?:.*/)?(?:mysql|mariadb)[\w-]*")
"""There `-p` asks for the password; only `-phunter2` holds one."""

_SHORT = (
    (re.compile(r"(?:.*/)?redis-cli"), "-a"),
    (re.compile(r"(?:.*/)?sshpass"), "-p"),
    (re.compile(r"(?:.*/)?mongo[\w-]*"), "-p"),
)
"""Programs, and the flag that brings them a password, as a word of its own or glued to it."""


def redact_words(words: Sequence[str]) -> list[str]:
    """Return the words of a command, what looks like a secret replaced by `***`."""
    return [redact(word) for word in without_values_of_words(words)]


def holds_secret_words(words: Sequence[str]) -> bool:
    """Whether a command holds what looks like a secret, read word by word or as one line."""
    line = shlex.join(words)
    return redact_words(words) != list(words) or redact(line) != line


def without_secret_words(value: Any) -> Any:
    """Return a part of an object, each list of words in it without what looks like a secret."""
    if isinstance(value, dict):
        return {n: without_secret_words(inner) for n, inner in with_masked_args(value).items()}
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return redact_words(value)
    if isinstance(value, list):
        return [without_secret_words(item) for item in value]
    return value


def with_masked_args(container: dict[Any, Any]) -> dict[Any, Any]:
    """Return a container whose `args` hold no secret because of the `command` before them."""
    command, args = container.get("command"), container.get("args")
    if not (isinstance(command, list) and isinstance(args, list)):
        return container
    return {**container, "args": without_values_of_words([*command, *args])[len(command) :]}


def without_values_of_words(items: Sequence[Any]) -> list[Any]:
    """Return a list without the words that are a secret because of those before them.

    What else a word holds by itself is left to `redact`; what is no word stays as it is.
    """
    return list(_masked(items))


def _masked(items: Sequence[Any]) -> Iterator[Any]:
    announced = mysql = False
    previous, short = "", ""
    for item in items:
        if not isinstance(item, str):
            announced = False
            yield item
            continue
        if announced and not item.startswith("-"):
            announced = False
            yield MASK
            continue
        shown = item
        if (mysql and _glued(item, "-p")) or (short and _glued(item, short)):
            shown = f"{item[:2]}{MASK}"
        elif previous in _LOGIN_FLAGS and _LOGIN.match(item):
            shown = MASK
        mysql = mysql or bool(_MYSQL.fullmatch(item))
        short = next((flag for program, flag in _SHORT if program.fullmatch(item)), short)
        announced = _announces(item) or bool(short and item == short)
        previous = item
        yield shown


def _glued(word: str, flag: str) -> bool:
    """Whether a flag of one letter has its value in the same word."""
    return word.startswith(flag) and bool(re.match(r"[^=\s]", word[len(flag) :]))


def _announces(word: str) -> bool:
    """Whether the next word is the value of this one, and a secret."""
    return word.startswith("-") and not re.search(r"[=\s]", word) and is_telling(word.lstrip("-"))
