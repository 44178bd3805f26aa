"""Security contexts that contradict the image, the node or themselves."""

import re
from collections.abc import Iterator

from podiatrist.actions.compiler import Proposal
from podiatrist.actions.set_security_context import SetSecurityContext
from podiatrist.analyzers.common.rollout import is_at_rest
from podiatrist.analyzers.starting.complaints import Complaint, Explanation
from podiatrist.api.diagnosis import Risk
from podiatrist.cluster.objects import Container, PodSpec
from podiatrist.cluster.snapshot import Snapshot

_USER_NAME = re.compile(r"image has non-numeric user \(([^)\s]{1,64})\)")
_SECCOMP = re.compile(r'cannot load seccomp profile "([^"]{1,400})"')

_NOBODY_IN_PARTICULAR = 65532
"""The user `nonroot` of distroless images; no image needs it to be in /etc/passwd."""

_NUMBERS = {
    "node": 1000,
    "jenkins": 1000,
    "elasticsearch": 1000,
    "nginx": 101,
    "postgres": 999,
    "redis": 999,
    "mysql": 999,
    "mongodb": 999,
    "grafana": 472,
    "nobody": 65534,
    "nonroot": 65532,
}
"""Users of widely used images, by the number that these images give them."""


def explain(snapshot: Snapshot, complaint: Complaint) -> Explanation | None:
    """Explain a complaint about user or seccomp profile; None for any other."""
    text = complaint.text
    container = complaint.pod.spec.container(complaint.container) or Container()
    if "runAsNonRoot and image will run as root" in text:
        return _as_user(
            snapshot,
            container,
            "RunsAsRoot",
            f"runAsNonRoot forbids root, no runAsUser is set, and image {container.image} runs as "
            "root by default. Set runAsUser to a user that the image can work as, or use an image "
            "that does not run as root.",
        )
    if "runAsUser breaks non-root policy" in text:
        return _as_user(
            snapshot,
            container,
            "RunAsUserContradicts",
            "runAsNonRoot forbids root and runAsUser is 0, which is root: the two contradict each "
            "other. Drop one of them.",
        )
    if found := _USER_NAME.search(text):
        return _as_user(
            snapshot,
            container,
            "UserNotNumeric",
            f"runAsNonRoot must be checked, and image {container.image} names its user "
            f"{found[1]!r} instead of giving a number, so the kubelet cannot tell that it is not "
            f"root. Set runAsUser to that user's number.",
            named=found[1],
        )
    if found := _SECCOMP.search(text):
        return _without_profile(snapshot, container, found[1])
    return None


def _as_user(
    snapshot: Snapshot, container: Container, reason: str, text: str, named: str = ""
) -> Explanation:
    return Explanation(
        key=(reason, container.name),
        reason=reason,
        text=f"container {container.name}: {text}",
        fixes=tuple(_users(snapshot, container, named)),
        absent_from=lambda older: not _same_user(older, snapshot.template, container.name),
    )


def _same_user(older: PodSpec, template: PodSpec, name: str) -> bool:
    """Whether two pod specs run a container with the same image and the same say about users."""

    def said(spec: PodSpec) -> tuple[object, ...]:
        found = spec.container(name) or Container()
        both = [found.security_context, spec.security_context]
        users = [c.run_as_user for c in both if c and c.run_as_user is not None]
        non_root = [c.run_as_non_root for c in both if c and c.run_as_non_root is not None]
        return found.image, users[:1], non_root[:1]

    return said(older) == said(template)


def _affected(snapshot: Snapshot, container: Container) -> list[Container]:
    """Return the containers with that image and no user of their own: they would fail next."""
    own = container.security_context
    for_pod = not (own and own.run_as_non_root)
    return [
        c
        for c in snapshot.template.all_containers
        if c.name == container.name
        or (
            for_pod
            and c.image == container.image
            and not (c.security_context and c.security_context.run_as_user)
        )
    ]


def _users(snapshot: Snapshot, container: Container, named: str) -> Iterator[Proposal]:
    affected = _affected(snapshot, container)
    names = " and ".join(c.name for c in affected)
    if not affected or len(affected) > 6:
        return
    user, why, risk = _user_for(snapshot, container, named)
    yield Proposal(
        title=f"Run {names} as user {user}",
        rationale=why,
        actions=tuple(
            SetSecurityContext(object=snapshot.target, container=c.name, run_as_user=user)
            for c in affected
        ),
        risk=risk,
    )
    yield Proposal(
        title=f"Let {names} run as root",
        rationale="Takes runAsNonRoot back. The image then runs as it was built to, with all that "
        "root may do in a container; whoever asked for runAsNonRoot should agree.",
        actions=tuple(
            SetSecurityContext(object=snapshot.target, container=c.name, run_as_non_root=False)
            for c in affected
        ),
        risk=Risk.HIGH,
    )


def _user_for(snapshot: Snapshot, container: Container, named: str) -> tuple[int, str, Risk]:
    """Return a user, why that one, and the risk: one that works with this image, else a guess."""
    for pod in [*snapshot.namespace_pods, *snapshot.cluster_pods]:
        for other in pod.spec.containers if is_at_rest(pod) and not pod.ended else ():
            user = _user_of(pod.spec, other)
            if other.image == container.image and user:
                why = f"Pod {pod.metadata.name} runs the same image as user {user} and is ready."
                return user, why, Risk.MEDIUM
    if number := _NUMBERS.get(named):
        why = f"The user {named!r} has the number {number} in the usual images; nobody has looked "
        return number, f"{why}into {container.image}.", Risk.MEDIUM
    siblings = [_user_of(snapshot.template, c) for c in snapshot.template.all_containers]
    user = next((u for u in siblings if u), None) or _NOBODY_IN_PARTICULAR
    why = f"Any user but root satisfies runAsNonRoot. Whether {container.image} works as user "
    why += f"{user} is not known: it cannot write where only root may, nor listen below port 1024."
    return user, why, Risk.HIGH


def _user_of(spec: PodSpec, container: Container) -> int | None:
    own = container.security_context.run_as_user if container.security_context else None
    of_pod = spec.security_context.run_as_user if spec.security_context else None
    return own if own is not None else of_pod


def _without_profile(snapshot: Snapshot, container: Container, path: str) -> Explanation:
    context = container.security_context
    own = context.seccomp_profile if context else None
    holder = container.name if own else ""
    return Explanation(
        key=("SeccompProfileNotFound", path),
        reason="SeccompProfileNotFound",
        text=f"the seccomp profile {path} that the pod asks for is not on the node. Put it on "
        "every node, or use the runtime's own profile.",
        fixes=(
            Proposal(
                title="Use the runtime's default seccomp profile",
                rationale="RuntimeDefault is on every node and forbids the dangerous calls; the "
                "missing profile may have forbidden more.",
                actions=(
                    SetSecurityContext(
                        object=snapshot.target, container=holder, seccomp_profile="RuntimeDefault"
                    ),
                ),
            ),
        ),
        absent_from=lambda older: not _localhost(older, path),
    )


def _localhost(spec: PodSpec, path: str) -> bool:
    contexts = [spec.security_context, *(c.security_context for c in spec.all_containers)]
    profiles = [c.seccomp_profile or {} for c in contexts if c]
    names = [str(p.get("localhostProfile") or "") for p in profiles]
    return any(name and path.endswith(name) for name in names)
