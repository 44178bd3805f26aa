"""Images that cannot be pulled: why, and which image was probably meant."""

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files

from podiatrist.actions.compiler import Proposal
from podiatrist.actions.set_image import SetImage
from podiatrist.analyzers.common.near_miss import near_misses
from podiatrist.analyzers.common.result import Result, counted
from podiatrist.analyzers.common.revisions import older_revisions, propose_rollback
from podiatrist.analyzers.common.rollout import reaching
from podiatrist.analyzers.images.image_errors import ImageProblem, classify
from podiatrist.analyzers.images.image_reference import (
    DOCKER_HUB,
    ImageReference,
    mend,
    parse_image,
)
from podiatrist.api.diagnosis import Evidence, Finding
from podiatrist.cluster.objects import ContainerStatus, Pod
from podiatrist.cluster.snapshot import Snapshot

WAITING_REASONS = frozenset(
    {
        "ErrImagePull",
        "ImagePullBackOff",
        "InvalidImageName",
        "ErrImageNeverPull",
        "ImageInspectError",
        "RegistryUnavailable",
        "SignatureValidationFailed",
    }
)
"""Reasons of a waiting container that are about its image (kubelet, pkg/kubelet/images)."""

_KNOWN_REGISTRIES = (
    DOCKER_HUB,
    "ghcr.io",
    "quay.io",
    "gcr.io",
    "registry.k8s.io",
    "registry.gitlab.com",
    "public.ecr.aws",
    "mcr.microsoft.com",
    "registry.access.redhat.com",
)

_OWN_LIMIT = "pull QPS exceeded"
"""The kubelet's own limit on pulls when many pods start at once: it passes in a minute."""

_BARE_BACK_OFF = re.compile(r'Back-off pulling image "[^"]*"')


@dataclass(frozen=True)
class Failure:
    """One container image that cannot be pulled, and the pods that wait for it."""

    container: str
    image: str
    reason: str
    message: str
    witness: Pod
    pods: tuple[Pod, ...]

    @property
    def problem(self) -> ImageProblem:
        """Why it cannot be pulled."""
        return classify(self.reason, self.message, self.image)


@cache
def well_known_images() -> tuple[str, ...]:
    """Return names of widely used images of Docker Hub's own library."""
    text = files("podiatrist.analyzers.images").joinpath("well_known_images.txt").read_text("utf-8")
    return tuple(text.split())


def analyze(snapshot: Snapshot) -> list[Result]:
    """Return one result for each container image that cannot be pulled.

    The fixes stand with the first one that the target still asks for, and mend all of those
    together: a fix that leaves one container waiting would be undone as not helping.
    """
    failures = _failures(snapshot)
    current = [f for f in failures if _still_asked_for(snapshot, f)]
    wanted = _proposals(snapshot, current) if current else ()
    proposals = tuple(found for p in wanted if (found := reaching(snapshot, p)))
    return [
        Result(_finding(snapshot, f), proposals if current and f is current[0] else ())
        for f in failures
    ]


def _still_asked_for(snapshot: Snapshot, failure: Failure) -> bool:
    """Whether the target's pods of today would have that image; old pods may have another."""
    template = snapshot.template
    return any(
        (c.name, c.image) == (failure.container, failure.image)
        for c in (*template.init_containers, *template.containers)
    )


def image_trouble(pod: Pod) -> Iterator[ContainerStatus]:
    """Yield the containers of a pod that wait for an image in vain."""
    if pod.ended or pod.metadata.deletion_timestamp is not None:
        return
    for status in pod.all_statuses:
        waiting = status.state.waiting
        if waiting and waiting.reason in WAITING_REASONS and _OWN_LIMIT not in waiting.message:
            yield status


def _failures(snapshot: Snapshot) -> list[Failure]:
    pods_of: dict[tuple[str, str], list[Pod]] = defaultdict(list)
    for pod in snapshot.pods:
        for status in image_trouble(pod):
            pods_of[status.name, _asked_for(pod, status)].append(pod)
    return [
        Failure(name, image, *_told(snapshot, pods, name, image), pods=tuple(pods))
        for (name, image), pods in pods_of.items()
    ]


def _asked_for(pod: Pod, status: ContainerStatus) -> str:
    """Return the image as the pod's spec writes it; the status may hold it in another form."""
    containers = [*pod.spec.init_containers, *pod.spec.containers]
    return next((c.image for c in containers if c.name == status.name), status.image)


def _told(snapshot: Snapshot, pods: list[Pod], container: str, image: str) -> tuple[str, str, Pod]:
    """Return the waiting reason, the most telling message that the kubelet gave, and its pod.

    `ImagePullBackOff` may say no more than "Back-off pulling image"; then the cause is in the
    event of the failed pull.
    """
    waiting = [
        (s.state.waiting, pod)
        for pod in pods
        for s in pod.all_statuses
        if s.name == container and s.state.waiting
    ]
    telling, witness = max(waiting, key=lambda told: len(told[0].message))
    events = [
        (e.message, pod)
        for pod in pods
        for e in snapshot.events_about(pod.metadata.name)
        if e.reason in ("Failed", "InspectFailed") and f'"{image}"' in e.message
    ]
    says_nothing = not telling.message or _BARE_BACK_OFF.fullmatch(telling.message)
    if says_nothing and events:
        return telling.reason, *max(events, key=lambda told: len(told[0]))
    return telling.reason, telling.message, witness


def _finding(snapshot: Snapshot, failure: Failure) -> Finding:
    problem, pod = failure.problem, failure.witness
    return Finding(
        analyzer="images",
        reason=problem.reason,
        message=f"{counted(len(failure.pods), 'pod')} of {snapshot.target} cannot start: image "
        f"{failure.image} of container {failure.container}: {problem.explanation}."
        + _advice(snapshot, failure),
        object=pod.ref,
        evidence=[
            Evidence(
                source=f"kubectl -n {snapshot.namespace} describe pod {pod.metadata.name}",
                quote=failure.message or failure.reason,
            )
        ],
    )


def _advice(snapshot: Snapshot, failure: Failure) -> str:
    """Return what a human can do where no patch helps; empty where options say it."""
    parsed = parse_image(failure.image)
    registry = parsed.registry if parsed else "the registry"
    match failure.problem:
        case ImageProblem.NO_PERMISSION | ImageProblem.DENIED_OR_MISSING:
            secrets = [s.name for s in failure.pods[0].spec.image_pull_secrets]
            used = (
                f"The pod uses the pull secret(s) {', '.join(secrets)}; check that they are valid "
                f"for {registry}."
                if secrets
                else f"The pod names no imagePullSecrets; {registry} may want one."
            )
            return f" {used}"
        case ImageProblem.RATE_LIMIT:
            return (
                f" It passes by itself when {registry} allows pulls again; credentials or a "
                "mirror raise the limit."
            )
        case ImageProblem.TLS:
            return f" The node must trust the certificate of {registry}, or the name is wrong."
        case ImageProblem.UNKNOWN_HOST:
            return f" Check the spelling of {registry} and the node's DNS."
        case ImageProblem.TIMEOUT | ImageProblem.UNREACHABLE | ImageProblem.SERVER_ERROR:
            return f" Check whether {registry} is up and reachable from the node."
        case ImageProblem.WRONG_PLATFORM:
            return " Build the image for this platform, or choose nodes of another one."
    return ""


def _proposals(snapshot: Snapshot, failures: list[Failure]) -> Iterator[Proposal]:
    if all(_older_revision_differs(snapshot, failure) for failure in failures):
        yield from propose_rollback(snapshot)
    meant = [_meant(snapshot, failure) for failure in failures]
    if len(failures) == 1:
        choices = [[(failures[0], *candidate)] for candidate in meant[0]]
    else:
        best = [(f, *found[0]) for f, found in zip(failures, meant, strict=True) if found]
        choices = [best] if len(best) == len(failures) else []
    for choice in choices:
        set_to = " and of ".join(f"{failure.container} to {image}" for failure, image, _ in choice)
        yield Proposal(
            title=f"Set the image of {set_to}",
            rationale=" ".join(why for _, _, why in choice),
            actions=tuple(
                SetImage(object=snapshot.target, container=failure.container, image=image)
                for failure, image, _ in choice
            ),
        )


def _older_revision_differs(snapshot: Snapshot, failure: Failure) -> bool:
    """Whether the revision we would go back to asks for another image."""
    revisions = older_revisions(snapshot)
    older = [r for r in revisions if r.status.ready_replicas > 0] or revisions
    if not older:
        return False
    containers = [
        *older[0].spec.template.spec.init_containers,
        *older[0].spec.template.spec.containers,
    ]
    return any(c.name == failure.container and c.image != failure.image for c in containers)


def _meant(snapshot: Snapshot, failure: Failure) -> list[tuple[str, str]]:
    """Return the images that may have been meant, each with the reason to think so."""
    if failure.problem is ImageProblem.INVALID_NAME:
        mended = mend(failure.image)
        why = f"{failure.image!r} is no valid image reference; {mended!r} is the closest valid one."
        return [(mended, why)] if mended else []
    asked = parse_image(failure.image)
    if asked is None:
        return []
    if failure.problem is ImageProblem.UNKNOWN_HOST:
        return [
            (
                str(replace(asked, host=host)),
                f"{asked.host} does not resolve; {host} is close to it.",
            )
            for host in near_misses(asked.host, _KNOWN_REGISTRIES)
        ]
    if failure.problem not in (ImageProblem.NOT_FOUND, ImageProblem.DENIED_OR_MISSING):
        return []
    return [*_other_tag(snapshot, asked), *_other_repository(snapshot, asked)][:2]


def _used_images(snapshot: Snapshot) -> list[ImageReference]:
    """Return the images that run in the cluster or lie on its nodes: they exist for certain."""
    running = [
        c.image
        for pod in snapshot.cluster_pods
        for c in pod.spec.containers
        if any(s.name == c.name and s.ready for s in pod.status.container_statuses)
    ]
    on_nodes = [
        name for node in snapshot.nodes for image in node.status.images for name in image.names
    ]
    parsed = (parse_image(name) for name in dict.fromkeys([*running, *on_nodes]))
    return [image for image in parsed if image and not image.digest]


def _other_tag(snapshot: Snapshot, asked: ImageReference) -> list[tuple[str, str]]:
    used = [
        image
        for image in _used_images(snapshot)
        if (image.registry, image.repository) == (asked.registry, asked.repository)
        and (image.tag or "latest") != (asked.tag or "latest")
    ]
    found = {str(replace(asked, tag=image.tag, digest="")): image.tag or "latest" for image in used}
    return [
        (text, f"{asked} was not found; the tag {tag} of it is in use in this cluster.")
        for text, tag in found.items()
    ]


def _other_repository(snapshot: Snapshot, asked: ImageReference) -> list[tuple[str, str]]:
    used = [i for i in _used_images(snapshot) if i.registry == asked.registry]
    known = {_short(image): "is in use in this cluster" for image in used}
    if asked.registry == DOCKER_HUB:
        for name in well_known_images():
            known.setdefault(name, "is a well-known image")
    if _short(asked) in known:
        return []  # the name is right, so it is the tag that is not there
    return [
        (
            str(replace(asked, path=name, digest="")),
            (
                f"{asked.name} was not found; {name} {known[name]} and close to it. "
                f"Nobody has checked that it has the tag {asked.tag or 'latest'}."
            ),
        )
        for name in near_misses(_short(asked), known)
    ]


def _short(image: ImageReference) -> str:
    """Return the repository as people say it: Docker Hub's own images without `library/`."""
    return image.repository.removeprefix("library/")
