"""Jobs whose work is done, but which a helper container keeps running for ever.

A Job's pod succeeds when all its containers have ended. A proxy or log shipper that is a plain
container never does; as an init container with restartPolicy Always (a native sidecar, KEP-753)
it is ended when the work is.
"""

import re
from dataclasses import dataclass
from datetime import timedelta

from podiatrist.cluster.objects import Container, Pod
from podiatrist.cluster.snapshot import Snapshot

_SURE = re.compile(r"side-?car|\bproxy\b|\benvoy|\bistio|\blinkerd|\bdaprd?\b|cloud-?sql|\bpause\b")
"""Names that nobody gives to the work itself."""

_NAMES = re.compile(
    r"proxy|agent|fluent|filebeat|logstash|promtail|vector|shipper|forwarder|exporter|"
    r"\blog(?:s|ger|ging)?\b|metrics|statsd|otel|collector|telemetry|tunnel|vault|consul|"
    r"watcher|reloader|git-sync|helper|heartbeat|ticker|keepalive"
)
_NEVER_ENDS = re.compile(
    r"\bsleep\s+(?:inf|infinity|[0-9]{4,}|[1-9][0-9]*[hd])\b|"
    r"\btail\s+(?:\S{1,20}\s+){0,4}-{1,2}[fF]|"
    r"while\s+(?:true|:|\[ 1 \]|sleep)|until\s+false|for\s*\(\(\s*;\s*;\s*\)\)|"
    r"daemon off|\bhttp\.server\b"
)

_SOON = timedelta(seconds=30)
"""How long what looks like a sidecar may go on after the work: some notice the end and follow."""
_LATE = timedelta(minutes=10)
"""The same for what looks like any other container: it may have work of its own."""


def looks_like_sidecar(container: Container, *, first: bool = False) -> bool:
    """Say whether a container is there to help another one, by its name, image or command.

    The first container does the work by convention: it takes a surer sign there.
    """
    image = container.image.rpartition("/")[2].lower()[:253]
    name = container.name.lower()[:253]
    words = " ".join((*container.command, *container.args))[:4000]
    known = _SURE if first else _NAMES
    named = any(p.search(text) for p in (_SURE, known) for text in (name, image))
    return bool(named or _NEVER_ENDS.search(words))


@dataclass(frozen=True)
class Stuck:
    """A pod whose work ended well and whose helpers go on."""

    pod: Pod
    done: tuple[str, ...]
    helpers: tuple[str, ...]


def stuck(snapshot: Snapshot, pod: Pod) -> Stuck | None:
    """Return what keeps a Job's pod from ending; None where work may still be going on."""
    if pod.ended or pod.metadata.deletion_timestamp is not None:
        return None
    statuses = pod.status.container_statuses
    ended = [s for s in statuses if s.state.terminated]
    going = [s for s in statuses if s.state.running]
    if not ended or not going or len(ended) + len(going) < len(statuses):
        return None
    ends = [s.state.terminated for s in ended if s.state.terminated]
    if any(e.exit_code for e in ends):
        return None  # it failed, which is another story
    finished_at = max((e.finished_at for e in ends if e.finished_at), default=None)
    if finished_at is None:
        return None
    containers = [pod.spec.container(s.name) for s in going]
    names = [c.name for c in pod.spec.containers]
    obvious = all(
        c is not None and looks_like_sidecar(c, first=c.name == names[0]) for c in containers
    )
    # By convention the main container is the first one; while it runs, the work goes on.
    if not obvious and (not names or names[0] not in {s.name for s in ended}):
        return None
    if snapshot.taken_at - finished_at < (_SOON if obvious else _LATE):
        return None
    return Stuck(pod, tuple(s.name for s in ended), tuple(s.name for s in going))
