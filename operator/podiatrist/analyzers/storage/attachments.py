"""Volumes that do not come to a pod's node: held elsewhere, or nobody attaches them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from podiatrist.analyzers.common.result import Result
from podiatrist.analyzers.common.rollout import is_at_rest, reaching
from podiatrist.analyzers.nodes.node_state import troubles
from podiatrist.analyzers.nodes.nodes import owner_name
from podiatrist.analyzers.scheduling.scheduling_fixes import take_turns
from podiatrist.analyzers.storage.claims import claim_names, users_of
from podiatrist.api.diagnosis import Evidence, Finding
from podiatrist.cluster.kinds import NODE
from podiatrist.cluster.objects import Event, Node, Pod
from podiatrist.cluster.snapshot import Snapshot

_VOLUME = re.compile(r'[Vv]olume "([^"]{1,253})"')
_NO_DRIVER = re.compile(r"CSINode (\S{1,253}) does not contain driver (\S{1,253})")
_NO_ATTACHER = re.compile(
    r"timed out waiting for external-attacher of (\S{1,253}) CSI driver|"
    r"waiting for (?:the )?external[- ]attacher (?:of )?(\S{0,253})"
)


@dataclass(frozen=True)
class Failure:
    """A pod whose volume is not attached to its node, and who has it instead."""

    pod: Pod
    event: Event
    volume: str
    claim: str
    holder: Pod | None
    node: str

    @property
    def what(self) -> str:
        """The volume as people say it."""
        name = f"volume {self.volume}" if self.volume else "a volume"
        return f"{name} of claim {self.claim}" if self.claim else name


def analyze(snapshot: Snapshot) -> list[Result]:
    """Return one result for each volume that does not come to the pods' node."""
    found: dict[str, Result] = {}
    for pod in snapshot.pods:
        placed = bool(pod.spec.node_name) and pod.metadata.deletion_timestamp is None
        if not placed or pod.ended or is_at_rest(pod) or _begun(pod):
            continue
        for event in snapshot.events_about(pod.metadata.name):
            own = event.involved_object.uid in ("", pod.metadata.uid)
            if own and event.reason == "FailedAttachVolume" and event.message:
                failure = _failure(snapshot, pod, event)
                if failure.volume not in found:
                    found[failure.volume] = _result(snapshot, failure)
                break
    return list(found.values())


def _begun(pod: Pod) -> bool:
    """Whether a container has run: then all volumes came in the end."""
    return any(s.state.running or s.last_end or s.restart_count for s in pod.all_statuses)


def _failure(snapshot: Snapshot, pod: Pod, event: Event) -> Failure:
    named = _VOLUME.search(event.message[:4096])
    volume = named[1] if named else ""
    own = set(claim_names(pod.spec, pod.metadata.name).values())
    claims = [c.metadata.name for c in snapshot.claims if c.metadata.name in own]
    bound = [c.metadata.name for c in snapshot.claims if c.spec.volume_name == volume and volume]
    claim = next(iter(bound), claims[0] if len(claims) == 1 else "")
    users = [p for p in users_of(snapshot, claim) if p.ref != pod.ref] if claim else []
    holder = next(
        (p for p in users if p.spec.node_name and p.spec.node_name != pod.spec.node_name), None
    )
    attached = next(
        (
            a.spec.node_name
            for a in snapshot.attachments
            if volume
            and a.spec.source.get("persistentVolumeName") == volume
            and a.spec.node_name != pod.spec.node_name
        ),
        "",
    )
    node = holder.spec.node_name if holder else attached
    return Failure(pod, event, volume, claim, holder, node)


def _result(snapshot: Snapshot, failure: Failure) -> Result:
    message = failure.event.message[:4096]
    elsewhere = "Multi-Attach error" in message or "already exclusively attached" in message
    reason = "VolumeAttachedElsewhere" if elsewhere else "AttachFailed"
    why = "".join(_held(snapshot, failure) if elsewhere else _not_attached(snapshot, failure))
    node = next((n for n in snapshot.nodes if n.metadata.name == failure.node), None)
    lost = node is not None and any(t.lost for t in troubles(node))
    pod = failure.pod
    finding = Finding(
        analyzer="storage",
        reason=reason,
        message=f"pod {pod.metadata.name} cannot start on node {pod.spec.node_name}: "
        f"{failure.what} {why}",
        object=pod.ref,
        evidence=[
            Evidence(
                source=f"kubectl -n {snapshot.namespace} describe pod {pod.metadata.name}",
                quote=failure.event.message,
            )
        ],
    )
    if elsewhere and lost and isinstance(node, Node):
        return Result(finding, cause=node.ref)
    holder = failure.holder
    if not elsewhere or holder is None or not any(p.ref == holder.ref for p in snapshot.pods):
        return Result(finding)
    running = sum(is_at_rest(p) for p in snapshot.pods)
    wanted = take_turns(snapshot, holder, running)
    return Result(finding, tuple(f for p in wanted if (f := reaching(snapshot, p))))


def _held(snapshot: Snapshot, failure: Failure) -> Iterator[str]:
    node, holder = failure.node, failure.holder
    yield f"is still attached to node {node}" if node else "is still attached to another node"
    if holder is not None:
        yield f", where pod {holder.metadata.name} of {owner_name(holder)} uses it"
    known = [n for n in snapshot.nodes if n.metadata.name == node]
    trouble = [t.what for n in known for t in troubles(n) if t.lost]
    if node and not known and snapshot.was_read(NODE):
        yield (
            "; that node does not exist any more: delete the VolumeAttachment that is left over "
            "(kubectl get volumeattachments)"
        )
    elif trouble:
        yield f"; that node {trouble[0]}"
    elif holder is None:
        yield "; it is detached some minutes after the last pod there has gone"
    else:
        yield ". A ReadWriteOnce volume can be on one node at a time"


def _not_attached(snapshot: Snapshot, failure: Failure) -> Iterator[str]:
    message = failure.event.message[:4096]
    if found := _NO_DRIVER.search(message):
        yield f"cannot be attached: CSI driver {found[2]} does not run on node {found[1]}"
    elif found := _NO_ATTACHER.search(message):
        driver = found[1] or found[2]
        yield f"is not attached by anybody: does the controller of CSI driver {driver} run?"
    else:
        errors = (
            str(a.status.attach_error.get("message") or "")
            for a in snapshot.attachments
            if a.status.attach_error
            and failure.volume
            and a.spec.source.get("persistentVolumeName") == failure.volume
        )
        yield f"cannot be attached: {next(filter(None, errors), message)[:500]}"
