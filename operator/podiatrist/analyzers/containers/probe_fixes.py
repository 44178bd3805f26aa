"""Fixes for failing probes: back to what worked, or ask what the container really offers."""

import re
from collections.abc import Iterator, Sequence
from typing import Literal, cast

from podiatrist.actions.compiler import Proposal
from podiatrist.actions.set_command import SetCommand
from podiatrist.actions.set_probe import SetProbe
from podiatrist.analyzers.common.commands import Command, command_of, image_name, meant_instead
from podiatrist.analyzers.common.near_miss import near_misses
from podiatrist.analyzers.common.rollout import template_takes_effect
from podiatrist.analyzers.common.way_back import way_back
from podiatrist.analyzers.containers.listening import listeners
from podiatrist.analyzers.containers.probe_causes import ProbeCause, budget
from podiatrist.analyzers.containers.probe_failures import ProbeFailure, healthy_kinds
from podiatrist.cluster.snapshot import Snapshot

ProbeField = Literal["livenessProbe", "readinessProbe", "startupProbe"]

_WEB = ("nginx", "httpd", "caddy")
"""Official images that answer / with a page."""

_STARTUP_SECONDS = 300
_URL = re.compile(
    r"(?:https?://)?\b(?:localhost|127\.0\.0\.1)(?::(\d{1,5}))?(/[^\s'\"|;&]{0,500})?"
)
_TEXT_PATH = re.compile(r"/[\w./-]{2,200}")


def propose(snapshot: Snapshot, failure: ProbeFailure, cause: ProbeCause) -> Iterator[Proposal]:
    """Yield fixes for one failing probe, the best first."""
    now = snapshot.template.container(failure.status.name)
    if not template_takes_effect(snapshot) or now is None:
        return
    present = {
        "Liveness": now.liveness_probe,
        "Readiness": now.readiness_probe,
        "Startup": now.startup_probe,
    }[failure.kind]
    if present != failure.probe:
        return  # the template asks something else by now
    yield from way_back(snapshot, failure.status.name, failure.pods)
    match cause.reason:
        case "ProbePortUnknown" | "ProbeWrongPort":
            yield from _port(snapshot, failure, cause)
        case "ListensOnLocalhost":
            yield from _everywhere(snapshot, failure)
        case "ProbePathNotFound" | "ProbeUnauthorized":
            yield from _path(snapshot, failure)
        case "ProbeWrongScheme":
            if failure.probe.http_get is not None:
                yield _set(snapshot, failure, f"by {cause.subject}", "", scheme=cause.subject)
        case "ProbeTimeout":
            yield from _time(snapshot, failure)
        case "StartsTooSlowly":
            yield from _startup(snapshot, failure)
        case "ProbeCommandNotFound":
            yield from _command(snapshot, failure, cause.subject)
        case _:
            yield from _other_file(snapshot, failure)


def _set(
    snapshot: Snapshot, failure: ProbeFailure, to: str, why: str, **fields: object
) -> Proposal:
    return Proposal(
        title=f"Set the {failure.kind.lower()} probe of {failure.status.name} {to}",
        rationale=why or f"{failure.kind} probe: {failure.event.said[:200]}",
        actions=(
            SetProbe.model_validate(
                {
                    "object": snapshot.target,
                    "container": failure.status.name,
                    "probe": failure.field,
                    **fields,
                }
            ),
        ),
    )


def _port(snapshot: Snapshot, failure: ProbeFailure, cause: ProbeCause) -> Iterator[Proposal]:
    container = failure.container
    if cause.reason == "ProbeWrongPort":
        why = f"Nothing listens on port {failure.port}; port {cause.subject} is where it listens."
        yield _set(snapshot, failure, f"to port {cause.subject}", why, port=int(cause.subject))
        return
    named = [p.name for p in container.ports if p.name]
    meant: Sequence[int | str] = list(near_misses(cause.subject, named, 1))
    if not meant and len(container.ports) == 1:
        only = container.ports[0]
        meant = [only.name or only.container_port]
    if not meant:
        ports = [found.port for found in listeners(snapshot, failure.pod, container)]
        meant = list(dict.fromkeys(ports))[:2]
    for port in meant:
        why = f"The container has no port named {cause.subject}; {port} is a port that it has."
        yield _set(snapshot, failure, f"to port {port}", why, port=port)


def _path(snapshot: Snapshot, failure: ProbeFailure) -> Iterator[Proposal]:
    asked = failure.probe.http_get
    if asked is None:
        return
    others = [
        p.http_get.path
        for p in healthy_kinds(failure)
        if p.http_get is not None and p.http_get.port == asked.port
    ]
    for path in dict.fromkeys(p for p in others if p and p != asked.path):
        why = f"{asked.path} is not there; {path} is what its other probe asks."
        yield _set(snapshot, failure, f"to path {path}", why, path=path)
    if image_name(failure.container) in _WEB and asked.path not in ("", "/"):
        why = f"{asked.path} is not there; the image {failure.container.image} answers /."
        yield _set(snapshot, failure, "to path /", why, path="/")
    yield _set(
        snapshot,
        failure,
        f"to connect to port {asked.port} only",
        "The container answers on that port, so it listens. This asks less than before: give the "
        "right path instead, if the application has one.",
        handler="tcpSocket",
        port=asked.port,
    )


def _time(snapshot: Snapshot, failure: ProbeFailure) -> Iterator[Proposal]:
    seconds = min(max(failure.probe.timeout_seconds, 1) * 5, 60)
    if seconds <= failure.probe.timeout_seconds:
        return
    why = (
        f"It does not answer within {failure.probe.timeout_seconds} s. If it hangs, more time "
        "does not help."
    )
    yield _set(snapshot, failure, f"to wait {seconds} s for an answer", why, timeoutSeconds=seconds)


def _startup(snapshot: Snapshot, failure: ProbeFailure) -> Iterator[Proposal]:
    period = min(max(failure.probe.period_seconds, 1), 10)
    most = max(_STARTUP_SECONDS, 4 * budget(failure))
    threshold = min(-(-most // period), 3600)
    seconds = threshold * period
    why = (
        f"It may take {seconds} s to start then; the present patience is {budget(failure)} s. It "
        "is ready as soon as the probe succeeds, not later."
    )
    if failure.kind == "Startup":
        title = f"to allow {seconds} s"
        yield _set(
            snapshot,
            failure,
            title,
            why,
            failureThreshold=threshold,
            periodSeconds=period,
        )
        return
    yield Proposal(
        title=f"Give container {failure.status.name} a startup probe that allows {seconds} s",
        rationale=f"{why} Until then the liveness probe is not asked.",
        actions=(
            SetProbe(
                object=snapshot.target,
                container=failure.status.name,
                probe="startupProbe",
                like=cast("ProbeField", failure.field),
                period_seconds=period,
                failure_threshold=threshold,
            ),
        ),
    )


def _everywhere(snapshot: Snapshot, failure: ProbeFailure) -> Iterator[Proposal]:
    command = command_of(failure.container)
    swap = _swapped(command)
    if swap == command:
        return
    yield Proposal(
        title=f"Let container {failure.status.name} listen on 0.0.0.0",
        rationale="Its command makes it listen on 127.0.0.1, where nobody outside the pod reaches "
        "it, the kubelet included.",
        actions=(
            SetCommand(
                object=snapshot.target,
                container=failure.status.name,
                run=list(swap.run),
                args=list(swap.args),
            ),
        ),
    )


def _swapped(command: Command) -> Command:
    def swap(words: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(re.sub(r"\b127\.0\.0\.1\b|\blocalhost\b", "0.0.0.0", w) for w in words)  # noqa: S104 - what the container listens on, not we

    return Command(swap(command.run), swap(command.args))


def _command(snapshot: Snapshot, failure: ProbeFailure, wrong: str) -> Iterator[Proposal]:
    """Yield a probe without the missing program: an HTTP request needs no curl in the image."""
    words = failure.probe.exec.command if failure.probe.exec else []
    found = _URL.search(" ".join(words)[:2000])
    if found:
        port = int(found.group(1) or 80)
        path = found.group(2) or "/"
        why = f"`{wrong}` is not in the image; the kubelet can ask {path} on port {port} itself."
        yield _set(
            snapshot,
            failure,
            f"to ask {path} on port {port} by HTTP",
            why,
            handler="httpGet",
            path=path,
            port=port,
        )
        return

    for meant in list(meant_instead(snapshot, failure.container, wrong))[:1]:
        new = Command(tuple(words), ()).replaced(wrong, meant)
        why = f"`{wrong}` is not in the image; `{meant}` is close to it."
        yield _set(snapshot, failure, f"to run {meant}", why, run=list(new.run))


def _other_file(snapshot: Snapshot, failure: ProbeFailure) -> Iterator[Proposal]:
    """Yield the probe with a file that the container's own command names, if it is nearly that."""
    words = failure.probe.exec.command if failure.probe.exec else []
    made = _TEXT_PATH.findall(" ".join(command_of(failure.container).words())[:4000])
    for wrong in dict.fromkeys(_TEXT_PATH.findall(" ".join(words)[:2000])):
        for meant in near_misses(wrong, made, 1):
            new = Command(tuple(words), ()).replaced(wrong, meant)
            why = f"{wrong} is not there; the container's command names {meant}."
            yield _set(snapshot, failure, f"to look at {meant}", why, run=list(new.run))
            return
