"""What would refuse the new pods that a plan brings, although the API server takes the plan.

A workload is admitted without a look at the pods that it will make: what is wrong with those shows
in FailedCreate events, after the approval. So it is worked out beforehand, as far as the snapshot
and the server's own warnings tell.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from podiatrist.analyzers.admission.admission_errors import OutOfBounds, WebhookFailed
from podiatrist.analyzers.admission.admission_limits import stay_in_bounds
from podiatrist.analyzers.admission.refusals import refusals
from podiatrist.analyzers.common.result import and_more
from podiatrist.analyzers.scheduling.fit import Fit
from podiatrist.analyzers.scheduling.node_fit import Usage
from podiatrist.api.diagnosis import ObjectRef
from podiatrist.cluster.kinds import DAEMON_SET, NODE, POD, PRIORITY_CLASS, SERVICE_ACCOUNT
from podiatrist.cluster.objects import Metadata, Pod
from podiatrist.cluster.snapshot import Object, Snapshot, ref_of
from podiatrist.lifecycle.options.consequences.quotas import about_quotas, with_defaults
from podiatrist.lifecycle.options.consequences.turnover import Turnover

_ENFORCED = "pod-security.kubernetes.io/enforce"
_LEVELS = ("privileged", "baseline", "restricted")
_VIOLATES = re.compile(r'would violate PodSecurity "(\w{1,20}):[^"]{1,40}": (.{1,3000})', re.DOTALL)


@dataclass(frozen=True)
class Obstacle:
    """One thing in the way of the new pods; `certain` where none of them can be made now."""

    message: str
    certain: bool = False


def obstacles(
    snapshot: Snapshot,
    after: Mapping[ObjectRef, Object],
    gone: Turnover,
    said: Sequence[str],
    labels: Mapping[str, str],
) -> list[Obstacle]:
    """Return what is in the way of the new pods, none where a plan brings no pods.

    `said` are the API server's warnings at the dry run, `labels` those of the namespace.
    """
    found = [o for text in said for o in _of_server(text, labels)]
    if snapshot.kind is POD or gone.made <= 0:
        return [o for o in found if not o.certain]
    then = _as_it_will_be(snapshot, after)
    return [
        *found,
        *_names(then),
        *_limits(then),
        *(Obstacle(text, certain) for text, certain in about_quotas(then, gone)),
        *_webhooks(snapshot),
        *_nodes(then, gone),
    ]


def _as_it_will_be(snapshot: Snapshot, after: Mapping[ObjectRef, Object]) -> Snapshot:
    nodes = [after.get(ref_of(NODE, raw), raw) for raw in snapshot.raws(NODE)]
    around = {**snapshot.around, NODE: nodes} if snapshot.was_read(NODE) else snapshot.around
    raw = after.get(snapshot.target, snapshot.target_raw)
    return replace(snapshot, target_raw=raw, around=around)


def _of_server(text: str, labels: Mapping[str, str]) -> Iterator[Obstacle]:
    """Pod Security only warns about workloads; it refuses their pods where the level is enforced.

    The level that is warned of is at least the enforced one unless a label says otherwise (docs,
    "Pod Security Admission").
    """
    match = _VIOLATES.search(text)
    if match is None:
        yield Obstacle(f"the API server warns: {text}")
        return
    level, violations = match.groups()
    enforced = labels.get(_ENFORCED, _LEVELS[0])
    strict = level in _LEVELS and enforced in _LEVELS
    if strict and _LEVELS.index(enforced) >= _LEVELS.index(level):
        yield Obstacle(
            f"the namespace enforces Pod Security level {enforced}, which the new pods would "
            f"violate: {violations}",
            certain=True,
        )
    else:
        yield Obstacle(f"the new pods would violate Pod Security level {level}: {violations}")


def _names(then: Snapshot) -> Iterator[Obstacle]:
    account = then.template.service_account_name or "default"
    priority = then.template.priority_class_name
    accounts, priorities = then.names.get(SERVICE_ACCOUNT), then.names.get(PRIORITY_CLASS)
    if accounts is not None and account not in accounts:
        yield Obstacle(f"there is no ServiceAccount {account}, without it no pod is made", True)
    if priority and priorities is not None and priority not in priorities:
        yield Obstacle(f"there is no PriorityClass {priority}, without it no pod is made", True)


def _limits(then: Snapshot) -> Iterator[Obstacle]:
    """The rule about LimitRanges says what would have to be set; nothing if all bounds hold."""
    mend = next(stay_in_bounds(then, OutOfBounds(())), None)
    if mend is not None:
        names = and_more([r.metadata.name for r in then.limit_ranges])
        yield Obstacle(
            f"LimitRange {names} does not allow the new pods; it would with: "
            f"{mend.title.removeprefix('Set ')}",
            certain=True,
        )


def _webhooks(snapshot: Snapshot) -> Iterator[Obstacle]:
    for refusal in refusals(snapshot):
        if isinstance(refusal.why, WebhookFailed):
            yield Obstacle(f"webhook {refusal.why.name} is asked for every pod and does not answer")


def _nodes(then: Snapshot, gone: Turnover) -> Iterator[Obstacle]:
    """Say that no node has a place for a new pod, beside the pods that do not leave before it."""
    if then.kind is DAEMON_SET or not then.nodes:
        return
    leaving = {p.metadata.uid for p in gone.leaving} if gone.ahead else set()
    usage = Usage.of(p for p in then.cluster_pods if p.metadata.uid not in leaving)
    pod = Pod(
        metadata=Metadata(namespace=then.namespace),
        spec=with_defaults(then.template, then.limit_ranges),
    )
    by_node = Fit.of(then, pod, usage).by_node
    if by_node and all(by_node.values()):
        why = [f"{node} {blocked[0]}" for node, blocked in by_node.items()]
        yield Obstacle(f"no node has a place for a new pod now: {and_more(why, 2)}")
