"""A claim's file system that is full, as the application's own last words tell it."""

import re
from collections.abc import Iterator
from datetime import timedelta
from posixpath import normpath

from podiatrist.analyzers.common.result import Result
from podiatrist.analyzers.common.rollout import is_at_rest
from podiatrist.api.diagnosis import Evidence, Finding
from podiatrist.cluster.logs import ContainerLog
from podiatrist.cluster.objects import Container, Pod
from podiatrist.cluster.snapshot import Snapshot

_FULL = re.compile(
    r"no space left on device|disk quota exceeded|\bENOSPC\b|database or disk is full"
    r"|not enough (?:free )?(?:disk )?space|disk full",
    re.IGNORECASE,
)
_PATH = re.compile(r"""(?<![\w./-])/[^\s'"`,;()\[\]<>=]{1,500}""")
_LINE = 2000
_RECENT = timedelta(minutes=10)


def analyze(snapshot: Snapshot) -> list[Result]:
    """Return one result for each claim that was found full."""
    found: dict[str, Result] = {}
    for pod in snapshot.pods:
        for status in pod.all_statuses:
            if full := _full_claim(snapshot, pod, status.name):
                found.setdefault(full[0], _result(snapshot, pod, status.name, *full))
    return list(found.values())


def explains(snapshot: Snapshot, pod: Pod, container: str) -> bool:
    """Say whether the disk that a container found full is a claim of its pod."""
    return _full_claim(snapshot, pod, container) is not None


def _full_claim(
    snapshot: Snapshot, pod: Pod, name: str
) -> tuple[str, str, ContainerLog, str] | None:
    """Return claim, mount path, log and line of what a container found full, None if nothing."""
    container = pod.spec.container(name)
    if container is None or not _ails(snapshot, pod, name):
        return None
    claims = {
        v.name: v.persistent_volume_claim.claim_name
        for v in pod.spec.volumes
        if v.persistent_volume_claim
    } | {v.name: f"{pod.metadata.name}-{v.name}" for v in pod.spec.volumes if v.ephemeral}
    mounts = {m.mount_path: claims.get(m.name, "") for m in container.volume_mounts}
    for log in snapshot.logs_of(pod.metadata.name, name):
        for line in reversed(log.lines[-60:]):
            if _FULL.search(line[:_LINE]):
                path = _mount_of(line[:_LINE], container, mounts)
                if path is not None and mounts[path]:
                    return mounts[path], path, log, line[:_LINE]
                return None
    return None


def _ails(snapshot: Snapshot, pod: Pod, name: str) -> bool:
    """Whether a container is not well now, or was not a moment ago."""
    if not is_at_rest(pod):
        return True
    ends = (s.last_end.finished_at for s in pod.all_statuses if s.name == name and s.last_end)
    return any(at is not None and snapshot.taken_at - at < _RECENT for at in ends)


def _mount_of(line: str, container: Container, mounts: dict[str, str]) -> str | None:
    """Return where the volume is mounted that a line speaks of, None where it cannot be told.

    A path decides; a relative one lies in the working directory. Without either, the one claim
    of a container is meant: what else would it write to.
    """
    paths = [normpath(found.rstrip(":.")) for found in _PATH.findall(line)]
    if not paths and container.working_dir:
        paths = [normpath(container.working_dir)]
    inside = [
        (len(mount), mount)
        for path in paths
        for mount in mounts
        if mount and (path == normpath(mount) or path.startswith(normpath(mount).rstrip("/") + "/"))
    ]
    if inside:
        return max(inside)[1]
    owned = [mount for mount, claim in mounts.items() if claim]
    return owned[0] if not paths and len(owned) == 1 else None


def _result(
    snapshot: Snapshot,
    pod: Pod,
    container: str,
    claim: str,
    path: str,
    log: ContainerLog,
    line: str,
) -> Result:
    return Result(
        Finding(
            analyzer="storage",
            reason="VolumeFull",
            message=f"container {container} of pod {pod.metadata.name} found the volume of claim "
            f"{claim}{_size(snapshot, claim)} full, mounted at {path}: {line.strip()[:300]}. "
            + "".join(_advice(snapshot, claim)),
            object=pod.ref,
            evidence=[Evidence(source=log.source, quote=line.strip()[:500])],
        )
    )


def _size(snapshot: Snapshot, name: str) -> str:
    found = next((c for c in snapshot.claims if c.metadata.name == name), None)
    size = found.status.capacity.get("storage") if found else None
    return f" ({size})" if size else ""


def _advice(snapshot: Snapshot, name: str) -> Iterator[str]:
    yield "Remove what is no longer needed there"
    claim = next((c for c in snapshot.claims if c.metadata.name == name), None)
    wanted = claim.spec.storage_class_name if claim else None
    found = next((s for s in snapshot.storage_classes if s.metadata.name == wanted), None)
    if found is not None and found.allow_volume_expansion:
        yield (
            f", or make it larger: kubectl -n {snapshot.namespace} edit pvc {name} "
            "(spec.resources.requests.storage)"
        )
    elif found is not None:
        yield f"; StorageClass {wanted} does not let it grow, so more room means a new claim"
    yield "."
