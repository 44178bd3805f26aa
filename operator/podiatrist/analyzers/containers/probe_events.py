"""What the kubelet said about the probes of a container, out of its events."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from podiatrist.cluster.objects import Event, Pod, Terminated
from podiatrist.cluster.snapshot import Snapshot

_UNHEALTHY = re.compile(
    r"^(?:\(combined from similar events\): )?"
    r"(Liveness|Readiness|Startup) probe (?:failed|errored(?: and resulted in unknown state)?)"
    r"(?:: |$)(.{0,4000})",
    re.S,
)
_FIELD = re.compile(r"^spec\.(?:initContainers|containers)\{([^{}]{1,253})\}$")

PROBE_NAMES = {
    "Liveness": "livenessProbe",
    "Readiness": "readinessProbe",
    "Startup": "startupProbe",
}


@dataclass(frozen=True)
class ProbeEvent:
    """One failed probe: `kind` is Liveness, Readiness or Startup, `said` what came back."""

    kind: str
    container: str
    said: str
    event: Event

    @property
    def seen_at(self) -> datetime | None:
        """When it last failed."""
        return self.event.seen_at


def probe_events(snapshot: Snapshot, pod: Pod) -> Iterator[ProbeEvent]:
    """Yield the failed probes of a pod, the newest first."""
    for event in snapshot.events_about(pod.metadata.name):
        if event.reason != "Unhealthy":
            continue
        about = event.involved_object
        if about.uid and pod.metadata.uid and about.uid != pod.metadata.uid:
            continue  # an earlier pod of the same name, as StatefulSets make them
        found = _UNHEALTHY.match(event.message)
        field = _FIELD.match(about.field_path)
        if found:
            name = field.group(1) if field else _only_container(pod)
            yield ProbeEvent(found.group(1), name, found.group(2).strip(), event)


def telling_event(snapshot: Snapshot, pod: Pod, container: str, kind: str) -> ProbeEvent | None:
    """Return what a container's probe mostly says: right after a start it may be something else."""
    found = [e for e in probe_events(snapshot, pod) if (e.container, e.kind) == (container, kind)]
    return max(found, key=lambda e: e.event.count, default=None)


def _only_container(pod: Pod) -> str:
    return pod.spec.containers[0].name if len(pod.spec.containers) == 1 else ""


def killed_by_probe(
    snapshot: Snapshot, pod: Pod, container: str, ended: Terminated
) -> ProbeEvent | None:
    """Return the liveness or startup probe that made the kubelet end that run, if one did.

    The event `Killing` is of type Normal and not read. A probe that failed within the run, and an
    end as after SIGTERM or SIGKILL, say the same; a program that handles SIGTERM ends with 0.
    """
    if ended.exit_code not in (0, 2, 137, 143) or ended.reason == "OOMKilled":
        return None
    asked = pod.spec.container(container)
    for kind in ("Liveness", "Startup"):
        failed = telling_event(snapshot, pod, container, kind)
        probe = asked and (asked.liveness_probe if kind == "Liveness" else asked.startup_probe)
        # When it failed says little: the kubelet's event recorder lets through 25 events about one
        # object, then one in 5 minutes (client-go, EventSourceObjectSpamFilter).
        if failed and probe and failed.event.count >= min(probe.failure_threshold, 3):
            return failed
    return None
