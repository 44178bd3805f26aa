"""Pods that are never made: quota, limits, Pod Security, webhooks, missing accounts."""

from collections.abc import Iterable

from podiatrist.actions.compiler import Proposal
from podiatrist.analyzers.admission.admission_errors import (
    DefaultConflict,
    NameMissing,
    OutOfBounds,
    PodSecurityViolated,
    PolicyDenied,
    QuotaExceeded,
    QuotaUnspecified,
    WebhookFailed,
)
from podiatrist.analyzers.admission.admission_limits import (
    explain_bounds,
    explain_conflict,
    stay_in_bounds,
)
from podiatrist.analyzers.admission.admission_names import (
    correct_name,
    explain_missing,
    is_there_now,
)
from podiatrist.analyzers.admission.admission_policy import (
    explain_denied,
    explain_pod_security,
    explain_webhook,
    meet_pod_security,
)
from podiatrist.analyzers.admission.admission_quota import (
    explain_exceeded,
    explain_unspecified,
    fit_quota,
    specify,
)
from podiatrist.analyzers.admission.refusals import Refusal, made_of_template, refusals
from podiatrist.analyzers.common.result import Result, counted
from podiatrist.analyzers.common.revisions import propose_rollback
from podiatrist.api.diagnosis import Evidence, Finding, Risk
from podiatrist.cluster.kinds import CRON_JOB, JOB, RESOURCE_QUOTA
from podiatrist.cluster.snapshot import Snapshot, compact

_NOUNS = {
    "pods": "pod",
    "persistentvolumeclaims": "claim",
    "jobs.batch": "Job",
    "replicasets.apps": "ReplicaSet",
}


def analyze(snapshot: Snapshot) -> list[Result]:
    """Return one result for each controller that is refused what it wants to make."""
    return [
        _result(snapshot, refusal)
        for refusal in refusals(snapshot)
        if not (isinstance(refusal.why, NameMissing) and is_there_now(snapshot, refusal.why))
    ]


def _result(snapshot: Snapshot, refusal: Refusal) -> Result:
    reason, text, proposals = _told(snapshot, refusal)
    missing = max(1, refusal.wanted - refusal.had)
    noun = _NOUNS.get(refusal.what, refusal.what)
    finding = Finding(
        analyzer="admission",
        reason=reason,
        message=f"{counted(missing, noun)} of {snapshot.target} cannot be created: {text}"
        + _remark(snapshot, refusal),
        object=refusal.by,
        evidence=[refusal.evidence, *_numbers(snapshot, refusal)],
    )
    return Result(finding, tuple(proposals) if _may_help(snapshot, refusal) else ())


def _told(snapshot: Snapshot, refusal: Refusal) -> tuple[str, str, Iterable[Proposal]]:
    """Return reason, explanation and fixes."""
    match refusal.why:
        case QuotaExceeded() as why:
            text = explain_exceeded(snapshot, refusal, why)
            return "QuotaExceeded", text, fit_quota(snapshot, refusal, why)
        case QuotaUnspecified() as why:
            fixes = specify(snapshot, refusal, why)
            return "QuotaNeedsResources", explain_unspecified(snapshot, why), fixes
        case OutOfBounds() as why:
            fixes = stay_in_bounds(snapshot, why)
            return "LimitRangeViolated", explain_bounds(snapshot, why), fixes
        case DefaultConflict() as why:
            fixes = stay_in_bounds(snapshot, why)
            return "RequestAboveDefaultLimit", explain_conflict(snapshot, why), fixes
        case PodSecurityViolated() as why:
            fixes = meet_pod_security(snapshot, why)
            return "PodSecurityViolated", explain_pod_security(why), fixes
        case NameMissing() as why:
            text = explain_missing(snapshot, why)
            return f"{why.kind}NotFound", text, correct_name(snapshot, why)
        case PolicyDenied() as why:
            return "PolicyDenied", explain_denied(why), _back(snapshot)
        case WebhookFailed() as why:
            return "WebhookUnavailable", explain_webhook(why), ()
        case why:
            return "CreationRefused", f"the API server refuses it: {why.said[:500]}", ()


def _back(snapshot: Snapshot) -> list[Proposal]:
    """A policy's words are for humans; that older pods passed it is all that we know."""
    return [p for p in propose_rollback(snapshot) if p.risk is Risk.LOW]


def _may_help(snapshot: Snapshot, refusal: Refusal) -> bool:
    return refusal.what == "pods" and made_of_template(snapshot)


def _numbers(snapshot: Snapshot, refusal: Refusal) -> list[Evidence]:
    """Quote the quota as it is now, beside the words of the event."""
    if not isinstance(refusal.why, QuotaExceeded | QuotaUnspecified):
        return []
    quota = snapshot.raw(RESOURCE_QUOTA, refusal.why.quota)
    status = quota.get("status") if quota else None
    if not isinstance(status, dict) or not status.get("hard"):
        return []
    source = f"kubectl -n {snapshot.namespace} get resourcequota {refusal.why.quota} -o json"
    return [Evidence(source=source, quote=compact(status["hard"]))]


def _remark(snapshot: Snapshot, refusal: Refusal) -> str:
    if refusal.what == "pods" and snapshot.kind is JOB:
        return " The template of a Job cannot be changed: delete it and make it again."
    if refusal.what == "pods" and snapshot.kind is CRON_JOB:
        return " A change of the CronJob reaches its next run."
    return ""
