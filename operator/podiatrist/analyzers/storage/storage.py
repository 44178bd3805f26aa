"""Claims without a volume, volumes held elsewhere or full."""

from collections.abc import Iterator

from podiatrist.analyzers.common.result import Result
from podiatrist.analyzers.scheduling.fit import Fit
from podiatrist.analyzers.scheduling.node_fit import Usage
from podiatrist.analyzers.scheduling.scheduling import claim_result, unschedulable
from podiatrist.analyzers.storage import attachments, claim_health, full_disk
from podiatrist.analyzers.storage.claims import claim_problems
from podiatrist.cluster.kinds import PVC, WORKLOADS
from podiatrist.cluster.objects import Pod
from podiatrist.cluster.snapshot import Snapshot

_TIME_TO_PLACE = 20.0
"""Seconds after which a pod without a node, and without a word of the scheduler, is stuck."""


def analyze(snapshot: Snapshot) -> list[Result]:
    """Return one result for each thing that is wrong with a claim, or with a workload's claims."""
    if snapshot.kind is PVC:
        return claim_health.analyze(snapshot)
    if snapshot.kind not in WORKLOADS:
        return []
    return [
        *_waiting_for_volume(snapshot),
        *attachments.analyze(snapshot),
        *full_disk.analyze(snapshot),
    ]


def explains_full_disk(snapshot: Snapshot, pod: Pod, container: str) -> bool:
    """Say whether the disk that a container found full is a claim of its pod: it is told here."""
    return full_disk.explains(snapshot, pod, container)


def _waiting_for_volume(snapshot: Snapshot) -> Iterator[Result]:
    """Explain a pod that has a node in prospect and waits for its volume to be made there.

    While a provisioner is waited for (up to 10 minutes) the scheduler writes no condition at all.
    """
    stuck = [
        p
        for p in snapshot.pods
        if not p.spec.node_name
        and not p.ended
        and p.metadata.deletion_timestamp is None
        and not p.spec.scheduling_gates
        and not unschedulable(p)
        and (born := p.metadata.creation_timestamp) is not None
        and (snapshot.taken_at - born).total_seconds() >= _TIME_TO_PLACE
    ]
    if not stuck or any(map(unschedulable, snapshot.pods)):
        return
    pod = max(stuck, key=lambda p: str(p.metadata.creation_timestamp))
    running = sum(bool(p.spec.node_name) and not p.ended for p in snapshot.pods)
    usage = Usage.of(snapshot.cluster_pods)
    fit = Fit.of(snapshot, pod, usage, pending=len(stuck), running=running)
    for problem in claim_problems(snapshot, pod):
        yield claim_result(fit, problem)
