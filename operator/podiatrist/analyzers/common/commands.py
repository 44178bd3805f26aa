"""What a container runs, read and mended: the command that was probably meant.

Works on `command` and `args` as the pod template has them. What the image itself runs is not
known here: no object of the cluster holds it.
"""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from podiatrist.analyzers.common.near_miss import near_misses
from podiatrist.analyzers.images.image_reference import parse_image
from podiatrist.cluster.objects import Container
from podiatrist.cluster.snapshot import Snapshot

SERVERS = (
    "nginx",
    "httpd",
    "redis",
    "postgres",
    "mysql",
    "mariadb",
    "mongo",
    "memcached",
    "rabbitmq",
    "haproxy",
    "traefik",
    "caddy",
    "tomcat",
)
"""Official images whose own command is a server that stays in the foreground."""


_SHELL = re.compile(r"&&|\|\||[;|<>$`*~]")


@dataclass(frozen=True)
class Command:
    """`command` and `args` of a container."""

    run: tuple[str, ...]
    args: tuple[str, ...]

    def words(self) -> tuple[str, ...]:
        """Return all words in order."""
        return (*self.run, *self.args)

    def with_first(self, words: list[str]) -> "Command":
        """Return the command with its first word replaced by others."""
        if self.run:
            return Command((*words, *self.run[1:]), self.args)
        return Command((), (*words, *self.args[1:]))

    def replaced(self, old: str, new: str) -> "Command":
        """Return the command with every whole word `old` replaced, inside scripts as well."""
        whole = re.compile(rf"(?<![\w./-]){re.escape(old)}(?![\w./-])")

        def swap(text: str) -> str:
            return whole.sub(lambda _: new, text)

        return Command(tuple(map(swap, self.run)), tuple(map(swap, self.args)))

    def without(self, flag: str) -> "Command":
        """Return the command without an argument that is a word of its own (or `flag=value`)."""

        def kept(words: tuple[str, ...]) -> tuple[str, ...]:
            return tuple(w for w in words if w != flag and not w.startswith(f"{flag}="))

        return Command(kept(self.run), kept(self.args))


@cache
def well_known_commands() -> tuple[str, ...]:
    """Return commands that many images have; only offered where a name is nearly one of them."""
    text = (
        files("podiatrist.analyzers.common").joinpath("well_known_commands.txt").read_text("utf-8")
    )
    return tuple(text.split())


def command_of(container: Container) -> Command:
    """Return what a container is told to run; empty where the image decides."""
    return Command(tuple(container.command), tuple(container.args))


def image_name(container: Container) -> str:
    """Return the last part of the image's repository: `nginx`."""
    parsed = parse_image(container.image)
    return parsed.repository.rpartition("/")[2] if parsed else ""


def meant_instead(snapshot: Snapshot, container: Container, wrong: str) -> Iterator[str]:
    """Yield commands that were probably meant by one that does not exist."""
    folder, _, base = wrong.rpartition("/")
    around = [word for word in _commands_around(snapshot) if word != wrong]
    known = [image_name(container), *(w.rpartition("/")[2] for w in around)]
    known += well_known_commands()
    if folder and base in known:
        yield base  # it exists, elsewhere: the shell's search path finds it
    if base not in known:  # else the name is right, and the image lacks it
        yield from near_misses(base, [k for k in known if k])


def _commands_around(snapshot: Snapshot) -> Iterator[str]:
    specs = [snapshot.template, *(r.spec.template.spec for r in snapshot.revisions[1:])]
    for spec in specs:
        for container in spec.all_containers:
            yield from command_of(container).words()[:1]


def mended(snapshot: Snapshot, container: Container, wrong: str) -> Iterator[tuple[Command, str]]:
    """Yield what a container may have meant to run, each with the reason to think so."""
    command = command_of(container)
    words = command.words()
    if not words or not wrong:
        return
    if words[0] == wrong and any(c.isspace() for c in wrong.strip()):
        yield from _split(command, wrong)
        return
    for meant in meant_instead(snapshot, container, wrong):
        new = command.with_first([meant]) if words[0] == wrong else command.replaced(wrong, meant)
        if new != command:
            yield new, f"`{wrong}` does not exist in the image; `{meant}` is close to it."
    name = image_name(container)
    if words[0] == wrong and name in SERVERS:
        yield (
            Command((), ()),
            f"`{wrong}` does not exist; the image {container.image} has a command of its own.",
        )


def _split(command: Command, wrong: str) -> Iterator[tuple[Command, str]]:
    """Yield a command line that was written as one word, as the words that it holds."""
    why = f"`{wrong}` is one word here and taken for the name of one program."
    if _SHELL.search(wrong):
        yield command.with_first(["sh", "-c", wrong]), f"{why} A shell understands such a line."
        return
    try:
        parts = shlex.split(wrong)
    except ValueError:
        return
    if parts:
        yield command.with_first(parts), why


def by_interpreter(container: Container, script: str) -> Iterator[tuple[Command, str]]:
    """Yield the script run by its interpreter, which only needs to read it."""
    command = command_of(container)
    words = command.words()
    by = next((i for end, i in ((".sh", "sh"), (".py", "python3")) if script.endswith(end)), "")
    if by and words and words[0] == script:
        yield (
            command.with_first([by, script]),
            f"{by} reads the script {script}; then the file need not be executable.",
        )


def render(command: Command) -> str:
    """Return a command for a title, short."""
    if not command.words():
        return "what the image says"
    text = shlex.join(command.words())
    return text if len(text) <= 80 else text[:79] + "…"
