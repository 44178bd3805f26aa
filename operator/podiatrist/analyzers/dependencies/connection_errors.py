"""Peers that a program could not reach, as its log tells it.

Libraries write this in a hundred ways. A name that does not resolve has to be read out of the
line; where a connection fails, it is enough to say that it does and to look which of the peers
that we know the line names.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

_MOST_LINES = 80
_LONGEST_LINE = 1500

_HOST = r"([A-Za-z0-9_][A-Za-z0-9_.-]{0,252})"
_Q = r"[\"'`]?"
_PORT = r"(?::(\d{1,5}))?"


class Trouble(Enum):
    """What happened on the way to a peer."""

    UNRESOLVED = "its name does not resolve"
    DNS_DOWN = "the cluster's DNS does not answer"
    REFUSED = "the connection was refused"
    TIMEOUT = "nobody answered in time"


@dataclass(frozen=True)
class PeerError:
    """One failure to reach a peer; `host` is "" and `port` 0 where the line does not say."""

    trouble: Trouble
    host: str
    port: int
    line: str

    @property
    def lowered(self) -> str:
        """The host as DNS compares it."""
        return self.host.lower().rstrip(".")


_DNS_DOWN = re.compile(
    r"temporary failure in name resolution|\bEAI_AGAIN\b|server misbehaving"
    r"|lookup [^\n]{1,300}:53: (?:read: connection refused|i/o timeout|[^\n]{0,60}timed? ?out)"
    r"|no servers could be reached|(?-i:Try again)(?=\W*$)|could not contact DNS servers|SERVFAIL",
    re.I,
)

_SAYS_UNKNOWN = (
    r"(?:nodename nor servname|Name or service not known|Name does not resolve|no such host"
    r"|No address associated with hostname|Temporary failure in name resolution"
    r"|(?-i:Try again)(?=\W*$))"
)
_CANNOT = r"(?:could not|couldn't|cannot|can't|unable to|failed to)"
_A_NAME = r"(?:the )?(?:host(?:name)?|address|name)?(?: address)?"

_UNRESOLVED = tuple(
    re.compile(pattern, re.I)
    for pattern in (
        rf"bad address {_Q}{_HOST}{_PORT}",
        rf"lookup {_HOST}(?: on [^\s]{{1,60}})?:",
        rf"translate host ?name {_Q}{_HOST}{_Q} to address",
        rf"(?:ENOTFOUND|EAI_AGAIN|EAI_NONAME) {_Q}{_HOST}{_PORT}",
        rf"host not found in (?:upstream|resolver|{_Q}\w{{1,20}}{_Q}) {_Q}{_HOST}{_PORT}",
        rf"{_Q}{_HOST}{_Q} could not be resolved",
        rf"{_CANNOT} resolve {_A_NAME}:? ?{_Q}{_HOST}{_PORT}",
        rf"UnknownHost(?:Exception)?:? {_Q}{_HOST}{_PORT}",
        rf"unknown (?:\w{{1,12}} )?(?:server )?host:? {_Q}{_HOST}{_PORT}",
        rf"getaddrinfo (?:for|of) (?:host )?{_Q}{_HOST}{_Q}",
        rf"Error -?\d{{1,3}} connecting to {_HOST}:(\d{{1,5}})",
        rf"server can't find {_HOST}: (?:NXDOMAIN|SERVFAIL)",
        rf"no such host is known\.? \(?{_HOST}{_PORT}",
        rf"(?:host(?:name)?|name|address) {_Q}{_HOST}{_Q} (?:was |is |could )?not (?:found|known)",
        rf"no address (?:found )?for {_Q}{_HOST}",
        rf"\b{_HOST}{_PORT}: {_SAYS_UNKNOWN}",
        rf"host=['\"]{_HOST}['\"](?:, port=(\d{{1,5}}))?",
    )
)
"""Ways to say which name does not resolve; only tried on lines that say that one does not."""

_NAMELESS = re.compile(
    r"bad address|no such host|not known|does not resolve|could not translate host ?name"
    r"|ENOTFOUND|EAI_NONAME|host not found|could not be resolved|could not resolve"
    r"|couldn't resolve|cannot resolve|can't resolve|unable to resolve|failed to resolve"
    r"|UnknownHost|unknown (?:\w{1,12} )?(?:server )?host|nodename nor servname|NXDOMAIN"
    r"|no address associated|getaddrinfo for|gaierror|could not find host"
    r"|host\S{0,80} (?:was |is )?not found",
    re.I,
)

_REFUSED = re.compile(
    r"connection refused|ECONNREFUSED|actively refused|connect: refused|\(111\b|error 111\b"
    r"|couldn't connect to server|could not connect to server|connection to \S{1,200} refused"
    r"|(?:can't|cannot|can not|could not|failed to) connect to"
    r"|connection reset by peer|no live upstreams|connection failed|unable to connect to"
    r"|(?:not ready|unavailable|not reachable|unreachable|not available|is down)\b",
    re.I,
)

_TIMEOUT = re.compile(
    r"timed? ?-?out|ETIMEDOUT|no route to host|EHOSTUNREACH|network is unreachable|ENETUNREACH"
    r"|host is unreachable|deadline exceeded",
    re.I,
)

_HOST_PORT = re.compile(
    rf"(?<![\w.@-]){_HOST}:(\d{{1,5}})(?![\w.])(?!:\d)"  # db:5432, 10.96.0.9:5432, //api:80/
)
_PORT_ASIDE = re.compile(r"\bport[=: ]{1,2}(\d{1,5})\b", re.I)
_WORD = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,252}")


def connection_errors(lines: list[str]) -> list[PeerError]:
    """Return the failures that the last lines of a log tell, the latest first."""
    found = [
        error
        for line in reversed(lines[-_MOST_LINES:])
        if (error := _read(line[:_LONGEST_LINE])) is not None
    ]
    latest: dict[object, PeerError] = {}
    for error in found:
        key = (error.trouble, error.lowered, error.port, "" if error.host else error.line)
        latest.setdefault(key, error)
    return list(latest.values())


def words_of(line: str) -> Iterator[tuple[str, int]]:
    """Yield each word of a line that may be a host, with the port that stands by it (or 0)."""
    line = line[:_LONGEST_LINE]
    aside = _PORT_ASIDE.search(line)
    port = int(aside[1]) if aside else 0
    ported = {m[1].lower(): int(m[2]) for m in _HOST_PORT.finditer(line)}
    yield from ported.items()
    for word in _WORD.finditer(line):
        text = word[0].rstrip(".").lower()
        if text not in ported:
            yield text, port


def _read(line: str) -> PeerError | None:
    if line.lstrip().startswith("-"):
        return None  # a flag in a usage text, such as `-w SEC  Connect timeout`
    down = _DNS_DOWN.search(line) is not None
    if down or _NAMELESS.search(line):
        host, port = _unresolved(line)
        trouble = Trouble.DNS_DOWN if down else Trouble.UNRESOLVED
        return PeerError(trouble, host, port, line)
    for pattern, trouble in ((_REFUSED, Trouble.REFUSED), (_TIMEOUT, Trouble.TIMEOUT)):
        if pattern.search(line):
            return PeerError(trouble, "", 0, line)
    return None


def _unresolved(line: str) -> tuple[str, int]:
    for pattern in _UNRESOLVED:
        if found := pattern.search(line):
            port = found[2] if pattern.groups > 1 else None
            host = found[1].rstrip(".:-")
            if host.lower() not in ("on", "for", "the", "is", "to", "address", "host", "name"):
                return host, int(port) if port else 0
    return "", 0
