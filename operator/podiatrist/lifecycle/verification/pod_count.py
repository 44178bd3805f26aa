"""How many pods of a workload are ready, and how many it asks for. Pure."""

from podiatrist.analyzers.common.rollout import is_at_rest
from podiatrist.cluster.kinds import DAEMON_SET, DEPLOYMENT, POD, REPLICA_SET, STATEFUL_SET
from podiatrist.cluster.snapshot import Snapshot

SERVING = (DEPLOYMENT, STATEFUL_SET, DAEMON_SET, REPLICA_SET, POD)
"""What keeps pods running; the pods of Jobs come and go."""


def ready_pods(snapshot: Snapshot) -> int | None:
    """Return how many pods of a workload are ready, None where that says nothing about it.

    Of a DaemonSet the nodes count: during an update two of its pods may be ready on one.
    """
    if snapshot.kind not in SERVING:
        return None
    ready = [p for p in snapshot.pods if is_at_rest(p) and p.metadata.deletion_timestamp is None]
    if snapshot.kind is DAEMON_SET:
        return len({p.spec.node_name for p in ready})
    return len(ready)


def wanted_pods(snapshot: Snapshot) -> int | None:
    """Return how many pods the spec asks for, None where it does not say so by a number.

    An autoscaler or a human may lower it meanwhile; then fewer pods are not the fix's fault.
    """
    if snapshot.kind not in (DEPLOYMENT, STATEFUL_SET, REPLICA_SET):
        return None
    replicas = (snapshot.target_raw.get("spec") or {}).get("replicas")
    return replicas if isinstance(replicas, int) else 1
