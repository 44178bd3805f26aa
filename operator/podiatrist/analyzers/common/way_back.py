"""Whether going back to an earlier revision would answer what fails in one container."""

from collections.abc import Iterator, Sequence

from podiatrist.actions.compiler import Proposal
from podiatrist.analyzers.common.revisions import (
    of_newest_revision,
    older_revisions,
    propose_rollback,
)
from podiatrist.analyzers.common.rollout import template_takes_effect
from podiatrist.cluster.objects import Pod
from podiatrist.cluster.snapshot import Snapshot


def way_back(snapshot: Snapshot, container: str, pods: Sequence[Pod]) -> Iterator[Proposal]:
    """Propose the rollback where what fails came with the newest revision.

    That is so where pods of the older one are ready, or where the container is another one now.
    """
    if not template_takes_effect(snapshot) or not of_newest_revision(snapshot, list(pods)):
        return
    older = older_revisions(snapshot)
    if not older:
        return
    chosen = next((r for r in older if r.status.ready_replicas > 0), older[0])
    then = chosen.spec.template.spec.container(container)
    if chosen.status.ready_replicas > 0 or then != snapshot.template.container(container):
        yield from propose_rollback(snapshot)
