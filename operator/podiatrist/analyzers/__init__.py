"""The rules: pure functions from a Snapshot to findings and proposals, one package a family."""

import logging
from collections.abc import Callable

from podiatrist.analyzers.admission import admission
from podiatrist.analyzers.batch import cron_jobs, jobs
from podiatrist.analyzers.common.result import Result
from podiatrist.analyzers.containers import crashes, probes
from podiatrist.analyzers.dependencies import dependencies
from podiatrist.analyzers.ending import endings
from podiatrist.analyzers.images import images
from podiatrist.analyzers.network import ingresses, network_policies, services
from podiatrist.analyzers.nodes import nodes
from podiatrist.analyzers.scaling import autoscaling, budgets
from podiatrist.analyzers.scheduling import scheduling
from podiatrist.analyzers.starting import start_errors
from podiatrist.analyzers.storage import storage
from podiatrist.analyzers.workloads import rollouts, unexplained
from podiatrist.api.diagnosis import Finding
from podiatrist.cluster.kinds import WORKLOADS
from podiatrist.cluster.snapshot import Snapshot

log = logging.getLogger(__name__)

Analyzer = Callable[[Snapshot], list[Result]]

ANALYZERS: tuple[Analyzer, ...] = (
    nodes.analyze,
    admission.analyze,
    rollouts.analyze,
    scheduling.analyze,
    storage.analyze,
    images.analyze,
    start_errors.analyze,
    dependencies.analyze,
    crashes.analyze,
    probes.analyze,
    endings.analyze,
    jobs.analyze,
    cron_jobs.analyze,
    services.analyze,
    ingresses.analyze,
    network_policies.analyze,
    autoscaling.analyze,
    budgets.analyze,
)
"""In the order in which findings are told: what is nearer to the cause comes first."""

LAST_RESORT: tuple[Analyzer, ...] = (unexplained.analyze,)
"""Asked only where nothing else was found: they name what stands still, not why."""


_ABOUT_PODS = frozenset(
    {
        scheduling.analyze,
        images.analyze,
        start_errors.analyze,
        crashes.analyze,
        probes.analyze,
        endings.analyze,
    }
)
"""Rules that explain pods to whoever made them, not to a Service or a node that merely has them."""


def analyze(snapshot: Snapshot, analyzers: tuple[Analyzer, ...] = ANALYZERS) -> list[Result]:
    """Run every rule. A rule that fails loses its own findings, never those of the others.

    Its failure is a finding: silence would be taken for health, and a fix for a success.
    """
    return _ask(analyzers, snapshot) or _ask(LAST_RESORT, snapshot)


def _ask(analyzers: tuple[Analyzer, ...], snapshot: Snapshot) -> list[Result]:
    results: list[Result] = []
    for rule in analyzers:
        if rule in _ABOUT_PODS and snapshot.kind not in WORKLOADS:
            continue
        try:
            results += rule(snapshot)
        except Exception:
            log.exception("rule %s failed on %s", rule.__module__, snapshot.target)
            results.append(_failure(rule, snapshot))
    return results


def _failure(rule: Analyzer, snapshot: Snapshot) -> Result:
    name = rule.__module__.rpartition(".")[2]
    return Result(
        Finding(
            analyzer=name,
            reason="RuleFailed",
            message=f"the rules about {name} failed on {snapshot.target}; this is a defect of "
            "Podiatrist's, its log has the details",
            object=snapshot.target,
        )
    )
