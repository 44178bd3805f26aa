"""Pods that a node refused: phase Failed with a reason, and nothing ever ran."""

import re
from collections.abc import Callable
from datetime import timedelta

from podiatrist.analyzers.common.result import Result, and_more, counted
from podiatrist.analyzers.common.revisions import (
    of_newest_revision,
    older_revisions,
    propose_rollback,
)
from podiatrist.analyzers.common.rollout import is_at_rest, reaching
from podiatrist.api.diagnosis import Evidence, Finding
from podiatrist.cluster.kinds import CRON_JOB, JOB, POD
from podiatrist.cluster.objects import Pod, PodSpec
from podiatrist.cluster.quantity import format_bytes, format_cpu, quantity_or_zero
from podiatrist.cluster.snapshot import Snapshot

_RECENT = timedelta(minutes=15)
_SETTLED = timedelta(seconds=20)
_DEADLINE = "DeadlineExceeded"
_BY_NODE = ("NodeShutdown", "Terminated", "Shutdown", "Preempting")
_OUT_OF = re.compile(
    r"enough resource: (\S{1,100}), requested: ([0-9]{1,30}), used: ([0-9]{1,30}), "
    r"capacity: ([0-9]{1,30})"
)
_SYSCTL = re.compile(r'forbidden sysctl: "([^"]{1,200})"')


def analyze(snapshot: Snapshot) -> list[Result]:
    """Explain the newest pod that a node refused, unless a later one is well."""
    refused = [p for p in snapshot.pods if _refused(p)]
    if not refused:
        return []
    newest = max(refused, key=_made)
    if snapshot.kind is not POD and (
        _replaced(snapshot, newest) or _age(snapshot, newest) > _RECENT
    ):
        return []
    if newest.status.reason == _DEADLINE:
        return [_deadline(snapshot, newest)] if snapshot.kind is POD else []
    reason, why, same = _explain(snapshot, newest)
    alike = [p for p in refused if p.status.reason == newest.status.reason]
    name = newest.metadata.name
    who = f"{counted(len(alike), 'pod')} of {snapshot.target} "
    who = f"{snapshot.target} was" if snapshot.kind is POD else who + _were(len(alike))
    finding = Finding(
        analyzer="endings",
        reason=reason,
        message=f"{who} refused by node {newest.spec.node_name}: {why}.{_lesson(snapshot)}",
        object=newest.ref,
        evidence=[
            Evidence(
                source=f"kubectl -n {snapshot.namespace} describe pod {name}",
                quote=newest.status.message.strip() or newest.status.reason,
            )
        ],
    )
    older = older_revisions(snapshot)
    if not of_newest_revision(snapshot, [newest]) or not older:
        return [Result(finding)]
    chosen = next((r for r in older if r.status.ready_replicas > 0), older[0])
    if same(chosen.spec.template.spec):
        return [Result(finding)]
    back = (reaching(snapshot, p) for p in propose_rollback(snapshot))
    return [Result(finding, tuple(p for p in back if p))]


def _were(count: int) -> str:
    return "was" if count == 1 else "were"


def _refused(pod: Pod) -> bool:
    """Whether the kubelet turned the pod away, or ended it for the sake of the node."""
    status = pod.status
    began = any(s.last_end or s.state.running for s in pod.all_statuses)
    return (
        status.phase == "Failed"
        and status.reason not in ("", "Evicted", "NodeLost")
        and pod.metadata.deletion_timestamp is None
        and (not began or status.reason in (*_BY_NODE, _DEADLINE))
    )


def _made(pod: Pod) -> str:
    return str(pod.metadata.creation_timestamp or "")


def _age(snapshot: Snapshot, pod: Pod) -> timedelta:
    made = pod.metadata.creation_timestamp
    return snapshot.taken_at - made if made else timedelta()


def _replaced(snapshot: Snapshot, pod: Pod) -> bool:
    """Whether a pod made at the same time or later is there: then this one is history.

    A very new one may be refused in the next moment.
    """
    return any(
        _made(p) >= _made(pod) and not p.ended and (is_at_rest(p) or _age(snapshot, p) > _SETTLED)
        for p in snapshot.pods
    )


def _lesson(snapshot: Snapshot) -> str:
    if snapshot.kind is POD:
        return " A refused pod never starts: delete it, and make it anew once the cause is gone."
    if snapshot.kind in (JOB, CRON_JOB):
        return ""
    pinned = " nodeName pins the pods to that node past the scheduler, which would have waited."
    return pinned if snapshot.template.node_name else ""


def _deadline(snapshot: Snapshot, pod: Pod) -> Result:
    """Explain a Pod that ran out of its own time; for those of a Job, the Job tells."""
    return Result(
        Finding(
            analyzer="endings",
            reason="PodDeadlineExceeded",
            message=f"{snapshot.target} was ended after its activeDeadlineSeconds of "
            f"{pod.spec.active_deadline_seconds}, before it was done. If it should have that much "
            "time or more, find out what took so long; a Pod that is to run for good has none.",
            object=pod.ref,
            evidence=[
                Evidence(
                    source=f"kubectl -n {snapshot.namespace} describe pod {pod.metadata.name}",
                    quote=pod.status.message.strip() or pod.status.reason,
                )
            ],
        )
    )


Same = Callable[[PodSpec], bool]


def _explain(snapshot: Snapshot, pod: Pod) -> tuple[str, str, Same]:
    """Return reason, explanation, and whether an older pod spec would be refused as well."""
    said, spec = pod.status.reason, pod.spec
    text = pod.status.message[:4096]
    if said == "NodePorts" or "Predicate NodePorts failed" in text:
        return "HostPortTaken", _ports(snapshot, pod), lambda o: _host_ports(o) == _host_ports(spec)
    if said == "NodeAffinity" or "Predicate NodeAffinity failed" in text:
        why = _labels(snapshot, pod)
        return "NodeLabelMismatch", why, lambda o: o.node_selector == spec.node_selector
    if said.startswith("OutOf"):
        return "NodeOutOfResource", _out_of(said, text), lambda o: _requests(o) == _requests(spec)
    if said == "SysctlForbidden":
        found = _SYSCTL.search(text)
        why = f"sysctl {found[1] if found else ''} is not among those that its kubelet allows "
        why += "(--allowed-unsafe-sysctls); allow it there, or take it out of the pod"
        return "SysctlForbidden", why, lambda o: _sysctls(o) == _sysctls(spec)
    if said == "AppArmor":
        why = f"AppArmor cannot be enforced there ({_short(text)}); choose nodes that have it, or "
        why += "take the profile out of the pod"
        return "AppArmorUnavailable", why, lambda _: False
    if said == "Preempting":
        return "PreemptedByKubelet", "a critical pod of the node took its place", lambda _: True
    if said in _BY_NODE:
        return "NodeShutdown", f"the node was shutting down ({_short(text)})", lambda _: True
    if said == "UnexpectedAdmissionError":
        why = f"a device or resource could not be given to it ({_short(text)}); check the device "
        why += "plugin on the node"
        return "DeviceNotAllocated", why, lambda o: _requests(o) == _requests(spec)
    return "PodRefused", f"{said}: {_short(text)}", lambda _: False


def _short(text: str) -> str:
    return " ".join(text.removeprefix("Pod was rejected:").split()).rstrip(".")[:400]


def _host_ports(spec: PodSpec) -> set[tuple[int, str]]:
    return {(p.host_port, p.protocol) for c in spec.all_containers for p in c.ports if p.host_port}


def _ports(snapshot: Snapshot, pod: Pod) -> str:
    wanted = _host_ports(pod.spec)
    holders = [
        (other, taken)
        for other in snapshot.cluster_pods
        if other.spec.node_name == pod.spec.node_name
        and other.metadata.uid != pod.metadata.uid
        and not other.ended
        and (taken := wanted & _host_ports(other.spec))
    ]
    ports = and_more(sorted(f"{port}/{protocol}" for port, protocol in wanted))
    if not holders:
        return f"host port {ports} is taken there"
    names = and_more([f"{p.metadata.namespace}/{p.metadata.name}" for p, _ in holders])
    both = and_more(sorted({f"{port}/{protocol}" for _, t in holders for port, protocol in t}))
    return f"host port {both} is taken there by pod {names}; use another port or another node"


def _labels(snapshot: Snapshot, pod: Pod) -> str:
    node = next((n for n in snapshot.nodes if n.metadata.name == pod.spec.node_name), None)
    labels = node.metadata.labels if node else {}
    wanted = pod.spec.node_selector.items()
    lacking = [f"{k}={v}" for k, v in wanted if labels.get(k) != v] if node else []
    if lacking:
        return f"the pod's nodeSelector asks for {and_more(lacking)}, which the node does not have"
    return "the node does not satisfy the pod's nodeSelector or node affinity"


def _out_of(said: str, text: str) -> str:
    found = _OUT_OF.search(text)
    if not found:
        return f"it does not have enough {said.removeprefix('OutOf')} ({_short(text)})"
    name, *numbers = found.groups()
    amounts = [quantity_or_zero(n) for n in numbers]
    if name == "cpu":
        wanted, used, capacity = (format_cpu(a / 1000) for a in amounts)
    elif name == "memory" or "storage" in name or name.startswith("hugepages-"):
        wanted, used, capacity = (format_bytes(a) for a in amounts)
    else:
        wanted, used, capacity = numbers
    return f"the pod asks for {wanted} {name}, and of its {capacity} other pods have {used}"


def _requests(spec: PodSpec) -> list[object]:
    return [(c.name, c.resources.requests, c.resources.limits) for c in spec.all_containers]


def _sysctls(spec: PodSpec) -> list[object]:
    return list(spec.security_context.sysctls) if spec.security_context else []
