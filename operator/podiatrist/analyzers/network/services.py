"""Services that reach nobody: selector, ports, endpoints, and whose fault it is."""

from podiatrist.actions.compiler import Proposal
from podiatrist.actions.set_service_selector import SetServiceSelector
from podiatrist.analyzers.common.result import Result, and_more, counted
from podiatrist.analyzers.network.service_outside import alias_of_nobody, no_balancer
from podiatrist.analyzers.network.service_peers import answers, in_trouble, owner_of, pods_behind
from podiatrist.analyzers.network.service_port_findings import leads_nowhere
from podiatrist.analyzers.network.service_ports import wrong_ports
from podiatrist.analyzers.network.service_selectors import Candidate, Unmatched, unmatched
from podiatrist.api.diagnosis import Evidence, Finding
from podiatrist.cluster.kinds import SERVICE
from podiatrist.cluster.objects import Service, parse
from podiatrist.cluster.snapshot import Snapshot, compact

_MOST_LABELS = 16


def analyze(snapshot: Snapshot) -> list[Result]:
    """Return what is wrong with a Service; where its pods are sick, whose fault that is."""
    if snapshot.kind is not SERVICE or snapshot.metadata.deletion_timestamp is not None:
        return []
    service = parse(Service, snapshot.target_raw)
    if service is None:
        return []
    nothing = unmatched(snapshot, service)
    if nothing is not None:
        return [_selects_nothing(snapshot, service, nothing)]
    wrong = wrong_ports(snapshot, service)
    if wrong:
        return [leads_nowhere(snapshot, one, wrong if one is wrong[0] else []) for one in wrong[:4]]
    return (
        _pods_are_sick(snapshot, service)
        or alias_of_nobody(snapshot, service)
        or no_balancer(snapshot, service)
    )


def _selects_nothing(snapshot: Snapshot, service: Service, nothing: Unmatched) -> Result:
    name, selector = service.metadata.name, service.spec.selector
    said = _written(selector)
    message = f"Service {name} reaches nobody: no pod has the labels {said} that it selects. "
    if nothing.candidates:
        likely = "; ".join(
            f"pods of {c.who} would match {_written(c.selector)} ({c.why})"
            for c in nothing.candidates
        )
        message += likely[0].upper() + likely[1:] + "."
    else:
        have = and_more(
            [
                f"{w.kind} {w.metadata.name}: {_written(w.spec.template.metadata.labels)}"
                for w in snapshot.workloads
            ]
        )
        message += f"Labels in this namespace: {have or 'none'}. Correct the selector, or deploy "
        message += "what it was written for."
    evidence = [
        Evidence(
            source=f"{_kubectl(snapshot)} get service {name} -o jsonpath={{.spec.selector}}",
            quote=compact((snapshot.target_raw.get("spec") or {}).get("selector") or {}),
        )
    ]
    evidence += [_labels_of(snapshot, candidate) for candidate in nothing.candidates]
    finding = Finding(
        analyzer="services",
        reason="SelectorMatchesNothing",
        message=message,
        object=snapshot.target,
        evidence=evidence,
    )
    if snapshot.metadata.controller is not None:  # its owner would write the old one back
        return Result(finding)
    return Result(
        finding,
        tuple(
            Proposal(
                title=f"Set the selector to {_written(c.selector)}",
                rationale=f"It takes the pods of {c.who} and no others: {c.why}.",
                actions=(SetServiceSelector(object=snapshot.target, selector=c.selector),),
            )
            for c in nothing.candidates
            if len(c.selector) <= _MOST_LABELS
        ),
    )


def _labels_of(snapshot: Snapshot, candidate: Candidate) -> Evidence:
    kind, _, name = candidate.who.partition(" ")
    path = "{.metadata.labels}" if kind == "Pod" else "{.spec.template.metadata.labels}"
    return Evidence(
        source=f"{_kubectl(snapshot)} get {kind.lower()} {name} -o jsonpath={path}",
        quote=compact(candidate.labels),
    )


def _pods_are_sick(snapshot: Snapshot, service: Service) -> list[Result]:
    """Return the workloads to blame where no pod behind the Service can take a request.

    Only where these pods are visibly sick: what is only starting is nobody's fault.
    """
    pods = pods_behind(snapshot, service)
    if (
        not pods
        or service.spec.publish_not_ready_addresses
        or any(answers(p, snapshot.taken_at) for p in pods)
    ):
        return []
    sick = [p for p in pods if in_trouble(p, snapshot.taken_at)]
    if len(sick) < len(pods):
        return []
    owners = list(dict.fromkeys(owner_of(snapshot, p) for p in sick))
    condition = sick[0].condition("Ready") or sick[0].condition("PodScheduled")
    quote = (condition.message or condition.reason) if condition else sick[0].status.phase
    return [
        Result(
            Finding(
                analyzer="services",
                reason="NoReadyEndpoints",
                message=f"Service {service.metadata.name} reaches nobody: none of its "
                f"{counted(len(pods), 'pod')} is ready. The Service is as it should be; "
                f"the cause is in {owner}.",
                object=snapshot.target,
                evidence=[
                    Evidence(
                        source=f"{_kubectl(snapshot)} describe pod {sick[0].metadata.name}",
                        quote=quote,
                    )
                ],
            ),
            cause=owner,
        )
        for owner in owners[:2]
    ]


def _written(labels: dict[str, str]) -> str:
    return ",".join(f"{key}={value}" for key, value in labels.items())


def _kubectl(snapshot: Snapshot) -> str:
    return f"kubectl -n {snapshot.namespace}"
