"""A peer that is missed, told as a finding."""

from podiatrist.analyzers.common.result import Result
from podiatrist.analyzers.dependencies.grievances import Grievance
from podiatrist.analyzers.dependencies.peer_fixes import Change, propose
from podiatrist.analyzers.dependencies.peer_verdicts import Verdict
from podiatrist.api.diagnosis import Finding, ObjectRef
from podiatrist.cluster.snapshot import Snapshot


def missed_result(
    snapshot: Snapshot, missed: Grievance, verdict: Verdict, changes: list[Change] | None = None
) -> Result:
    """Return the finding; with a fix only where nobody else is to blame."""
    return Result(
        Finding(
            analyzer="dependencies",
            reason=verdict.reason,
            message=sentence(f"{subject(snapshot, missed)}: {verdict.why}{_lead(verdict.cause)}"),
            object=missed.pod.ref,
            evidence=[*missed.seen, *verdict.seen][:8],
        ),
        () if verdict.cause else propose(snapshot, missed.peer, changes or []),
        verdict.cause,
    )


def sentence(text: str) -> str:
    """Return a text with a mark at its end, and one only."""
    return text if text[-1:] in ".?" else f"{text}."


def _lead(cause: ObjectRef | None) -> str:
    return f". The fault is in {cause.kind} {cause.name}, not here" if cause else ""


def subject(snapshot: Snapshot, missed: Grievance) -> str:
    """Return who cannot reach whom, and where that is set."""
    host = missed.peer.host if missed.peer else missed.host
    if missed.meaning and missed.meaning.service and host.replace(".", "").isdigit():
        host = f"Service {missed.meaning.name} ({host})"
    whom = f"{host}:{missed.port}" if host and missed.port else host or "a peer"
    told = f" (set in {missed.peer.where})" if missed.peer else ""
    return f"Container {missed.container} of {snapshot.target} cannot reach {whom}{told}"
