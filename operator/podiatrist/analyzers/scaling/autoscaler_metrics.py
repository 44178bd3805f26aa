"""Autoscalers without metrics: nobody measures, nothing to measure against, or sick pods."""

import re
from datetime import timedelta

from podiatrist.analyzers.common.result import Result, and_more
from podiatrist.api.diagnosis import Evidence, Finding, ObjectRef
from podiatrist.cluster.objects import Autoscaler, Condition, Pod, Workload
from podiatrist.cluster.snapshot import Snapshot

_PATIENCE = timedelta(minutes=5)
"""How long metrics of new pods may take: they are collected once a minute, some need two values."""

_MISSING_REQUEST = re.compile(
    r"missing request for ([a-z0-9./-]{1,80}) in container ([a-z0-9.-]{1,63}) "
    r"of Pod ([a-z0-9.-]{1,253})"
)
_NO_API = re.compile(
    r"no (custom|external) metrics API|(?:could not find the requested resource|"
    r"currently unable to handle the request) \(get [a-z*]{1,20}\.(metrics|custom\.metrics|"
    r"external\.metrics)\.k8s\.io\)"
)
_NONE_YET = re.compile(
    r"no metrics returned from|did not receive metrics|did not recieve metrics|no metrics known for"
)
_INSTALL = {
    "metrics": "the resource metrics API (metrics.k8s.io) is not served; install metrics-server "
    "or mend it",
    "custom": "nothing serves the custom metrics API (custom.metrics.k8s.io); install an adapter, "
    "such as prometheus-adapter, that has this metric",
    "external": "nothing serves the external metrics API (external.metrics.k8s.io); install an "
    "adapter, such as KEDA, that has this metric",
}


def explain_metrics(snapshot: Snapshot, autoscaler: Autoscaler, active: Condition) -> Result | None:
    """Return why the number of replicas cannot be computed; None while metrics may still come."""
    text = active.message[:8000]
    workload = scaled(snapshot, autoscaler)
    evidence = [
        Evidence(
            source=f"kubectl -n {snapshot.namespace} describe hpa {autoscaler.metadata.name}",
            quote=active.message or active.reason,
        )
    ]
    if missing := _MISSING_REQUEST.search(text):
        resource, container, pod = missing.groups()
        target = autoscaler.spec.scale_target_ref
        why = (
            f"container {container} of pod {pod} requests no {resource}, so there is nothing to "
            f"take a percentage of. Give it a request: kubectl -n {snapshot.namespace} set "
            f"resources {target.kind.lower()}/{target.name} -c {container} "
            f"--requests={resource}=..."
        )
        return _result(snapshot, "MissingRequest", why, evidence)
    if no_api := _NO_API.search(text):
        adapter, served = no_api.groups()
        why = _INSTALL[adapter or served.split(".")[0]]
        why += _also_missing(autoscaler, workload)
        return _result(snapshot, "MetricsUnavailable", why, evidence)
    if _NONE_YET.search(text):
        return _nothing_measured(snapshot, active, workload, text, evidence)
    if active.reason == "InvalidSelector":
        why = f"the selector of what it scales cannot be used: {_short(text)}"
        return _result(snapshot, "InvalidSelector", why, evidence)
    why = f"a metric cannot be had: {_short(text or active.reason)}"
    return _result(snapshot, "MetricFailed", why, evidence)


def scaled(snapshot: Snapshot, autoscaler: Autoscaler) -> Workload | None:
    """Return the workload that an autoscaler scales, None where it is not there or unknown."""
    target = autoscaler.spec.scale_target_ref
    return next(
        (w for w in snapshot.workloads if (w.kind, w.metadata.name) == (target.kind, target.name)),
        None,
    )


def _nothing_measured(
    snapshot: Snapshot,
    active: Condition,
    workload: Workload | None,
    text: str,
    evidence: list[Evidence],
) -> Result | None:
    pods = _pods_of(snapshot, workload)
    since = active.last_transition_time
    if since is not None and snapshot.taken_at - since < _PATIENCE:
        return None
    if workload is not None and pods and not any(p.ready for p in pods):
        cause = workload.ref_as(workload.api_version, workload.kind)
        why = f"no pod of {workload.kind} {workload.metadata.name} is ready, so none is measured"
        return _result(snapshot, "PodsNotMeasured", why, evidence, cause)
    why = f"its metrics API has no value for its pods: {_short(text)}. Look at metrics-server's log"
    return _result(snapshot, "PodsNotMeasured", why, evidence)


def _also_missing(autoscaler: Autoscaler, workload: Workload | None) -> str:
    """Return what will be wrong next, once there are metrics."""
    by_percentage = {
        str(resource.get("name") or "")
        for m in autoscaler.spec.metrics
        if isinstance(resource := m.get("resource"), dict)
        and isinstance(resource.get("target"), dict)
        and resource["target"].get("type") == "Utilization"
    }
    lacking = [
        f"{c.name} ({name})"
        for c in (workload.spec.template.spec.containers if workload else [])
        for name in sorted(by_percentage)
        if name not in c.resources.requests and name not in c.resources.limits
    ]
    if not lacking:
        return ""
    return f". It will also need resource requests, which are missing in {and_more(lacking)}"


def _pods_of(snapshot: Snapshot, workload: Workload | None) -> list[Pod]:
    selector = workload.spec.selector if workload else None
    if selector is None:
        return []
    return [
        p for p in snapshot.namespace_pods if selector.matches(p.metadata.labels) and not p.ended
    ]


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 300 else line[:299] + "…"


def _result(
    snapshot: Snapshot,
    reason: str,
    why: str,
    evidence: list[Evidence],
    cause: ObjectRef | None = None,
) -> Result:
    finding = Finding(
        analyzer="autoscaling",
        reason=reason,
        message=f"{snapshot.target} does not scale: {why}",
        object=snapshot.target,
        evidence=evidence,
    )
    return Result(finding, cause=cause)
