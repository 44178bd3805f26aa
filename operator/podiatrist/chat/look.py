"""Looks at one object with the rules: what is wrong, how that shows, and what would help."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime

from podiatrist.analyzers import analyze
from podiatrist.analyzers.common.rollout import unfinished
from podiatrist.api.diagnosis import Finding, ObjectRef, Option
from podiatrist.cluster.errors import ClusterError, NotFoundError
from podiatrist.cluster.kinds import POD, WORKLOADS, find_target_kind
from podiatrist.cluster.reader import Reader
from podiatrist.cluster.snapshot import Snapshot
from podiatrist.lifecycle.options.propose import offer_options, told

_SOAK = 0
"""Nobody watches for a relapse in a conversation: the user sees the pods."""

_LONGEST = 3
"""Objects in a chain of causes that are followed."""


@dataclass(frozen=True)
class Look:
    """One object, as it was when it was looked at. Options are numbered from 1 by their place."""

    target: ObjectRef
    findings: list[Finding] = field(default_factory=list)
    options: list[Option] = field(default_factory=list)
    cause: "Look | None" = None
    """The object whose fault it is, looked at as well: its options are those that help."""
    health: str = ""
    """One line about the object's pods, where it has any."""
    commands: tuple[str, ...] = ()
    """What a human would type to see the same."""
    wanted_labels: dict[str, str] = field(default_factory=dict)
    """Node labels that the object's pods ask for."""

    @property
    def best_options(self) -> list[Option]:
        """The options of the object, or of the one that is to blame."""
        return self.options or (self.cause.best_options if self.cause else [])

    def told(self) -> str:
        """Return everything as text for a model."""
        lines = [f"{self.target}: {self.health}".rstrip(": ")]
        if not self.findings:
            lines.append("The rules find nothing wrong with it.")
        for finding in self.findings:
            lines.append(f"Cause ({finding.reason}): {finding.message}")
            lines += [f"  seen in `{e.source}`: {e.quote}" for e in finding.evidence[:3]]
        if self.cause is not None:
            lines += ["The cause lies in another object:", self.cause.told()]
        elif self.options:
            lines += [f"Option {n}: {o.title}" for n, o in enumerate(self.options, 1)]
        elif self.findings:
            lines.append("No option: a human has to think.")
        return "\n".join(lines)


async def look_at(reader: Reader, target: ObjectRef, clock: Callable[[], datetime]) -> Look:
    """Read an object and apply the rules, along the chain of causes.

    Raises ClusterError where it cannot be read, NotFoundError where it is gone.
    """
    look, cause = await _look(reader, target, clock)
    chain = [look]
    seen = {target}
    while cause is not None and cause not in seen and len(chain) < _LONGEST:
        seen.add(cause)
        try:
            further, cause = await _look(reader, cause, clock)
        except ClusterError:
            break  # what is known of the first one stands
        chain.append(further)
    whole = chain.pop()
    while chain:
        whole = replace(chain.pop(), cause=whole)
    return whole


async def _look(
    reader: Reader, target: ObjectRef, clock: Callable[[], datetime]
) -> tuple[Look, ObjectRef | None]:
    snapshot = await read(reader, target, clock)
    results = analyze(snapshot)
    look = Look(
        target=target,
        findings=told(results),
        options=offer_options(snapshot, results, _SOAK),
        health=health(snapshot),
        commands=commands_for(snapshot),
        wanted_labels=wanted_labels(snapshot),
    )
    return look, results[0].cause if results else None


async def read(reader: Reader, target: ObjectRef, clock: Callable[[], datetime]) -> Snapshot:
    """Read the snapshot of an object. Raises ClusterError."""
    kind = find_target_kind(target.api_version, target.kind)
    if kind is None:
        raise NotFoundError(f"a {target.kind} cannot be diagnosed; ask kubectl about it")
    return await reader.read(kind, target.namespace, target.name, clock())


def health(snapshot: Snapshot) -> str:
    """Return one line about the pods of a workload: `2 of 4 pods are ready`."""
    if snapshot.kind not in WORKLOADS:
        return ""
    spec = snapshot.target_raw.get("spec") or {}
    wanted = spec.get("replicas")
    total = wanted if isinstance(wanted, int) else len(snapshot.pods)
    ready = sum(_is_ready(snapshot, index) for index in range(len(snapshot.pods)))
    if snapshot.kind is POD:
        return "ready" if ready else f"not ready, {snapshot.pods[0].status.phase or 'unknown'}"
    waits = unfinished(snapshot)
    return f"{ready} of {total} pods are ready" + (f" ({waits})" if waits else "")


def _is_ready(snapshot: Snapshot, index: int) -> bool:
    pod = snapshot.pods[index]
    ready = pod.condition("Ready")
    gone = pod.metadata.deletion_timestamp is not None
    return ready is not None and ready.status == "True" and not gone


def commands_for(snapshot: Snapshot) -> tuple[str, ...]:
    """Return what a human would type to read what a snapshot holds."""
    namespace = snapshot.target.namespace
    kubectl = f"kubectl -n {namespace}" if namespace else "kubectl"
    lines = [f"{kubectl} get {snapshot.kind.plural} {snapshot.target.name} -o yaml"]
    around = [kind for kind in snapshot.around if kind.namespaced]
    if snapshot.kind in WORKLOADS and snapshot.kind is not POD:
        around.insert(0, POD)
    if namespace:
        lines.append(f"{kubectl} get events --field-selector type!=Normal")
    if around:
        lines.append(f"{kubectl} get {','.join(kind.plural for kind in around)}")
    global_kinds = [kind.plural for kind in snapshot.around if not kind.namespaced]
    if global_kinds:
        lines.append(f"kubectl get {','.join(global_kinds)}")
    return tuple(lines)


def wanted_labels(snapshot: Snapshot) -> dict[str, str]:
    """Return the node labels that a workload's pods require, each with its first value."""
    if snapshot.kind not in WORKLOADS:
        return {}
    template = snapshot.template
    affinity = template.affinity.node_affinity if template.affinity else None
    terms = affinity.required.node_selector_terms if affinity and affinity.required else []
    rules = {
        rule.key: rule.values[0]
        for term in terms
        for rule in term.match_expressions
        if rule.operator == "In" and rule.values
    }
    return {**rules, **template.node_selector}
