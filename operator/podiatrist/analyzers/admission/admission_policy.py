"""Pod Security, webhooks and policies: what they ask for, and what meets it."""

from collections.abc import Iterator

from podiatrist.actions.compiler import Proposal
from podiatrist.actions.meet_pod_security import MeetPodSecurity
from podiatrist.analyzers.admission.admission_errors import (
    PodSecurityViolated,
    PolicyDenied,
    WebhookFailed,
)
from podiatrist.analyzers.common.result import and_more
from podiatrist.analyzers.common.revisions import propose_rollback
from podiatrist.api.diagnosis import Risk
from podiatrist.cluster.objects import PodSpec
from podiatrist.cluster.snapshot import Snapshot

_USER = 1000

_MENDABLE = (
    "allowPrivilegeEscalation",
    "unrestricted capabilities",
    "non-default capabilities",
    "runAsNonRoot",
    "runAsUser",
    "seccompProfile",
    "privileged",
    "host namespaces",
    "hostPort",
)
"""Starts of violations that security contexts answer; volumes and sysctls are needed by someone."""

_RISKY = ("privileged", "host namespaces", "hostPort", "non-default capabilities")
"""What was asked for on purpose: without it the program may not do its work."""

_FAILURES = (
    ("service", "not found", "its Service does not exist"),
    ("no endpoints available", "", "no pod is ready behind its Service"),
    (
        "connection refused",
        "",
        "nobody listens where it should answer (most often since no pod is ready behind it)",
    ),
    ("deadline exceeded", "", "it did not answer in time"),
    ("Client.Timeout", "", "it did not answer in time"),
    ("x509", "", "its certificate is not trusted (the caBundle does not fit)"),
    ("tls:", "", "the TLS handshake with it fails"),
    ("no such host", "", "its host name does not resolve"),
    ("no route to host", "", "there is no way to it in the network"),
    ("unexpected response code", "", "it answers with an error"),
    ("could not find the requested resource", "", "it has nothing under the path that is asked"),
    ("expected response", "", "its answer is no answer to an AdmissionReview"),
    ("invalid admission response", "", "its answer is no answer to an AdmissionReview"),
)


def explain_pod_security(why: PodSecurityViolated) -> str:
    """Say which level wants what."""
    return (
        f"the namespace enforces Pod Security level {why.level}, which the pod template violates: "
        f"{and_more(list(why.violations), 8)}. Change the template so that it complies, or run it "
        "in a namespace with another level."
    )


def meet_pod_security(snapshot: Snapshot, why: PodSecurityViolated) -> Iterator[Proposal]:
    """Propose to set all that the level asks for, where a securityContext can say it."""
    level = why.level.partition(":")[0]
    if level not in ("baseline", "restricted"):
        return
    if _secured_otherwise(snapshot):
        yield from propose_rollback(snapshot)
    if not all(v.startswith(_MENDABLE) for v in why.violations):
        return
    risky = any(v.startswith(_RISKY) for v in why.violations)
    wants_user = any(v.startswith(("runAsNonRoot", "runAsUser")) for v in why.violations)
    for user in (_USER, None) if wants_user else (None,):
        named = f" as user {user}" if user else ""
        whose = (
            f"The container runs as user {user}, who may not read or write what the image keeps "
            "for root."
            if user
            else "An image that runs as root does not start so."
            if wants_user
            else ""
        )
        lost = "It takes rights away that the program may need." if risky else ""
        yield Proposal(
            title=f"Meet Pod Security level {level}{named}",
            rationale=" ".join(
                part for part in ("It answers every violation that was found.", whose, lost) if part
            ),
            actions=(MeetPodSecurity.model_validate(
                {"object": snapshot.target, "level": level, "run_as_user": user}
            ),),
            risk=Risk.HIGH if risky else Risk.MEDIUM,
        )  # fmt: skip


def _secured_otherwise(snapshot: Snapshot) -> bool:
    """Whether the revision before says something else about what Pod Security looks at."""
    older = snapshot.revisions[1:2]
    return bool(older) and _security(older[0].spec.template.spec) != _security(snapshot.template)


def _security(spec: PodSpec) -> tuple[object, ...]:
    return (
        spec.security_context,
        spec.host_network,
        [(c.name, c.security_context, [p.host_port for p in c.ports]) for c in spec.all_containers],
        spec.volumes,
    )


def explain_denied(why: PolicyDenied) -> str:
    """Name the policy and repeat what it says."""
    said = f": {why.said[:400].rstrip('.')}" if why.said else ", without saying why"
    return (
        f"{why.by} {why.name} denies it{said}. Change the pod template so that it complies, or ask "
        "whoever owns the policy."
    )


def explain_webhook(why: WebhookFailed) -> str:
    """Say which webhook does not answer, why, and who has to act."""
    cause = next(
        (text for first, second, text in _FAILURES if first in why.said and second in why.said),
        "calling it fails",
    )
    where = f" (Service {why.service[0]} in namespace {why.service[1]})" if why.service else ""
    return (
        f"webhook {why.name}{where} must be asked before any pod is made, and {cause}. Repair the "
        "webhook, or have its configuration removed if its program is gone; the workload itself "
        "is not at fault."
    )
