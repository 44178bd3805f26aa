"""Volumes that cannot be made ready for a pod, and mounts that do not fit into a container."""

import posixpath
import re

from podiatrist.actions.compiler import Proposal
from podiatrist.actions.set_mount import SetMount
from podiatrist.analyzers.common.result import and_more
from podiatrist.analyzers.starting.complaints import Complaint, Explanation, volume_in
from podiatrist.analyzers.starting.sub_paths import files_of, mounts_of, not_in_volume, volume_of
from podiatrist.cluster.objects import PodSpec, Volume
from podiatrist.cluster.objects.pods import VolumeMount
from podiatrist.cluster.snapshot import Snapshot

_TO_ROOTFS = re.compile(r'error mounting "[^"]{1,1024}" to rootfs at "([^"]{1,1024})"')
_PREPARE = re.compile(r'failed to prepare subPath for volumeMount "([^"]{1,253})"')
_NO_VALUE = re.compile(r"missing value for ([A-Za-z_][A-Za-z0-9_.-]{0,200})")
_UNREACHABLE = (
    r"[Cc]onnection timed out|[Cc]onnection refused|[Nn]o route to host|Host is down|"
    r"[Nn]ame or service not known|Failed to resolve server|[Nn]etwork is unreachable"
)
_CAUSES: tuple[tuple[str, str, str], ...] = (
    ("HostPathWrongType", r"hostPath type check failed", ""),
    (
        "CSIDriverNotFound",
        r"driver name \S{1,253} not found in the list of registered CSI drivers",
        "the CSI driver does not run on node {node}: install it, or look at its pod there",
    ),
    (
        "FilesystemNotSupported",
        r"unknown filesystem type|bad option; for several filesystems",
        "node {node} lacks the client for this kind of volume (such as nfs-common); install it",
    ),
    (
        "VolumeAccessDenied",
        r"access denied by server|[Pp]ermission denied|[Oo]peration not permitted",
        "the server or the node refuses access; check the export's and the driver's permissions",
    ),
    (
        "VolumePathNotFound",
        r"[Nn]o such file or directory|does not exist",
        "the path or export does not exist there; correct it, or make it",
    ),
    (
        "VolumeServerUnreachable",
        _UNREACHABLE,
        "node {node} does not reach the storage server; check its address and the network",
    ),
    (
        "FilesystemDamaged",
        r"wrong fs type, bad option, bad superblock|fsck found errors",
        "the file system on the volume is damaged or of another type",
    ),
)
"""Reason, what the kubelet or mount(8) says, and what a human makes of it."""

_COMPILED = tuple((reason, re.compile(said), advice) for reason, said, advice in _CAUSES)


def explain(snapshot: Snapshot, complaint: Complaint) -> Explanation | None:
    """Explain a complaint about a volume or a mount; None for any other."""
    if found := _TO_ROOTFS.search(complaint.text):
        return _not_fitting(snapshot, complaint, found[1])
    if found := _PREPARE.search(complaint.text):
        return _sub_path(snapshot, complaint, found[1])
    if found := _NO_VALUE.fullmatch(complaint.text.strip()):
        return Explanation(
            key=("SubPathVariableMissing", complaint.container, found[1]),
            reason="SubPathVariableMissing",
            text=f"a subPathExpr of container {complaint.container} uses $({found[1]}), and the "
            "container has no environment variable of that name. Define it under env, or correct "
            "the name.",
            absent_from=lambda older: f"$({found[1]})" not in _expressions(older),
        )
    if complaint.event and complaint.reason in ("FailedMount", "FailedMapVolume"):
        return _volume(snapshot, complaint)
    return None


def _expressions(spec: PodSpec) -> str:
    return " ".join(m.sub_path_expr for c in spec.all_containers for m in c.volume_mounts)


def _volume(snapshot: Snapshot, complaint: Complaint) -> Explanation | None:
    text = complaint.text
    if "timed out waiting for the condition" in text and any(
        e.reason == "FailedAttachVolume" for e in snapshot.events_about(complaint.pod.metadata.name)
    ):
        return None  # it waits for the attachment, which is a story of its own
    name = volume_in(text)
    volume = volume_of(complaint.pod.spec, name)
    described = _described(name, volume)
    node = complaint.pod.spec.node_name or "the pod's node"
    reason, why = "MountFailed", f"the kubelet says: {_tail(text)}"
    for cause, said, advice in _COMPILED:
        if said.search(text):
            reason, why = cause, advice.format(node=node) if advice else _host_path(text, node)
            break
    if reason == "HostPathWrongType" and "does not exist" in text:
        reason = "HostPathNotFound"
    return Explanation(
        key=(reason, name),
        reason=reason,
        text=f"{described} cannot be mounted: {why}.",
        absent_from=lambda older: volume_of(older, name) != volume,
    )


def _host_path(text: str, node: str) -> str:
    said = text.partition("hostPath type check failed")[2].lstrip(":, ")[:300]
    return (
        f"on node {node} {said}. Make it there, correct the path, or choose another type for the "
        "hostPath (DirectoryOrCreate makes an empty one)"
    )


def _tail(text: str) -> str:
    """Return the end of a message, where runtimes and mount commands put the cause."""
    said = " ".join(text.partition(" : ")[2].split() or text.split()).rstrip(".")
    return said if len(said) <= 400 else said[-400:]


def _described(name: str, volume: Volume | None) -> str:
    what = ""
    if volume is None:
        what = "made by the API server" if name.startswith("kube-api-access-") else ""
    elif volume.nfs:
        what = f"NFS {volume.nfs.get('server')}:{volume.nfs.get('path')}"
    elif volume.csi:
        what = f"CSI driver {volume.csi.get('driver')}"
    elif volume.host_path:
        what = f"hostPath {volume.host_path.get('path')}"
    elif volume.persistent_volume_claim:
        what = f"claim {volume.persistent_volume_claim.claim_name}"
    elif volume.config_map:
        what = f"ConfigMap {volume.config_map.name}"
    elif volume.secret:
        what = f"Secret {volume.secret.secret_name}"
    return f"volume {name or '(not named)'}" + (f" ({what})" if what else "")


def _not_fitting(snapshot: Snapshot, complaint: Complaint, path: str) -> Explanation:
    """Explain a mount that the runtime could not make: mostly a file where a directory is."""
    spec, name = complaint.pod.spec, complaint.container
    container = spec.container(name)
    mounts = container.volume_mounts if container else []
    mount = next((m for m in mounts if posixpath.normpath(m.mount_path) == path), None)
    volume = volume_of(spec, mount.name) if mount else None
    keys = files_of(snapshot, volume)
    what = _described(mount.name, volume) if mount else "a volume"
    fixes: list[Proposal] = []
    reason, text = "MountFailed", f"the runtime says: {_tail(complaint.text)}"
    if "not a directory" in complaint.text and mount:
        if mount.sub_path and keys is not None and mount.sub_path not in keys:
            return not_in_volume(snapshot, complaint, mount, keys)
        if f"rootfs{path}: not a directory" in complaint.text:
            reason = "MountPathUnderFile"
            text = "a part of that path is a file in the image, not a directory"
        elif mount.sub_path:
            reason = "FileOverDirectory"
            target = posixpath.join(path, posixpath.basename(mount.sub_path))
            text = (
                f"subPath {mount.sub_path} is a file and {path} is a directory in the image (or "
                f"the other way round); mountPath must name the file, such as {target}"
            )
            fixes = [_mount_at(snapshot, name, mount, new_path=target)]
        elif volume and (volume.config_map or volume.secret or volume.projected):
            reason = "VolumeOverFile"
            text = f"the volume is a directory and {path} is a file in the image; mount one file "
            text += "of it with subPath, or choose another mountPath"
            file = _one_file(path, keys)
            fixes = [_mount_at(snapshot, name, mount, sub_path=file)] if file else []
        else:
            reason = "MountTypeMismatch"
            text = "one of the two is a file and the other a directory"
    elif "read-only file system" in complaint.text:
        reason = "MountPathReadOnly"
        text = "that path lies in something read-only (another volume, or the root file system)"
    return Explanation(
        key=(reason, name, path),
        reason=reason,
        text=f"{what} cannot be mounted at {path} of container {name}: {text}.",
        fixes=tuple(fixes),
        absent_from=lambda older: mount not in mounts_of(older, name),
    )


def _one_file(path: str, keys: list[str] | None) -> str | None:
    """Return the file of the volume that was meant for this path, if that is plain."""
    name = posixpath.basename(path)
    if not keys:
        return None
    return name if name in keys else keys[0] if len(keys) == 1 else None


def _mount_at(
    snapshot: Snapshot, container: str, mount: VolumeMount, new_path: str = "", sub_path: str = ""
) -> Proposal:
    if sub_path:
        title = f"Mount only {sub_path} of {mount.name} at {mount.mount_path}"
        why = f"The volume has the file {sub_path}; with subPath it takes the place of the file."
    else:
        title = f"Mount {mount.sub_path} of {mount.name} at {new_path}"
        why = "A file can be mounted where a file is, or where nothing is; not over a directory."
    return Proposal(
        title=title,
        rationale=why,
        actions=(
            SetMount(
                object=snapshot.target,
                container=container,
                mount_path=mount.mount_path,
                new_path=new_path,
                sub_path=sub_path,
            ),
        ),
    )


def _sub_path(snapshot: Snapshot, complaint: Complaint, volume_name: str) -> Explanation:
    name = complaint.container
    mounts = [
        m
        for m in mounts_of(complaint.pod.spec, name)
        if m.name == volume_name and (m.sub_path or m.sub_path_expr)
    ]
    said = and_more([m.sub_path or m.sub_path_expr for m in mounts]) or "(not named)"
    described = _described(volume_name, volume_of(complaint.pod.spec, volume_name))
    return Explanation(
        key=("SubPathFailed", name, volume_name),
        reason="SubPathFailed",
        text=f"subPath {said} of container {name} cannot be made in {described}: a part of it is "
        "a file, or the volume is read-only. Correct subPath.",
        absent_from=lambda older: any(m not in mounts_of(older, name) for m in mounts),
    )
