"""Flags as kubectl reads them: long and short, with `=` or without, several short ones in one.

Only flags from a command's own list exist, and each value must match what that flag may hold.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from podiatrist.cluster.kubectl.refusal import RefusedCommandError

Check = Callable[[str], str]
"""Returns a value as it is passed on. Raises RefusedCommandError, saying what it may be."""


@dataclass(frozen=True)
class Flag:
    """A flag that a command may have; without `check` it is a switch."""

    long: str
    short: str = ""
    check: Check | None = None
    dropped: bool = False
    """Taken, but not passed on: it would make no difference."""


@dataclass(frozen=True)
class Given:
    """The flags and the other words of a command."""

    flags: dict[str, str]
    """By long name, in the order of the command's list; a switch is "true" or "false"."""
    words: list[str]

    def on(self, long: str) -> bool:
        """Whether a switch is set."""
        return self.flags.get(long) == "true"


_REFUSED: dict[str, str] = {
    **dict.fromkeys(("-w", "--watch", "--watch-only"), "nothing is watched: ask without it"),
    **dict.fromkeys(("-f", "--follow"), "nothing is followed and no file is read: ask without it"),
    **dict.fromkeys(
        ("--filename", "-k", "--kustomize", "-R"), "no files are read: name kind and object"
    ),
    "--raw": "no raw requests: use get KIND NAME -o yaml",
    **dict.fromkeys(("--template", "--show-managed-fields"), "use -o yaml"),
    **dict.fromkeys(
        (
            "--as", "--as-group", "--as-uid", "--as-user-extra", "--cache-dir", "--cluster",
            "--certificate-authority", "--client-certificate", "--client-key", "--context",
            "--insecure-skip-tls-verify", "--kubeconfig", "--kuberc", "--password", "--profile",
            "--profile-output", "--proxy-url", "--request-timeout", "-s", "--server",
            "--tls-server-name", "--token", "--user", "--username", "-v", "--v", "--vmodule",
        ),
        "which cluster is asked, and as whom, is settled: leave it away",
    ),
}  # fmt: skip


def parse_flags(words: Sequence[str], known: Sequence[Flag]) -> Given:
    """Take apart what follows a verb. Raises RefusedCommandError."""
    by_spelling = {f"--{f.long}": f for f in known} | {f"-{f.short}": f for f in known if f.short}
    found: dict[str, str] = {}
    rest: list[str] = []
    waiting = list(words)
    while waiting:
        word = waiting.pop(0)
        if word == "--":
            raise RefusedCommandError("'--': nothing is run in containers; leave it away")
        if not word.startswith("-") or word == "-":
            rest.append(word)
            continue
        spelling, value, more = _taken_apart(word)
        flag = by_spelling.get(spelling)
        if flag is None:
            raise RefusedCommandError(f"{spelling}: {_why_not(spelling, known)}")
        if flag.check is None:
            if more:  # -Aw is -A -w
                waiting.insert(0, f"-{more}")
            value = _switched(spelling, "true" if value is None else value)
        else:
            value = more or value
            if value is None:
                if not waiting:
                    raise RefusedCommandError(f"{spelling} needs a value")
                value = waiting.pop(0)
            value = flag.check(value)
        if flag.long in found:
            raise RefusedCommandError(f"{spelling} is there twice: once is enough")
        found[flag.long] = value
    kept = {f.long: found[f.long] for f in known if f.long in found and not f.dropped}
    return Given(kept, rest)


def _taken_apart(word: str) -> tuple[str, str | None, str]:
    """Return a flag's spelling, the value behind `=`, and what follows a short one directly."""
    if word.startswith("--"):
        spelling, equals, value = word.partition("=")
        return spelling, value if equals else None, ""
    spelling, more = word[:2], word[2:]
    if more.startswith("="):
        return spelling, more[1:], ""
    return spelling, None, more


def _why_not(spelling: str, known: Sequence[Flag]) -> str:
    if spelling in _REFUSED:
        return _REFUSED[spelling]
    usable = " ".join(f"-{f.short}" if f.short else f"--{f.long}" for f in known if not f.dropped)
    return f"not here; the flags of this command are {usable or 'none'}"


def _switched(spelling: str, value: str) -> str:
    if value not in {"true", "false"}:
        raise RefusedCommandError(f"{spelling} is true or false")
    return value
