"""Containers that end when they should run: crash loops, exit codes, out of memory."""

from podiatrist.analyzers.common.result import Result, counted
from podiatrist.analyzers.containers.container_ends import Crash, crashes
from podiatrist.analyzers.containers.crash_causes import Cause, blocked, cause_of
from podiatrist.analyzers.containers.crash_fixes import propose
from podiatrist.analyzers.containers.start_failures import is_mount_failure
from podiatrist.analyzers.containers.waiting_inits import waiting_inits
from podiatrist.analyzers.dependencies.dependencies import blames_peer
from podiatrist.analyzers.starting.sub_paths import blames_sub_path
from podiatrist.analyzers.storage import full_disk
from podiatrist.api.diagnosis import Finding
from podiatrist.cluster.kinds import WORKLOADS
from podiatrist.cluster.snapshot import Snapshot

_MOST = 4
"""Containers of one workload that are told; more fail for the same cause."""


def analyze(snapshot: Snapshot) -> list[Result]:
    """Return one result for each container that crashes, whatever its number of pods."""
    if snapshot.kind not in WORKLOADS:
        return []
    results = []
    for crash in crashes(snapshot)[:_MOST]:
        if is_mount_failure(crash.status):
            continue  # the rules about mounts tell it
        if blames_sub_path(snapshot, crash.pod, crash.name):
            continue  # so do they where a directory is mounted instead of a file
        cause = cause_of(snapshot, crash)
        if cause.reason == "DiskFull" and full_disk.explains(snapshot, crash.pod, crash.name):
            continue  # a claim is full: the rules about storage name it
        if cause.reason in ("PeerUnreachable", "CrashLoop") and blames_peer(snapshot, crash.name):
            continue
        results.append(
            Result(_finding(snapshot, crash, cause), tuple(propose(snapshot, crash, cause)))
        )
    if not any(blames_peer(snapshot, name) for name in _inits(snapshot)):
        results += waiting_inits(snapshot)
    return results


def _inits(snapshot: Snapshot) -> set[str]:
    return {c.name for p in snapshot.pods for c in p.spec.init_containers}


def _finding(snapshot: Snapshot, crash: Crash, cause: Cause) -> Finding:
    what = "Init container" if crash.is_init else "Container"
    others = len(crash.pods) - 1
    pods = f" (and {counted(others, 'other pod')})" if others else ""
    return Finding(
        analyzer="crashes",
        reason=cause.reason,
        message=f"{what} {crash.name} of pod {crash.pod.metadata.name}{pods} "
        f"{_how_often(crash)}: it {cause.words}.{blocked(crash)}",
        object=crash.pod.ref,
        evidence=cause.evidence,
    )


def _how_often(crash: Crash) -> str:
    times = crash.status.restart_count
    if not times:
        return "failed"
    again = "runs again, after " if crash.running else "crashes again and again, "
    return f"{again}{counted(times, 'restart')}"
