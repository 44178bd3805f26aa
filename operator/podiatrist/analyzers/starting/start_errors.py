"""Containers that cannot be started: missing configuration, security context, mounts, sandbox."""

import re
from collections.abc import Callable, Iterator

from podiatrist.actions.compiler import Proposal
from podiatrist.analyzers.common.result import Result, counted
from podiatrist.analyzers.common.revisions import (
    of_newest_revision,
    older_revisions,
    propose_rollback,
)
from podiatrist.analyzers.common.rollout import reaching
from podiatrist.analyzers.starting import missing_config, mounts, run_as, sandboxes, sub_paths
from podiatrist.analyzers.starting.complaints import Complaint, Explanation, complaints, never_ended
from podiatrist.api.diagnosis import Finding
from podiatrist.cluster.kinds import POD
from podiatrist.cluster.objects import Pod, PodSpec
from podiatrist.cluster.snapshot import Snapshot

_EXPLAINERS: tuple[Callable[[Snapshot, Complaint], Explanation | None], ...] = (
    sub_paths.explain,
    sandboxes.explain,
    missing_config.explain,
    run_as.explain,
    mounts.explain,
)

Group = tuple[Explanation, list[Complaint]]

_NO_COMMAND = re.compile(r"no command specified")
_OTHER_CONTAINER = re.compile(r"container ([a-z0-9-]{1,63}) not found")
_NOT_A_PATH = re.compile(r'failed to (?:stat|mkdir) "([^"]{1,1024})"')


def analyze(snapshot: Snapshot) -> list[Result]:
    """Return one result for each thing that keeps the target's pods from starting.

    As long as pods of today's revision are among them, the older ones are the past. The fixes
    stand with the first result and mend all of them: a fix that leaves one is undone as no help.
    """
    told = [c for pod in snapshot.pods for c in _told(snapshot, pod)]
    names = {p.metadata.name for p in of_newest_revision(snapshot, [c.pod for c in told])}
    today = [c for c in told if c.pod.metadata.name in names]
    groups = _grouped(snapshot, today or told)
    fixes = tuple(_fixes(snapshot, [e for e, _ in groups])) if today else ()
    return [
        Result(
            _finding(snapshot, explanation, group),
            fixes if rank == 0 and explanation.cause is None else (),
            explanation.cause,
        )
        for rank, (explanation, group) in enumerate(groups)
    ]


def _told(snapshot: Snapshot, pod: Pod) -> list[Complaint]:
    told = complaints(snapshot, pod)
    return told or (list(sub_paths.silent_complaints(snapshot, pod)) if never_ended(pod) else [])


def _grouped(snapshot: Snapshot, told: list[Complaint]) -> list[Group]:
    groups: dict[tuple[str, ...], Group] = {}
    for complaint in sorted(told, key=lambda c: str(c.pod.metadata.creation_timestamp or "")):
        explanation = _explain(snapshot, complaint)
        if explanation and explanation.reason:
            groups.setdefault(explanation.key, (explanation, []))[1].append(complaint)
    return list(groups.values())


def _explain(snapshot: Snapshot, complaint: Complaint) -> Explanation | None:
    for explainer in _EXPLAINERS:
        if found := explainer(snapshot, complaint):
            return found
    return None if complaint.event else _other(complaint)


def _other(complaint: Complaint) -> Explanation:
    """Explain what is left: mistakes within one container, else the kubelet's own words."""
    name, text = complaint.container, complaint.text
    container = complaint.pod.spec.container(name)
    if _NO_COMMAND.search(text):
        reason = "NoCommand"
        why = f"image {container.image if container else ''} has neither entrypoint nor command, "
        why += "and the container gives no command. Set one, or check whether it is the right image"
    elif found := _OTHER_CONTAINER.search(text):
        reason = "ContainerNotFound"
        why = f"a resourceFieldRef of its env names container {found[1]}, which this pod does not "
        why += "have. Correct containerName"
    elif found := _NOT_A_PATH.search(text):
        reason = "HostPathInvalid"
        why = f"the hostPath {found[1]} cannot be made on node {complaint.pod.spec.node_name}: "
        why += f"{text.rpartition(': ')[2].strip()[:200]}. Correct the path"
    else:
        reason = "ContainerNotCreated"
        why = " ".join(text.split())[-400:].rstrip(".") or complaint.reason
    return Explanation(
        key=(reason, name),
        reason=reason,
        text=f"container {name}: {why}.",
        absent_from=lambda older: older.container(name) != container,
    )


def _finding(snapshot: Snapshot, explanation: Explanation, group: list[Complaint]) -> Finding:
    newest = group[-1]
    pods = {c.pod.metadata.name for c in group}
    who = f"{counted(len(pods), 'pod')} of {snapshot.target}"
    cannot = "fails" if newest.reason == sub_paths.SILENT else "cannot start"
    return Finding(
        analyzer="start_errors",
        reason=explanation.reason,
        message=f"{snapshot.target if snapshot.kind is POD else who} {cannot}: {explanation.text}",
        object=newest.pod.ref,
        evidence=[newest.evidence(snapshot), *explanation.evidence],
    )


def _fixes(snapshot: Snapshot, explanations: list[Explanation]) -> Iterator[Proposal]:
    """Yield the way back, then what mends everything at once."""
    explanations = [e for e in explanations if e.cause is None]
    if not explanations:
        return
    older = _way_back(snapshot)
    proposals = []
    if older is not None and all(e.absent_from(older) for e in explanations):
        proposals += propose_rollback(snapshot)
    if len(explanations) == 1:
        proposals += explanations[0].fixes
    elif all(e.fixes for e in explanations):
        proposals.append(_joined([e.fixes[0] for e in explanations]))
    for proposal in proposals:
        if reached := reaching(snapshot, proposal):
            yield reached


def _way_back(snapshot: Snapshot) -> PodSpec | None:
    """Return the pod spec of the revision that `propose_rollback` would go back to."""
    older = older_revisions(snapshot)
    chosen = next((r for r in older if r.status.ready_replicas > 0), older[0] if older else None)
    return chosen.spec.template.spec if chosen else None


def _joined(parts: list[Proposal]) -> Proposal:
    return Proposal(
        title="; ".join(p.title for p in parts),
        rationale=" ".join(p.rationale for p in parts),
        actions=tuple(dict.fromkeys(a for p in parts for a in p.actions)),
        risk=max((p.overall_risk for p in parts), key=["Low", "Medium", "High"].index),
    )
