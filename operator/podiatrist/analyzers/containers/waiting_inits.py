"""Init containers that run and do not end: everything after them waits."""

import re
from collections.abc import Iterator
from datetime import timedelta

from podiatrist.analyzers.common.result import Result, and_more, counted
from podiatrist.analyzers.common.way_back import way_back
from podiatrist.analyzers.containers.log_errors import LogError, last_error
from podiatrist.api.diagnosis import Evidence, Finding
from podiatrist.cluster.logs import ContainerLog
from podiatrist.cluster.objects import ContainerStatus, Pod
from podiatrist.cluster.snapshot import Snapshot

SOON = timedelta(seconds=45)
"""How long one may run that says that it waits or fails; it has tried a few times by then."""

LATE = timedelta(minutes=5)
"""How long one may run that says nothing of the kind: migrations and downloads take their time."""

_WAITS = re.compile(
    r"\bwait(?:ing|s)?\b|\bretry(?:ing)?\b|\bretries\b|not (?:yet )?(?:ready|available|up)|"
    r"unavailable|sleeping|trying again",
    re.I,
)


def waiting_inits(snapshot: Snapshot) -> Iterator[Result]:
    """Yield one result for each init container that does not end."""
    found: dict[str, list[tuple[Pod, ContainerStatus]]] = {}
    for pod in snapshot.pods:
        if pod.ended or pod.metadata.deletion_timestamp is not None:
            continue
        for status in pod.status.init_container_statuses:
            spec = pod.spec.container(status.name)
            if status.state.running is None or (spec and spec.restart_policy == "Always"):
                continue
            found.setdefault(status.name, []).append((pod, status))
    for name, stuck in found.items():
        result = _result(snapshot, name, stuck)
        if result is not None:
            yield result


def _result(
    snapshot: Snapshot, name: str, stuck: list[tuple[Pod, ContainerStatus]]
) -> Result | None:
    pod, status = stuck[0]
    since = status.state.running.started_at if status.state.running else None
    if since is None:
        return None
    told = _told(snapshot, [p for p, _ in stuck], name)
    waits = told is not None and (told[0].known or _WAITS.search(told[0].line))
    if snapshot.taken_at - since < (SOON if waits else LATE):
        return None
    seconds = int((snapshot.taken_at - since).total_seconds())
    words = "its log says nothing"
    evidence = [
        Evidence(
            source=f"kubectl -n {snapshot.namespace} get pod {pod.metadata.name} -o json",
            quote=f'"startedAt":"{since.isoformat().replace("+00:00", "Z")}"',
        )
    ]
    if told is not None:
        error, log = told
        words = f"its log's last word is `{error.told}`" + (
            f": {error.meaning}" if error.meaning else ""
        )
        evidence.insert(0, Evidence(source=log.source, quote=error.line))
    names = [c.name for c in pod.spec.init_containers]
    after = names[names.index(name) + 1 :] if name in names else []
    blocked = [*after, *(c.name for c in pod.spec.containers)]
    finding = Finding(
        analyzer="crashes",
        reason="InitContainerStuck",
        message=f"Init container {name} of {counted(len(stuck), 'pod')} of {snapshot.target} "
        f"({pod.metadata.name}) has been running for {seconds} s and does not end, so that "
        f"{and_more(blocked)} cannot start; {words}.",
        object=pod.ref,
        evidence=evidence,
    )
    return Result(finding, tuple(way_back(snapshot, name, [p for p, _ in stuck])))


def _told(snapshot: Snapshot, pods: list[Pod], name: str) -> tuple[LogError, ContainerLog] | None:
    for pod in pods:
        for log in snapshot.logs_of(pod.metadata.name, name):
            error = last_error(log.text)
            if error is not None:
                return error, log
    return None
