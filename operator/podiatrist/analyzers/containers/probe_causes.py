"""Why a probe fails: what it asks, held against what the container offers."""

import re
from dataclasses import dataclass

from podiatrist.analyzers.common.result import and_more
from podiatrist.analyzers.containers.listening import Listener, listeners
from podiatrist.analyzers.containers.probe_failures import ProbeFailure
from podiatrist.cluster.snapshot import Snapshot

_NOT_FOUND = re.compile(
    r"exec: \\?\"([^\"\\]{1,200})\\?\": (?:executable file not found|stat [^\n]{1,200}no such file|"
    r"permission denied|no such file)"
    r"|(?:sh|bash): (?:line )?(?:\d{1,4}: )?([\w./-]{1,100}): (?:command )?not found"
)


@dataclass(frozen=True)
class ProbeCause:
    """Why it fails. `words` follow "its liveness probe (...) fails: "."""

    reason: str
    words: str
    listener: Listener | None = None
    subject: str = ""


def cause_of(snapshot: Snapshot, failure: ProbeFailure) -> ProbeCause:
    """Return the nearest cause that what came back, spec and log support."""
    if failure.unknown_port_name:
        names = [p.name for p in failure.container.ports if p.name]
        ports = [p.container_port for p in failure.container.ports]
        has = f"it declares {and_more(names)}" if names else "it names none of its ports"
        numbers = f" ({and_more([str(p) for p in ports])})" if ports else ""
        return ProbeCause(
            "ProbePortUnknown",
            f"the container declares no port named {failure.unknown_port_name}; {has}{numbers}",
            subject=failure.unknown_port_name,
        )
    found = _NOT_FOUND.search(failure.event.said[:4000])
    if failure.probe.exec is not None and found:
        command = next(g for g in found.groups() if g)
        return ProbeCause(
            "ProbeCommandNotFound",
            f"the command `{command}` that it runs is not in the image (or may not be executed)",
            subject=command,
        )
    if failure.refused:
        return _refused(snapshot, failure)
    status = failure.http_status
    if status is not None:
        return _by_status(failure, status)
    if "server gave http response to https client" in failure.says:
        words = "it asks by HTTPS, and the container answers by plain HTTP"
        return ProbeCause("ProbeWrongScheme", words, subject="HTTP")
    if "malformed http response" in failure.says or "eof" in failure.says[-12:]:
        words = "the answer is no plain HTTP; the container may speak HTTPS or no HTTP at all there"
        return ProbeCause("ProbeWrongScheme", words, subject="HTTPS")
    if failure.timed_out:
        seconds = failure.probe.timeout_seconds
        return ProbeCause(
            "ProbeTimeout",
            f"no answer came within its timeoutSeconds of {seconds}; the container is slower than "
            "that, hangs, or has too little CPU",
        )
    return ProbeCause(f"{failure.kind}ProbeFailing", _said(failure))


def _said(failure: ProbeFailure) -> str:
    said = " ".join(failure.event.said.split())
    if not said:
        return "its command ended with an error and said nothing"
    return f"`{said[:300]}`"


def _by_status(failure: ProbeFailure, status: int) -> ProbeCause:
    path = failure.probe.http_get.path if failure.probe.http_get else ""
    asked = f"{path or '/'} on port {failure.port}"
    if status == 404:
        words = f"the container answers 404 (not found) for {asked}: it has no such path"
        return ProbeCause("ProbePathNotFound", words)
    if status in (401, 403):
        words = f"the container answers {status} for {asked}: that path wants credentials, which a "
        return ProbeCause("ProbeUnauthorized", f"{words}probe does not have")
    if status == 400:
        words = f"the container answers 400 (bad request) for {asked}; that is what a server for "
        return ProbeCause("ProbeWrongScheme", f"{words}HTTPS says to plain HTTP", subject="HTTPS")
    words = f"the container answers {status} for {asked}"
    if status >= 500:
        words += ": the application itself says that it is not well; its log says why"
    return ProbeCause(f"{failure.kind}ProbeFailing", words)


def _refused(snapshot: Snapshot, failure: ProbeFailure) -> ProbeCause:
    port = failure.port_number
    known = listeners(snapshot, failure.pod, failure.container)
    same = [found for found in known if found.port == port]
    others = [found for found in known if found.port != port]
    told = "connection refused" if "connection refused" in failure.says else "no connection"
    nothing = f"nothing listens on port {port} ({told})"
    local = next((found for found in same if found.local), None)
    if local is not None:
        return ProbeCause(
            "ListensOnLocalhost",
            f"the container listens on 127.0.0.1:{port} only, which cannot be reached from outside "
            "the pod (connection refused); let it listen on 0.0.0.0",
            local,
        )
    truth = next((found for found in others if found.how != "declared"), None)
    sure = next((found for found in same if found.how != "declared"), None)
    if sure is None and (truth := truth or (None if same else next(iter(others), None))):
        how = {
            "log": "by its log, the container listens",
            "command": "by its command, the container listens",
            "env": "by its variable {}, the container listens",
            "declared": "the container declares",
            "image": "the image usually listens",
        }[truth.how].replace("{}", truth.quote)
        on = "port" if truth.how == "declared" else "on port"
        return ProbeCause(
            "ProbeWrongPort", f"{nothing}; {how} {on} {truth.port}", truth, str(truth.port)
        )
    if failure.kills and failure.kind == "Liveness" and not failure.container.startup_probe:
        return ProbeCause("StartsTooSlowly", f"{nothing} yet. {_patience(failure)}")
    if failure.kills and failure.kind == "Startup":
        return ProbeCause("StartsTooSlowly", f"{nothing} yet. {_patience(failure)}")
    return ProbeCause(f"{failure.kind}ProbeFailing", nothing)


def budget(failure: ProbeFailure) -> int:
    """Return how many seconds after its start a container is killed for this probe."""
    probe = failure.probe
    return probe.initial_delay_seconds + max(probe.failure_threshold, 1) * max(
        probe.period_seconds, 1
    )


def _patience(failure: ProbeFailure) -> str:
    return (
        f"The probe gives the container {budget(failure)} s from its start and then kills it: it "
        "starts slower than that, or never listens there"
    )
