"""What counts as a symptom in a pod, and how long it must last before it is worth a Diagnosis.

Pure and cheap: it runs for every pod event of the cluster.
"""

from dataclasses import dataclass
from datetime import datetime

from podiatrist.analyzers.images import image_trouble
from podiatrist.analyzers.scheduling import unschedulable
from podiatrist.cluster.objects import Pod


@dataclass(frozen=True)
class Grace:
    """How long each kind of symptom is watched before it is believed, in seconds.

    Unschedulable pods are given time for autoscalers and for pods that are just leaving; a
    failed pull is given the kubelet's first retry (it backs off 10 s), which ends most flakes.
    """

    unschedulable: float = 30.0
    image: float = 15.0


@dataclass(frozen=True)
class Symptom:
    """Something visibly wrong with a pod. `since` is None where the pod does not say."""

    reason: str
    grace: float
    since: datetime | None


def symptom_of(pod: Pod, grace: Grace) -> Symptom | None:
    """Return what is wrong with a pod at first sight, None for one that looks well."""
    if pod.metadata.deletion_timestamp is not None:
        return None
    if unschedulable(pod) and not pod.status.nominated_node_name:  # else preemption makes room
        condition = pod.condition("PodScheduled")
        since = condition.last_transition_time if condition else None
        return Symptom("Unschedulable", grace.unschedulable, since)
    for status in image_trouble(pod):
        reason = status.state.waiting.reason if status.state.waiting else ""
        # An invalid name never becomes valid; everything else may be a flake.
        return Symptom(reason, 0.0 if reason == "InvalidImageName" else grace.image, None)
    return None
