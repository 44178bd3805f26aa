"""The peers that a pod spec names: hosts and ports in variables, commands and probes."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from podiatrist.cluster.objects import Container, PodSpec

_LONGEST = 20_000

_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,62})"
_HOST = rf"({_LABEL}(?:\.{_LABEL}){{0,8}})"

_URL = re.compile(rf"[a-z][a-z0-9+.-]{{1,30}}://(?:[^\s/@'\"]{{0,200}}@)?{_HOST}(?::(\d{{1,5}}))?")
_HOST_PORT = re.compile(rf"(?<![\w./:@-]){_HOST}:(\d{{1,5}})(?![\w.:-])")
_IN_BRACKETS = re.compile(rf"@(?:\w{{1,8}}\()?{_HOST}:(\d{{1,5}})")
_DSN = re.compile(rf"\b(?:host|server|addr)=['\"]?{_HOST}(?:[^\n]{{0,100}}?\bport=(\d{{1,5}}))?")
_BARE = re.compile(rf"\s{{0,4}}{_HOST}\s{{0,4}}")

_HOST_VARIABLE = re.compile(
    r"(?:^|_)(?:HOST|HOSTS|HOSTNAME|ADDR|ADDRESS|SERVER|SERVERS|ENDPOINT|URL|URI|DSN|UPSTREAM|"
    r"BACKEND|BROKER|BROKERS|SERVICE|SVC|PEER|TARGET|DEPENDS_ON|DATABASE|DB|REDIS|CACHE|API)S?$",
    re.I,
)

_TOOLS = re.compile(
    rf"\b(?:nc|ncat|netcat|telnet|nslookup|dig|host|ping|curl|wget|getent (?:hosts|ahosts)|"
    rf"pg_isready|mysqladmin|mysql|psql|redis-cli|mongosh?|wait-for-it(?:\.sh)?|wait-for|dockerize)"
    rf"(?: {{1,4}}-{{1,2}}[\w-]{{1,20}}(?:[= ]\d{{1,6}})?){{0,6}} {{1,4}}['\"]?{_HOST}"
    rf"(?:[: ]{{1,4}}(\d{{1,5}})\b)?"
)
_FLAG = re.compile(
    rf"(?:^|\s)(?:-h|--?[\w-]{{0,20}}(?:host|hostname|server|addr|address|upstream))[= ]{_HOST}"
    rf"(?::(\d{{1,5}}))?(?![\w./-])"
)
_TUPLE = re.compile(rf"\(['\"]{_HOST}['\"], {{0,4}}(\d{{1,5}})")

_NOBODY = frozenset({"localhost", "0", "true", "false", "none", "null", "http", "https", "tcp"})


@dataclass(frozen=True)
class Peer:
    """One host that a container is told; `text` is where it stands, word for word.

    `variable` is the environment variable that holds it, and `port_variable` the one that holds
    its port; empty where it stands in a command or probe.
    """

    container: str
    host: str
    port: int
    text: str
    variable: str = ""
    port_variable: str = ""

    @property
    def where(self) -> str:
        """Where it is told, for a sentence."""
        if self.variable:
            return f"variable {self.variable} of container {self.container}"
        return f"the command of container {self.container}"


def declared_peers(spec: PodSpec) -> list[Peer]:
    """Return every peer that a pod spec names, each once for a container."""
    found = [peer for c in spec.all_containers for peer in _of_container(c)]
    return list({(p.container, p.host, p.port, p.variable): p for p in found}.values())


def _of_container(container: Container) -> Iterator[Peer]:
    values = {e.name: e.value for e in container.env if e.value and e.value_from is None}
    for name, value in values.items():
        yield from _in_variable(container.name, name, value[:_LONGEST], values)
    probes = (container.readiness_probe, container.liveness_probe, container.startup_probe)
    commands = [p.exec.command for p in probes if p is not None and p.exec is not None]
    texts = [" ".join([*container.command, *container.args]), *(" ".join(c) for c in commands)]
    for text in texts:
        for host, port, found in _in_command(_expanded(text[:_LONGEST], values)):
            yield Peer(container.name, host, port, found)


def _expanded(text: str, values: dict[str, str]) -> str:
    """Leave variables as they are: what they hold is told by the variables themselves."""
    return re.sub(r"\$\(?\{?\w{1,80}\}?\)?", " ", text) if values else text


def _in_variable(container: str, name: str, value: str, values: dict[str, str]) -> Iterator[Peer]:
    found = list(_hosts(value, (_URL, _IN_BRACKETS, _DSN, _HOST_PORT)))
    if found:
        for host, port, text in found:
            yield Peer(container, host, port, text, name)
        return
    bare = _BARE.fullmatch(value)
    if bare and _HOST_VARIABLE.search(name) and _is_host(bare[1]):
        port_name, port = _port_beside(name, values)
        yield Peer(container, bare[1].lower(), port, bare[1], name, port_name)


def _port_beside(name: str, values: dict[str, str]) -> tuple[str, int]:
    """Return the variable that goes with `DB_HOST`: `DB_PORT`, where it holds a number."""
    stem = re.sub(
        r"_?(?:HOST|HOSTNAME|ADDR|ADDRESS|SERVER|SERVICE|ENDPOINT)$", "", name, flags=re.I
    )
    for candidate in (f"{stem}_PORT", f"{name}_PORT"):
        value = values.get(candidate, "").strip()
        if value.isascii() and value.isdigit() and len(value) < 6:
            return candidate, int(value)
    return "", 0


def _in_command(text: str) -> Iterator[tuple[str, int, str]]:
    yield from _hosts(text, (_URL, _TOOLS, _FLAG, _TUPLE, _DSN, _HOST_PORT))


def _hosts(text: str, patterns: Iterable[re.Pattern[str]]) -> Iterator[tuple[str, int, str]]:
    seen: set[int] = set()
    for pattern in patterns:
        for found in pattern.finditer(text):
            if found.start(1) not in seen and _is_host(found[1]):
                seen.add(found.start(1))
                end = found.end(2) if found[2] else found.end(1)
                yield found[1].lower(), int(found[2] or 0), text[found.start(1) : end]


def _is_host(text: str) -> bool:
    if text.lower() in _NOBODY or text.startswith(("127.", "0.")):
        return False
    return not text.replace(".", "").isdigit() or text.count(".") == 3
