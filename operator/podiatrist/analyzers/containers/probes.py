"""Containers that run and fail their probes: what is asked, and what the container offers."""

from podiatrist.analyzers.common.raw_spec import raw_container, spec_evidence
from podiatrist.analyzers.common.result import Result, counted
from podiatrist.analyzers.containers.log_errors import last_error
from podiatrist.analyzers.containers.probe_causes import ProbeCause, cause_of
from podiatrist.analyzers.containers.probe_failures import ProbeFailure, probe_failures
from podiatrist.analyzers.containers.probe_fixes import propose
from podiatrist.analyzers.containers.readiness_gates import unmet_gates
from podiatrist.analyzers.dependencies.dependencies import blames_peer
from podiatrist.api.diagnosis import Evidence, Finding
from podiatrist.cluster.kinds import WORKLOADS
from podiatrist.cluster.objects import Probe
from podiatrist.cluster.redaction_words import redact_words
from podiatrist.cluster.snapshot import Snapshot

_MOST = 4


def analyze(snapshot: Snapshot) -> list[Result]:
    """Return one result for each container that fails a probe, whatever its number of pods."""
    if snapshot.kind not in WORKLOADS:
        return []
    results = []
    for failure in probe_failures(snapshot)[:_MOST]:
        cause = cause_of(snapshot, failure)
        vague = cause.reason.endswith("ProbeFailing")
        if vague and blames_peer(snapshot, failure.status.name):
            continue
        results.append(
            Result(_finding(snapshot, failure, cause), tuple(propose(snapshot, failure, cause)))
        )
    return results + unmet_gates(snapshot)


def _finding(snapshot: Snapshot, failure: ProbeFailure, cause: ProbeCause) -> Finding:
    name, pod = failure.status.name, failure.pod.metadata.name
    others = len(failure.pods) - 1
    pods = f" (and {counted(others, 'other pod')})" if others else ""
    times = counted(failure.status.restart_count, "restart")
    effect = (
        f"is killed and restarted ({times})" if failure.kills else "runs but does not get ready"
    )
    return Finding(
        analyzer="probes",
        reason=cause.reason,
        message=f"Container {name} of pod {pod}{pods} {effect}: its {failure.kind.lower()} probe "
        f"({asked(failure.probe)}) fails: {cause.words}.{_log_says(snapshot, failure, cause)}",
        object=failure.pod.ref,
        evidence=_evidence(snapshot, failure, cause),
    )


def asked(probe: Probe) -> str:
    """Return what a probe asks, for a sentence."""
    if probe.http_get is not None:
        scheme = (probe.http_get.scheme or "HTTP").upper()
        return f"{scheme} GET {probe.http_get.path or '/'} on port {probe.http_get.port}"
    if probe.tcp_socket is not None:
        return f"TCP connection to port {probe.tcp_socket.port}"
    if probe.grpc is not None:
        return f"gRPC health check on port {probe.grpc.port}"
    if probe.exec is not None:
        return f"command `{' '.join(redact_words(probe.exec.command))[:200]}`"
    return "asks nothing"


def _log_says(snapshot: Snapshot, failure: ProbeFailure, cause: ProbeCause) -> str:
    """Return the known error in the container's log, where the probe itself says little."""
    if not cause.reason.endswith(("ProbeFailing", "ProbeTimeout", "TooSlowly")):
        return ""
    for log in snapshot.logs_of(failure.pod.metadata.name, failure.status.name):
        error = last_error(log.text)
        if error is not None and error.known:
            return f" Its log says: `{error.told}`: {error.meaning}."
    return ""


def _evidence(snapshot: Snapshot, failure: ProbeFailure, cause: ProbeCause) -> list[Evidence]:
    pod = failure.pod.metadata.name
    raw = raw_container(snapshot, failure.status.name)
    found = [
        Evidence(
            source=f"kubectl -n {snapshot.namespace} get events "
            f"--field-selector involvedObject.name={pod}",
            quote=failure.event.event.message,
        ),
        *spec_evidence(snapshot, raw.get(failure.field)),
    ]
    if cause.listener is not None and cause.listener.log is not None:
        found.append(Evidence(source=cause.listener.log.source, quote=cause.listener.quote))
    elif cause.reason in ("ProbeWrongPort", "ProbePortUnknown", "ListensOnLocalhost"):
        how = cause.listener.how if cause.listener else "declared"
        parts = {"declared": ["ports"], "env": ["env"], "image": ["image"]}
        for part in parts.get(how, ["command", "args"]):
            if part != "env":  # a variable's value may be a secret
                found += spec_evidence(snapshot, raw.get(part))
    if cause.reason.endswith(("ProbeFailing", "ProbeTimeout", "TooSlowly")):
        for log in snapshot.logs_of(pod, failure.status.name)[:1]:
            error = last_error(log.text)
            if error is not None:
                found.append(Evidence(source=log.source, quote=error.line))
    return found
