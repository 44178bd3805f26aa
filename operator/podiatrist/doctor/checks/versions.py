"""Versions: of Kubernetes, and of this program beside what runs."""

import re

from podiatrist.cluster.objects import Workload
from podiatrist.doctor.installation import ROLES, Installation
from podiatrist.doctor.verdict import Chart, Verdict

_CLUSTER, _PROGRAM = Chart("kubernetes"), Chart("version")

_POLICIES, _STAMP = 30, 36
"""Minor versions from which on ValidatingAdmissionPolicy and MutatingAdmissionPolicy are stable
(KEP-3488, KEP-3962)."""


def check_kubernetes(installation: Installation) -> list[Verdict]:
    """Say whether this Kubernetes has what keeps approvals honest."""
    server = installation.server
    if server.older_than(_POLICIES):
        return [
            _CLUSTER.broken(
                f"Kubernetes {server} has no ValidatingAdmissionPolicy, and without our policies "
                "nothing is executed; it takes 1.30, better 1.36",
                "kubectl version",
            )
        ]
    if server.older_than(_STAMP):
        return [
            _CLUSTER.warning(
                f"Kubernetes {server} has no MutatingAdmissionPolicy (1.36 has): who approves "
                "names himself",
                "kubectl annotate diagnosis NAME podiatrist.dev/approve=DIGEST "
                'podiatrist.dev/approved-by="$(kubectl auth whoami '
                "-o jsonpath='{.status.userInfo.username}')\"",
            )
        ]
    return [_CLUSTER.ok(f"Kubernetes {server}")]


def check_version(installation: Installation) -> list[Verdict]:
    """Say whether operator, executor and this program are of one version."""
    images = {
        role: image
        for role in ROLES
        if isinstance(workload := installation.workloads.get(role), Workload)
        for image in [container.image for container in workload.spec.template.spec.containers][:1]
    }
    tags = {role: _tag(image) for role, image in images.items()}
    if len(set(images.values())) > 1 and len(set(tags.values())) > 1:
        told = ", ".join(f"{role} {image}" for role, image in images.items())
        return [
            _PROGRAM.broken(
                f"operator and executor are of different versions: {told}",
                "kubectl apply -f deploy",
            )
        ]
    tag = next(iter(tags.values()), None)
    if tag is None or not _is_version(tag):
        return []  # nothing runs, or it is named by a digest
    if tag.removeprefix("v") != installation.program:
        return [
            _PROGRAM.warning(
                f"this program is {installation.program}, what runs is {tag}: what the other lines "
                "say is held against the wrong version",
                f"pip install podiatrist=={tag.removeprefix('v')}",
            )
        ]
    return [_PROGRAM.ok(f"{tag}, as this program")]


def _tag(image: str) -> str:
    """Return an image's tag; its digest, or nothing, where it has none."""
    rest = image.rsplit("/", 1)[-1]
    return rest.partition("@")[2] or rest.partition(":")[2]


def _is_version(tag: str) -> bool:
    return re.fullmatch(r"v?\d+\.\d+[\w.+-]*", tag, re.ASCII) is not None
