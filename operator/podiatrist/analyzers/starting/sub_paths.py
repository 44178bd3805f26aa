"""Mounts of one file of a ConfigMap that does not have it: the kubelet makes a directory instead.

Over a file of the image the runtime refuses that; anywhere else nobody says a word, and the
program finds a directory where its file should be.
"""

from collections.abc import Iterator

from podiatrist.actions.compiler import Proposal
from podiatrist.actions.set_mount import SetMount
from podiatrist.analyzers.common.result import and_more
from podiatrist.analyzers.common.similar_names import similar_names
from podiatrist.analyzers.starting.complaints import Complaint, Explanation
from podiatrist.cluster.objects import Pod, PodSpec, Volume
from podiatrist.cluster.objects.pods import VolumeMount
from podiatrist.cluster.snapshot import Snapshot

SILENT = "SubPathNotFound"
"""The reason of a complaint that we make ourselves, since nobody else does."""


def volume_of(spec: PodSpec, name: str) -> Volume | None:
    """Return the volume of that name."""
    return next((v for v in spec.volumes if v.name == name), None)


def mounts_of(spec: PodSpec, container: str) -> list[VolumeMount]:
    """Return the mounts of a container."""
    found = spec.container(container)
    return found.volume_mounts if found else []


def files_of(snapshot: Snapshot, volume: Volume | None) -> list[str] | None:
    """Return the files of a ConfigMap volume; None where they are not known."""
    if volume is None or volume.config_map is None:
        return None
    if volume.config_map.items:
        return [item.path for item in volume.config_map.items]
    found = (c for c in snapshot.config_maps if c.metadata.name == volume.config_map.name)
    return next((c.keys for c in found), None)


def wrong_sub_paths(
    snapshot: Snapshot, pod: Pod, container: str
) -> Iterator[tuple[VolumeMount, list[str]]]:
    """Yield the mounts of a container whose subPath is not in its ConfigMap, and what is in it."""
    for mount in mounts_of(pod.spec, container):
        files = files_of(snapshot, volume_of(pod.spec, mount.name)) if mount.sub_path else None
        if files is None:
            continue
        wanted = mount.sub_path.strip("/")
        if not any(f == wanted or f.startswith(f"{wanted}/") for f in files):
            yield mount, files


def blames_sub_path(snapshot: Snapshot, pod: Pod, container: str) -> bool:
    """Say whether a container that failed got a directory where it wanted a file."""
    status = next((s for s in pod.all_statuses if s.name == container), None)
    if status is None or status.ready or status.last_end is None:
        return False
    failed = bool(status.last_end.exit_code)
    told = any("irectory" in log.text for log in snapshot.logs_of(pod.metadata.name, container))
    return failed and told and any(wrong_sub_paths(snapshot, pod, container))


def silent_complaints(snapshot: Snapshot, pod: Pod) -> Iterator[Complaint]:
    """Yield a complaint, with the log as its witness, for each container that fails so."""
    for status in pod.all_statuses:
        if blames_sub_path(snapshot, pod, status.name):
            said = next(
                line.strip()
                for log in snapshot.logs_of(pod.metadata.name, status.name)
                for line in reversed(log.text.splitlines())
                if "irectory" in line
            )
            yield Complaint(pod, status.name, SILENT, said, event=False, logged=True)


def explain(snapshot: Snapshot, complaint: Complaint) -> Explanation | None:
    """Explain a complaint of ours; None for any other."""
    if complaint.reason != SILENT:
        return None
    found = next(wrong_sub_paths(snapshot, complaint.pod, complaint.container), None)
    return not_in_volume(snapshot, complaint, *found) if found else None


def not_in_volume(
    snapshot: Snapshot, complaint: Complaint, mount: VolumeMount, files: list[str]
) -> Explanation:
    """Explain a subPath that the ConfigMap has no key for."""
    return Explanation(
        key=("SubPathNotFound", complaint.container, mount.mount_path),
        reason="SubPathNotFound",
        text=f"subPath {mount.sub_path} of container {complaint.container} is not in volume "
        f"{mount.name}, which has {and_more(files, 6) or 'no file at all'}; an empty directory is "
        f"mounted at {mount.mount_path} instead of the file. Correct subPath.",
        fixes=tuple(_other_files(snapshot, complaint.container, mount, files)),
        absent_from=lambda older: mount not in mounts_of(older, complaint.container),
    )


def _other_files(
    snapshot: Snapshot, container: str, mount: VolumeMount, files: list[str]
) -> Iterator[Proposal]:
    for file in similar_names(mount.sub_path, files):
        yield Proposal(
            title=f"Use subPath {file} instead of {mount.sub_path}",
            rationale=f"{mount.sub_path} is not in the volume; {file} is, and is close to it.",
            actions=(
                SetMount(
                    object=snapshot.target,
                    container=container,
                    mount_path=mount.mount_path,
                    sub_path=file,
                ),
            ),
        )
