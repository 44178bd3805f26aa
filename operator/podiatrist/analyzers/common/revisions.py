"""Going back: the last revision of a Deployment that worked, if there is one."""

from podiatrist.actions.compiler import Proposal
from podiatrist.actions.rollout_undo import RolloutUndo
from podiatrist.analyzers.common.revision_diff import what_changed
from podiatrist.api.diagnosis import Risk
from podiatrist.cluster.objects import Pod, ReplicaSet
from podiatrist.cluster.snapshot import Snapshot


def older_revisions(snapshot: Snapshot) -> list[ReplicaSet]:
    """Return the revisions before the current one, the newest first.

    One whose pods are there and not ready is no way back: it is sick as well.
    """
    return [
        r
        for r in snapshot.revisions[1:]
        if r.revision > 0
        and (r.status.ready_replicas > 0 or r.status.replicas == 0)
        and _is_ours(snapshot, r)
    ]


def _is_ours(snapshot: Snapshot, found: ReplicaSet) -> bool:
    """Whether a ReplicaSet is the target's: labels alone may select a stranger's template."""
    controller = found.metadata.controller
    return controller is not None and controller.uid == snapshot.metadata.uid


def of_newest_revision(snapshot: Snapshot, pods: list[Pod]) -> list[Pod]:
    """Return the pods that the target would make today; all of them for other kinds."""
    old = {r.metadata.uid for r in snapshot.revisions[1:] if r.metadata.uid}
    return [p for p in pods if not any(o.uid in old for o in p.metadata.owner_references)]


def propose_rollback(snapshot: Snapshot) -> list[Proposal]:
    """Propose the revision whose pods are ready now, else the one before with more risk.

    That pods of an older revision are ready while those of the newest are not is proof that it
    works here and now. A revision without pods may have worked; nothing in the cluster says so.
    """
    older = older_revisions(snapshot)
    if not older:
        return []
    working = next((r for r in older if r.status.ready_replicas > 0), None)
    chosen = working or older[0]
    if working:
        why = (
            f"Revision {chosen.revision} still has {chosen.status.ready_replicas} ready "
            f"pod(s); the trouble came with revision {snapshot.revisions[0].revision}."
        )
    else:
        why = (
            f"Revision {chosen.revision} came before the failing one. It has no pods now, so "
            "nothing in the cluster proves that it worked."
        )
    changes = what_changed(snapshot, chosen)
    if changes:
        why += f" What changed since: {'; '.join(changes)}."
    action = RolloutUndo(
        object=snapshot.target, revision=chosen.revision, replica_set=chosen.metadata.name
    )
    return [
        Proposal(
            title=f"Roll back to revision {chosen.revision}",
            rationale=why,
            actions=(action,),
            risk=Risk.LOW if working else Risk.MEDIUM,
        )
    ]
