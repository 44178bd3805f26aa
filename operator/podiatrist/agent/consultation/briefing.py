"""What the model is told at the start: the target, its pods, the rules' findings, the last words.

Whatever comes out of the cluster stands on lines of its own behind a bar, which no text can
forge: a line break in it only begins another line with a bar. The same lines can be quoted; what
the rules say in their own words stands behind `>`: to quote that is to quote what they rest on.
Values of variables are left out: the agent looks with kubectl, which masks what tells of a secret.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from podiatrist.agent.consultation.wording import visible
from podiatrist.analyzers.common.result import counted
from podiatrist.api.diagnosis import Evidence, Finding, ObjectRef
from podiatrist.api.text import clean
from podiatrist.cluster.kinds import WORKLOADS
from podiatrist.cluster.objects import Container, ContainerStatus, Pod
from podiatrist.cluster.redaction import redact
from podiatrist.cluster.redaction_words import redact_words
from podiatrist.cluster.snapshot import Snapshot, compact

_LINE = 300
_MOST_PODS = 4
_MOST_EVENTS = 8
_MOST_LOGS = 3
_LOG_LINES = 15
_MOST = 7_000
"""Characters of it all: about two thousand tokens."""

_SAID_BY_CONTAINERS = frozenset({"Ready", "ContainersReady", "Initialized"})
"""Conditions of a pod that only say which of its containers are not well."""

_BY_THE_CLUSTER = frozenset({
    "clusterIP", "clusterIPs", "internalTrafficPolicy", "ipFamilies", "ipFamilyPolicy",
    "sessionAffinity",
})  # fmt: skip
"""Fields of a spec that the API server fills in; nothing is wrong with them."""


@dataclass
class Briefing:
    """The first message of an investigation, and what of it can be quoted, by source."""

    text: str = ""
    seen: list[tuple[str, str]] = field(default_factory=list)
    rules: list[tuple[str, Evidence]] = field(default_factory=list)
    """What rules say in their own words, and the observation that they rest on."""

    def say(self, line: str) -> None:
        """Add a line of ours."""
        self.text += f"{one_line(line)}\n"

    def show(self, source: str, lines: Iterable[str]) -> None:
        """Add what was seen there, each line behind a bar, redacted and bounded."""
        kept: list[str] = []
        # Invisible characters go first: they would hide a secret from what masks it.
        for line in redact(visible("\n".join(lines)[: 2 * _MOST])).splitlines():
            bare = one_line(line)
            if bare and len(self.text) + len(bare) < _MOST:
                kept.append(bare)
                self.text += f"| {bare}\n"
        if kept:
            self.seen.append((redact(source), "\n".join(kept)))


def brief(snapshot: Snapshot, findings: Sequence[Finding], question: str | None = None) -> Briefing:
    """Return the briefing about a target; the most telling first, since its length is bounded."""
    briefing = Briefing()
    briefing.say(f"The target: {named(snapshot.target)}")
    _rules(briefing, findings)
    _warnings(briefing, snapshot)
    for pod in _sick_first(snapshot.pods)[:_MOST_PODS]:
        _pod(briefing, snapshot, pod)
    if len(snapshot.pods) > _MOST_PODS:
        briefing.say(f"... and {counted(len(snapshot.pods) - _MOST_PODS, 'other pod')}")
    _logs(briefing, snapshot)
    _template(briefing, snapshot)
    _selectable(briefing, snapshot)
    if question:
        asked = " ".join(clean(redact(visible(question))).split())
        briefing.text += f"The question to answer: {asked}\n"
    briefing.say(
        "Answer it with claims."
        if question
        else "Does a line above show the root cause? Then report it now. Else look for it."
    )
    return briefing


def _rules(briefing: Briefing, findings: Sequence[Finding]) -> None:
    briefing.say("What the rules found:" if findings else "The rules found nothing.")
    for finding in findings[:4]:
        briefing.say(f"- {finding.reason}, seen in {finding.object.kind} {finding.object.name}:")
        words = one_line(redact(visible(finding.message)))
        briefing.text += f"> {words}\n"
        for evidence in finding.evidence[:2]:
            briefing.say(f"  by {evidence.source}")
            briefing.show(evidence.source, [evidence.quote])
            briefing.rules.append((words, evidence))


def _sick_first(pods: Sequence[Pod]) -> list[Pod]:
    def is_well(pod: Pod) -> bool:
        ready = pod.condition("Ready")
        return ready is not None and ready.status == "True"

    return sorted(pods, key=lambda p: (is_well(p), p.metadata.name))


def _pod(briefing: Briefing, snapshot: Snapshot, pod: Pod) -> None:
    source = f"kubectl -n {snapshot.namespace} get pod {pod.metadata.name} -o yaml"
    where = f" on node {pod.spec.node_name}" if pod.spec.node_name else ", on no node"
    briefing.say(f"Pod {pod.metadata.name}{where}:")
    sick = [(status, lines) for status in pod.all_statuses if (lines := list(_state(status)))]
    for status, lines in sick:
        briefing.say(f"  its container {status.name}:")
        briefing.show(source, lines)
    briefing.show(source, [f"phase: {pod.status.phase}", pod.status.reason, pod.status.message])
    for condition in pod.status.conditions:
        told = sick and condition.type in _SAID_BY_CONTAINERS
        if condition.status == "False" and condition.message and not told:
            briefing.show(source, [f"type: {condition.type}", f"message: {condition.message}"])


def _state(status: ContainerStatus) -> Iterable[str]:
    """Yield what is not well with a container, spelled as in YAML: why it ended goes first."""
    end = status.last_end
    if end:
        yield f"exitCode: {end.exit_code}"
        yield f"reason: {end.reason}"
        if end.message:
            yield f"message: {end.message}"
    if waiting := status.state.waiting:
        yield f"reason: {waiting.reason}"
        if waiting.message and not end:  # else it only says that it waits
            yield f"message: {waiting.message}"
    if status.restart_count:
        yield f"restartCount: {status.restart_count}"


def _logs(briefing: Briefing, snapshot: Snapshot) -> None:
    for log in snapshot.logs[:_MOST_LOGS]:
        briefing.say(f"The end of {log.source}")
        briefing.show(log.source, log.lines[-_LOG_LINES:])


def _warnings(briefing: Briefing, snapshot: Snapshot) -> None:
    names = {snapshot.target.name, *(p.metadata.name for p in snapshot.pods)}
    names |= {r.metadata.name for r in snapshot.replica_sets}
    about = [e for e in snapshot.events if e.involved_object.name in names]
    # That it is started again and again is said by the container itself.
    about = [e for e in about if e.reason != "BackOff"]
    about.sort(key=lambda e: str(e.seen_at or ""), reverse=True)
    told: set[tuple[str, str]] = set()
    for event in about:
        key = (event.reason, event.message[:80])
        if key in told or len(told) >= _MOST_EVENTS:
            continue
        told.add(key)
        where = event.involved_object
        if len(told) == 1:
            briefing.say("Warnings, the newest first:")
        briefing.show(
            f"kubectl -n {snapshot.namespace} events --for {where.kind.lower()}/{where.name}",
            [f"{event.reason}: {event.message}"],
        )


def _template(briefing: Briefing, snapshot: Snapshot) -> None:
    """What the target makes pods from, without the values of variables; else its spec."""
    target = snapshot.target
    scope = f"-n {snapshot.namespace} " if snapshot.namespace else ""
    source = f"kubectl {scope}get {target.kind.lower()} {target.name} -o yaml"
    containers = snapshot.template.all_containers
    if containers:
        briefing.say("What it makes pods from:")
    for container in containers[:4]:
        briefing.say(f"  container {container.name}:")
        briefing.show(source, _container(container))
    if not containers and isinstance(spec := snapshot.target_raw.get("spec"), dict):
        briefing.say("Its spec:")
        told = {name: value for name, value in spec.items() if name not in _BY_THE_CLUSTER}
        briefing.show(source, [compact({name: value}) for name, value in told.items()])
    selector = snapshot.template.node_selector
    if selector:
        briefing.show(source, [f"nodeSelector: {compact(selector)}"])


def _selectable(briefing: Briefing, snapshot: Snapshot) -> None:
    """The labels of the namespace's pods, for a target that selects pods and has none."""
    if snapshot.kind in WORKLOADS or snapshot.pods or not snapshot.namespace_pods:
        return
    briefing.say("Labels of the pods beside it:")
    source = f"kubectl -n {snapshot.namespace} get pods --show-labels"
    pods = snapshot.namespace_pods[:_MOST_PODS]
    labels = [f"{p.metadata.name} {compact(p.metadata.labels)}" for p in pods]
    briefing.show(source, labels)


def _container(container: Container) -> Iterable[str]:
    yield f"image: {container.image}"
    words = redact_words([*container.command, *container.args])  # each may tell of the next
    command, args = words[: len(container.command)], words[len(container.command) :]
    if command:
        yield f"command: {compact(command)}"
    if args:
        yield f"args: {compact(args)}"
    if container.ports:
        yield f"ports: {', '.join(str(p.container_port) for p in container.ports)}"
    if container.env:
        yield f"env: {', '.join(v.name for v in container.env[:20])}"
    amounts = container.resources
    if amounts.requests or amounts.limits:
        yield f"requests: {compact(amounts.requests)}, limits: {compact(amounts.limits)}"


def named(ref: ObjectRef) -> str:
    """Return an object in words; `shop/web` would go into commands as it stands."""
    where = f" in namespace {ref.namespace}" if ref.namespace else ""
    return f"{ref.kind} {ref.name}{where}"


def one_line(text: str) -> str:
    """Return text on one line, without characters that cannot be seen, cut to a bound."""
    line = " ".join(clean(visible(text)).split())
    return line if len(line) <= _LINE else line[:_LINE]
