"""On which port a container really listens: told by its log, its command, its variables.

What a container declares is documentation; what it says while it starts is the truth.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from podiatrist.analyzers.common.commands import command_of, image_name
from podiatrist.cluster.logs import ContainerLog
from podiatrist.cluster.objects import Container, Pod
from podiatrist.cluster.snapshot import Snapshot

_SAID = re.compile(
    r"(?:listen(?:ing|s)?|running|started|serving|server|bound|accepting connections|ready)"
    r"[^\n]{0,80}?(?:(127\.0\.0\.1|localhost|\[?::1\]?)|0\.0\.0\.0|\[?::\]?|\*)?"
    r"(?::|\bport\(?s?\)?[ :=]{1,3})(\d{2,5})\b",
    re.I,
)
_IN_COMMAND = re.compile(
    r"(?:--?(?:[a-z]+-)?(?:port|listen|addr|address|bind|http|server)[= ]{1,2}|(?<!\S)-p[= ]?|"
    r"(?<!\S):|runserver |http\.server )['\"]?(?:(?:(127\.0\.0\.1|localhost)|[\w.*\[\]-]{0,40}):)?"
    r"(\d{2,5})\b",
    re.I,
)
_LISTEN_DIRECTIVE = re.compile(
    r"\blisten\s{1,4}(?:(127\.0\.0\.1|localhost)|[\d.*\[\]:]{0,20}?):?(\d{2,5})\b"
)
_PORT_NAMES = re.compile(r"(?:^|_)(?:PORT|LISTEN_PORT|HTTP_PORT|SERVER_PORT)$")

_OF_IMAGES = {
    "nginx": 80, "httpd": 80, "caddy": 80, "traefik": 80, "redis": 6379, "postgres": 5432,
    "mysql": 3306, "mariadb": 3306, "mongo": 27017, "memcached": 11211, "rabbitmq": 5672,
    "tomcat": 8080, "grafana": 3000, "prometheus": 9090, "elasticsearch": 9200, "registry": 5000,
}  # fmt: skip
"""Where official images listen unless they are told otherwise."""


@dataclass(frozen=True)
class Listener:
    """A port that a container listens on, and how that is known: `log`, `command` and so on.

    `local` says that it can only be reached from within the pod. `quote` is what tells it.
    """

    port: int
    how: str
    quote: str = ""
    local: bool = False
    log: ContainerLog | None = None


def declared_ports(container: Container) -> set[int]:
    """Return the TCP ports that a container declares."""
    return {p.container_port for p in container.ports if p.protocol in ("", "TCP")}


def listeners(snapshot: Snapshot, pod: Pod, container: Container) -> list[Listener]:
    """Return where a container listens, what is best known first."""
    found = [*_by_log(snapshot, pod, container), *_by_command(container), *_by_env(container)]
    found += [Listener(port, "declared") for port in sorted(declared_ports(container)) if port]
    if not found and (port := _of_image(container)):
        found.append(Listener(port, "image"))
    return found


def users_of_port(pod: Pod, port: int) -> list[str]:
    """Return the containers of a pod that declare a port or are told to listen on it."""
    return [
        c.name
        for c in (*pod.spec.containers, *pod.spec.init_containers)
        if port in declared_ports(c)
        or any(found.port == port for found in (*_by_command(c), *_by_env(c)))
        or _of_image(c) == port
    ]


def _of_image(container: Container) -> int | None:
    """Return where the image's own program listens, if that is what the container runs."""
    name, words = image_name(container), command_of(container).words()
    own = not words or words[0].rpartition("/")[2] == name or words[0].startswith("-")
    return _OF_IMAGES.get(name) if own else None


def _by_log(snapshot: Snapshot, pod: Pod, container: Container) -> Iterator[Listener]:
    for log in snapshot.logs_of(pod.metadata.name, container.name):
        for line in log.lines[-60:]:
            found = _SAID.search(line[:500])
            if found and _usable(found.group(2)):
                local = bool(found.group(1))
                yield Listener(int(found.group(2)), "log", line[:500], local, log)


def _by_command(container: Container) -> Iterator[Listener]:
    text = " ".join(command_of(container).words())[:4000]
    for regex in (_IN_COMMAND, _LISTEN_DIRECTIVE):
        for found in regex.finditer(text):
            if _usable(found.group(2)):
                yield Listener(int(found.group(2)), "command", local=bool(found.group(1)))


def _by_env(container: Container) -> Iterator[Listener]:
    for variable in container.env:
        if _PORT_NAMES.search(variable.name) and _usable(variable.value):
            yield Listener(int(variable.value), "env", variable.name)


def _usable(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 5 and 0 < int(text) < 65536
