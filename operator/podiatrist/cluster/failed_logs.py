"""Reads the last words of containers that failed: a few containers, a bounded end of each."""

import asyncio
from collections.abc import Iterator

from podiatrist.cluster.client import Client
from podiatrist.cluster.errors import ClusterError
from podiatrist.cluster.logs import ContainerLog
from podiatrist.cluster.objects import ContainerStatus, Pod
from podiatrist.cluster.redaction import redact

_MOST_LOGS = 6
"""Containers whose log is read for one snapshot; pods of one workload say the same."""


async def read_failed_logs(
    client: Client, pods: list[Pod], *, of_many: bool = False
) -> list[ContainerLog]:
    """Return the end of the logs of containers that failed or are not ready.

    `of_many` says that the pods belong to several workloads, whose containers may share names.
    """
    wanted = list(_wanted(pods, of_many=of_many))[:_MOST_LOGS]
    found = await asyncio.gather(*(_read(client, *one) for one in wanted))
    return [log for log in found if log is not None]


def _wanted(pods: list[Pod], *, of_many: bool) -> Iterator[tuple[Pod, str, bool]]:
    """Yield pod, container and whether the run before the present one is meant.

    One pod for each container name and kind of end: the one that failed last.
    """
    seen: set[tuple[str, str, bool]] = set()
    for pod in sorted(pods, key=lambda p: str(p.metadata.creation_timestamp or ""), reverse=True):
        controller = pod.metadata.controller
        whose = controller.uid if of_many and controller else ""
        for status in pod.all_statuses:
            for previous in _runs(status, pod):
                if (whose, status.name, previous) not in seen:
                    seen.add((whose, status.name, previous))
                    yield pod, status.name, previous


def _runs(status: ContainerStatus, pod: Pod) -> Iterator[bool]:
    """Yield which runs of a container are worth reading; True is the one before the present."""
    ended, before = status.state.terminated, status.last_state.terminated
    if ended is not None:
        # Through a back-off the status stays `terminated`; its log is the present one.
        if ended.exit_code or ended.reason not in ("", "Completed") or status.restart_count:
            yield False
        return
    if before is not None and status.state.running is not None:
        yield True
    if before is not None and status.state.waiting is not None:
        yield False  # nothing runs: the plain log is that of the run that failed
    if status.state.running is not None and not status.ready and not pod.ended:
        yield False


async def _read(client: Client, pod: Pod, container: str, previous: bool) -> ContainerLog | None:
    metadata = pod.metadata
    try:
        text = await client.log(metadata.namespace, metadata.name, container, previous=previous)
    except ClusterError:
        return None  # no log yet, or the node does not answer: the objects must do
    if not text.strip() or text.startswith("unable to retrieve container logs"):
        return None
    return ContainerLog(metadata.namespace, metadata.name, container, previous, redact(text))
