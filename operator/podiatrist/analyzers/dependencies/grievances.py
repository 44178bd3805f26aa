"""Which peers a sick container complains about: in its log, or by what it declares.

What a log says is certain. What is only declared counts where the log says nothing else: a
program that names another error is not made sick by a database that sleeps.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from podiatrist.analyzers.dependencies.connection_errors import (
    PeerError,
    Trouble,
    connection_errors,
    words_of,
)
from podiatrist.analyzers.dependencies.declared_peers import Peer, declared_peers
from podiatrist.analyzers.dependencies.peer_names import Meaning, Place, meaning_of
from podiatrist.analyzers.network.service_peers import status_in_trouble
from podiatrist.api.diagnosis import Evidence
from podiatrist.cluster.logs import ContainerLog
from podiatrist.cluster.objects import ContainerStatus, Pod, Terminated
from podiatrist.cluster.snapshot import Snapshot

_LAST_WORDS = 20
"""Lines at the end of a log in which a complaint is about now."""

_OTHER_ENDS = (126, 127, 128, 132, 134, 137, 139)
"""Exit codes that no missing peer brings: not startable, killed, crashed in its own code."""

_HINT = re.compile(r"wait|connect|retry|retri|refus|time[d-]? ?out|unavail|unreach|depend", re.I)


@dataclass(frozen=True)
class Grievance:
    """One peer that a container misses: what was said about it, and where it is declared.

    `meaning` is None where neither says which peer it is.
    """

    pod: Pod
    container: str
    host: str
    port: int
    meaning: Meaning | None
    seen: list[Evidence]
    error: PeerError | None = None
    peer: Peer | None = None


def sick_containers(snapshot: Snapshot, pods: list[Pod]) -> Iterator[tuple[Pod, ContainerStatus]]:
    """Yield each sick container once, from the pod whose log was read if there is one."""
    read = {(log.pod, log.container) for log in snapshot.logs}
    found: dict[str, tuple[Pod, ContainerStatus]] = {}
    for pod in pods:
        if pod.metadata.deletion_timestamp is not None or pod.status.phase == "Succeeded":
            continue
        for status in pod.all_statuses:
            if _is_sick(pod, status, snapshot):
                known = (pod.metadata.name, status.name) in read
                if known or status.name not in found:
                    found.setdefault(status.name, (pod, status))
                    if known and (found[status.name][0].metadata.name, status.name) not in read:
                        found[status.name] = (pod, status)
    yield from found.values()


def _is_sick(pod: Pod, status: ContainerStatus, snapshot: Snapshot) -> bool:
    ended = status.state.terminated
    if ended is not None and ended.exit_code == 0 and _is_init(pod, status.name):
        return False
    return status_in_trouble(status, snapshot.taken_at)


def _is_init(pod: Pod, container: str) -> bool:
    return any(c.name == container for c in pod.spec.init_containers)


def grievances(snapshot: Snapshot, pod: Pod, status: ContainerStatus) -> Iterator[Grievance]:
    """Yield what one sick container misses, the surest first."""
    logs = snapshot.logs_of(pod.metadata.name, status.name)
    declared = [p for p in declared_peers(pod.spec) if p.container == status.name]
    named = False
    for log in logs:
        for error in connection_errors(log.lines[-_LAST_WORDS:]):
            for grievance in _told(snapshot, pod, status.name, log, error, declared):
                named = True
                yield grievance
    if not named and _may_be_silent_about_it(status, logs, declared):
        for peer in declared:
            yield Grievance(
                pod,
                status.name,
                peer.host,
                peer.port,
                meaning_of(snapshot, peer.host),
                [_declaration(snapshot, pod, peer)],
                peer=peer,
            )


def _told(
    snapshot: Snapshot,
    pod: Pod,
    container: str,
    log: ContainerLog,
    error: PeerError,
    declared: list[Peer],
) -> Iterator[Grievance]:
    """Yield the peers that one complaint is about."""
    line = Evidence(source=log.source, quote=error.line.strip())
    if error.host:
        hosts = [(error.lowered, error.port)]
    else:
        told = ((word, port) for word, port in words_of(error.line))
        hosts = [
            (word, port)
            for word, port in told
            if (m := meaning_of(snapshot, word)) is not None and m.place is Place.HERE
        ][:1]
        texts = {p.host for p in declared}
        hosts += [(w, p) for w, p in words_of(error.line) if w in texts and not hosts][:1]
    for host, port in hosts:
        meaning = meaning_of(snapshot, host)
        peer = _declared_as(snapshot, host, port, meaning, declared)
        seen = [line, *([_declaration(snapshot, pod, peer)] if peer else [])]
        known_port = port or (peer.port if peer else 0)
        yield Grievance(pod, container, host, known_port, meaning, seen, error, peer)
    if hosts:
        return
    for peer in declared:
        seen = [line, _declaration(snapshot, pod, peer)]
        meaning = meaning_of(snapshot, peer.host)
        yield Grievance(pod, container, peer.host, peer.port, meaning, seen, error, peer)
    if not declared and error.trouble is Trouble.DNS_DOWN:
        yield Grievance(pod, container, "", 0, None, [line], error)


def _declared_as(
    snapshot: Snapshot, host: str, port: int, meaning: Meaning | None, declared: list[Peer]
) -> Peer | None:
    """Return where the host of a complaint is declared: under this name or another one."""
    same = [p for p in declared if p.host == host]
    if not same and meaning is not None and meaning.place in (Place.HERE, Place.NOWHERE):
        same = [
            p
            for p in declared
            if (m := meaning_of(snapshot, p.host)) is not None
            and (m.place, m.name) == (meaning.place, meaning.name)
        ]
    if port:
        same = [p for p in same if p.port in (0, port)] or same
    return next((p for p in same if p.variable), same[0] if same else None)


def _may_be_silent_about_it(
    status: ContainerStatus, logs: list[ContainerLog], declared: list[Peer]
) -> bool:
    """Whether what is only declared may be the reason: no other one is told."""
    ended = status.last_end
    if ended is not None and status.state.running is None and _is_other_end(ended):
        return False
    waiting = status.state.waiting
    if waiting is not None and waiting.reason != "CrashLoopBackOff":
        return False
    texts = ["\n".join(log.lines[-_LAST_WORDS:]).lower()[:20_000] for log in logs]
    if not any(text.strip() for text in texts):
        return True
    names = {p.host.partition(".")[0] for p in declared}
    return any(_HINT.search(text) or any(name in text for name in names) for text in texts)


def _is_other_end(ended: Terminated) -> bool:
    return ended.reason == "OOMKilled" or ended.exit_code in _OTHER_ENDS


def _declaration(snapshot: Snapshot, pod: Pod, peer: Peer) -> Evidence:
    kind = "env" if peer.variable else "command"
    return Evidence(
        source=f"kubectl -n {snapshot.namespace} get pod {pod.metadata.name} "
        f"-o jsonpath={{.spec}}  # {kind} {peer.variable or 'of ' + peer.container}",
        quote=peer.text,
    )
